/**
 * The referee: who would be right on what came in since they were trained? Challengers and former champions beside the
 * champion, on everything labelled that neither learned from; and the last candidates of tonight's recipe beside the
 * versions that they replaced, for the trust in it. Read once a run: whoever resumes it decides by what is stored.
 */
import {
  compareAnswers,
  type ChallengerComparison,
  judgeChallenger,
  NOTHING_SEEN,
} from '../../shared/continuity/referee/challenger-comparison.ts';
import {
  candidateQuestion,
  formerQuestion,
  levelOf,
  type LedgerState,
  trustIn,
} from '../../shared/continuity/referee/ledger.ts';
import { divideLevel } from '../../shared/continuity/referee/levels.ts';
import { decideTrust, type Night } from '../../shared/continuity/referee/trust.ts';
import { openVersion, type LoadedVersion } from '../pipeline/features/judged-model.ts';
import type { ModelContext } from '../run/context.ts';
import type { Snapshot } from '../pipeline/data/snapshot-file.ts';
import { basesRead } from '../pipeline/features/unfreeze.ts';
import {
  type CandidateNight,
  type Contender,
  findLastRecord,
  findNights,
  learnedTo,
  recipeOf,
} from './contenders.ts';
import { againstReference } from './reference-check.ts';
import { loadRehearsal } from './rehearsal.ts';
import { type Replayed, replay, type Wanted } from './replay.ts';
import { type ContenderRecord, findRefereeRecord, type RefereeRecord, saveRefereeRecord } from './record.ts';
import { type Compared, pairBetween } from './pair.ts';
import { judgeSelected, replayUnlabelled, type UnlabelledAnswers } from './selection.ts';
import { valueAnswers } from './answer-utility.ts';
import { loadSplit } from '../pipeline/data/split.ts';
import { openQuarantines } from '../pipeline/data/quarantines.ts';

/** Former champions share the level of one question. */
function shareOfLevel(level: number, { kind }: Contender, all: readonly Contender[]): number {
  return kind === 'challenger'
    ? divideLevel(level).referee
    : level / all.filter((each) => each.kind === kind).length;
}

/**
 * @param contenders  who stands beside the champion
 * @param state       of the ledger, after this run asked its questions
 * @returns null where there is no champion to stand beside
 */
export async function referee(
  ctx: ModelContext,
  snapshot: Snapshot,
  contenders: readonly Contender[],
  state: LedgerState,
): Promise<RefereeRecord | null> {
  const { championAtStart } = ctx.run;
  if (championAtStart === null) return null;
  const known = await findRefereeRecord(ctx);
  if (known !== null) return known;
  const recipe = recipeOf(ctx.spec);
  const nights = await findNights(ctx, recipe);
  const opened = await openAll(ctx, [championAtStart, ...numbersOf(contenders, nights)]);
  try {
    const champion = opened.versions.get(championAtStart);
    if (champion === undefined) return null;
    const championLearned = await learnedTo(ctx, champion.manifest);
    const seen = await replay(
      ctx,
      snapshot,
      wantedOf(opened.versions, champion, championLearned, contenders, nights),
      await openQuarantines(ctx),
    );
    const { utilities: worth, margin } = valueAnswers(ctx.spec, await loadSplit(ctx), seen);
    const unlabelled =
      contenders.length === 0 ? null : await replayUnlabelled(ctx, snapshot, opened.versions);
    const before = await findLastRecord(ctx);
    const records = contenders.map((contender): ContenderRecord => {
      const fromMs = Math.max(contender.learnedToMs, championLearned);
      const comparison = opened.versions.has(contender.version)
        ? compareBetween(seen, worth, contender.version, championAtStart, fromMs, Infinity)
        : NOTHING_SEEN;
      const question =
        contender.kind === 'challenger'
          ? candidateQuestion(contender.manifest.files['edge.bin'].sha256)
          : formerQuestion(championAtStart);
      const level =
        question in state.levels ? shareOfLevel(levelOf(state, question), contender, contenders) : null;
      const dropped =
        opened.dropped.get(contender.version) ?? (level === null ? 'its question was closed' : null);
      const floor = contender.kind === 'challenger' ? -margin : 0;
      const judged =
        dropped === null && level !== null
          ? judgeBeside(
              ctx,
              seen,
              unlabelled,
              pairBetween(seen, worth, contender.version, championAtStart, fromMs, Infinity),
              { comparison, floor, level, nights: nightsOf(before, contender.version) },
            )
          : null;
      return {
        version: contender.version,
        kind: contender.kind,
        fromMs,
        floor,
        level: level ?? 0,
        comparison,
        judgement: judged?.judgement ?? null,
        selection: judged?.selection,
        dropped,
      };
    });
    const between = (version: number, other: number, fromMs: number): ChallengerComparison =>
      compareBetween(seen, worth, version, other, fromMs, Infinity);
    const standing = againstReference(records, 2 * margin, ctx.spec.gate.alpha, between);
    const lived = nights.map(({ version, rival, fromMs, toMs }): Night => {
      const both = opened.versions.has(version) && opened.versions.has(rival);
      return {
        version,
        units: both ? compareBetween(seen, worth, version, rival, fromMs, toMs).units : new Map(),
      };
    });
    const record: RefereeRecord = {
      champion: championAtStart,
      contenders: standing,
      recipe,
      trust: decideTrust(trustIn(state, recipe), lived, await loadRehearsal(ctx), ctx.spec.gate.alpha),
    };
    await saveRefereeRecord(ctx, record);
    return record;
  } finally {
    for (const { program } of opened.versions.values()) program.dispose();
  }
}

function numbersOf(contenders: readonly Contender[], nights: readonly CandidateNight[]): number[] {
  return [
    ...contenders.map(({ version }) => version),
    ...nights.flatMap(({ version, rival }) => [version, rival]),
  ];
}

/** Each version once; those that can't be opened by name. */
async function openAll(ctx: ModelContext, numbers: readonly number[]) {
  const bases = await basesRead(ctx);
  const versions = new Map<number, LoadedVersion>();
  const dropped = new Map<number, string>();
  for (const number of new Set(numbers)) {
    try {
      const version = await openVersion(ctx, number, ctx.runtime);
      if (bases.includes(version.manifest.base)) versions.set(number, version);
      else {
        version.program.dispose();
        dropped.set(number, `version ${number} reads another base`);
      }
    } catch (error) {
      dropped.set(number, error instanceof Error ? error.message : String(error));
    }
  }
  return { versions, dropped };
}

/** Every version answers from the first moment on at which somebody asks. */
function wantedOf(
  versions: ReadonlyMap<number, LoadedVersion>,
  champion: LoadedVersion,
  championLearned: number,
  contenders: readonly Contender[],
  nights: readonly CandidateNight[],
): Wanted[] {
  const from = new Map<number, number>();
  const ask = (number: number, fromMs: number): void => {
    from.set(number, Math.min(from.get(number) ?? Infinity, fromMs));
  };
  // The champion only where somebody stands beside it: what it has lived through alone grows with its age.
  for (const { version, learnedToMs } of contenders) {
    const fromMs = Math.max(learnedToMs, championLearned);
    ask(version, fromMs);
    ask(champion.manifest.version, fromMs);
  }
  for (const { version, rival, fromMs } of nights) {
    ask(version, fromMs);
    ask(rival, fromMs);
  }
  return [...versions].flatMap(([number, version]) => {
    const fromMs = from.get(number);
    return fromMs === undefined ? [] : [{ number, judged: version, fromMs }];
  });
}

/** What the labels show of one contender, and of what they are a selection, as far as that is known. */
function judgeBeside(
  ctx: ModelContext,
  seen: Replayed,
  unlabelled: UnlabelledAnswers | null,
  compared: Compared | null,
  bounds: {
    readonly comparison: ChallengerComparison;
    readonly floor: number;
    readonly level: number;
    readonly nights: number;
  },
) {
  const { comparison, floor, level, nights } = bounds;
  const plain = judgeChallenger(comparison, floor, level);
  if (unlabelled === null || compared === null || compared.inside.length === 0)
    return { judgement: plain, selection: undefined };
  const most = ctx.spec.gate.selection.nights;
  return judgeSelected(plain, seen, unlabelled, compared, { floor, level, nights, most });
}

/** Nights in a row on which selection held a contender, or would have, before this run. */
function nightsOf(before: RefereeRecord | null, version: number): number {
  return before?.contenders.find((each) => each.version === version)?.selection?.nights ?? 0;
}

/** @param fromMs inclusive @param toMs exclusive */
function compareBetween(...between: Parameters<typeof pairBetween>): ChallengerComparison {
  const pair = pairBetween(...between);
  return pair === null ? NOTHING_SEEN : compareAnswers(pair.examples);
}
