/**
 * What a run asks of the ledger and leaves in it: its questions before anything is judged, its outcome afterwards.
 */
import { sha256Hex } from '../../shared/digest.ts';
import type { Choice } from '../../shared/continuity/referee/decide.ts';
import {
  answerByPromotion,
  ask,
  candidateQuestion,
  formerQuestion,
  levelOf,
  type LedgerState,
  loseTrust,
  noteBroken,
  withTrust,
} from '../../shared/continuity/referee/ledger.ts';
import { divideLevel } from '../../shared/continuity/referee/levels.ts';
import { appendLedger, loadLedger } from './ledger-file.ts';
import { loadManifest } from '../../shared/registry/versions/versions.ts';
import { type Host, type RunContext, type RunData, type RunFiles, stepName } from '../run/context.ts';
import type { Contender } from './contenders.ts';
import type { RefereeRecord } from './record.ts';
import { RunFailure } from '../run-failure.ts';
import { openQuarantines } from '../pipeline/data/quarantines.ts';

/** Before anything is judged: what it is about is written down, at the level that is left for it. */
export async function askQuestions(
  ctx: RunContext,
  candidate: string,
  contenders: readonly Contender[],
): Promise<LedgerState> {
  const { alpha } = ctx.spec.gate;
  const { championAtStart } = ctx.run;
  // A first version has nobody to be worse than: the baselines alone judge it, and it spends nothing.
  const questions = [
    ...(championAtStart === null ? [] : [candidateQuestion(candidate)]),
    ...(championAtStart !== null && contenders.some(({ kind }) => kind === 'former champion')
      ? [formerQuestion(championAtStart)]
      : []),
  ];
  return append(ctx, stepName(ctx, 'asked'), (state) =>
    questions.reduce((asked, question) => ask(asked, question, alpha), state),
  );
}

/** At which the exam judges this candidate: its part of the level at which the candidate was asked about. */
export async function examLevel({ store, run }: RunFiles, candidate: string): Promise<number> {
  const newest = await loadLedger(store, run.model);
  if (!newest.ok) throw new RunFailure(newest.error.detail);
  if (newest.value === null)
    throw new RunFailure('expected a ledger with a question about the candidate, got none');
  return divideLevel(levelOf(newest.value.state, candidateQuestion(candidate))).exam;
}

/**
 * After the alias moved, or did not.
 *
 * @param broken  checks that something broken held: such a night decided nothing, and its labels are looked at again
 */
export async function settle(
  ctx: RunContext,
  snapshot: string,
  choice: Choice,
  promoted: boolean,
  record: RefereeRecord | null,
  broken: readonly string[] = [],
): Promise<LedgerState> {
  const question = promoted ? await questionOf(ctx, choice, record) : null;
  const subject = await subjectOf(ctx, snapshot);
  const returns =
    record?.contenders.find(({ version }) => version === choice.version)?.kind === 'former champion';
  return append(ctx, 'decided', (state) => {
    const before = record === null ? state : withTrust(state, record.recipe, record.trust.trust);
    const answered = question === null ? before : answerByPromotion(before, question);
    const trusting =
      record !== null && promoted && returns
        ? withTrust(answered, record.recipe, loseTrust(record.trust.trust, record.champion + 1))
        : answered;
    return noteBroken({ ...trusting, subject: broken.length === 0 ? subject : null }, broken);
  });
}

/** Of a night whose labels are kept apart: until something else comes in, there is nothing to look at. */
export async function settleApart(ctx: RunContext, snapshot: string): Promise<void> {
  const subject = await subjectOf(ctx, snapshot);
  await append(ctx, 'apart', (state) => ({ ...state, subject }));
}

/** Null for a promotion by trust: no question about the version itself was answered. */
async function questionOf(
  { store, run }: RunFiles,
  { version, by }: Choice,
  record: RefereeRecord | null,
): Promise<string | null> {
  if (version === null || by === null || by === 'trust') return null;
  const contender = record?.contenders.find((each) => each.version === version);
  if (contender?.kind === 'former champion' && record !== null) return formerQuestion(record.champion);
  const manifest = await loadManifest(store, run.model, version);
  if (!manifest.ok) throw new RunFailure(manifest.error.detail);
  return candidateQuestion(manifest.value.files['edge.bin'].sha256);
}

/**
 * Whether the last run decided about the same snapshot, by the same spec, against the same champion, and could have
 * promoted as well as this one. Never where somebody asked for this snapshot, or for another look.
 */
export async function wasDecided(ctx: RunData, snapshot: string): Promise<boolean> {
  if (ctx.run.wantedSnapshot !== null || ctx.run.again === true) return false;
  const newest = await loadLedger(ctx.store, ctx.run.model);
  if (!newest.ok) throw new RunFailure(newest.error.detail);
  return (
    newest.value !== null &&
    newest.value.run !== ctx.run.id &&
    newest.value.state.subject === (await subjectOf(ctx, snapshot))
  );
}

/** What a run decides about; of what is kept apart nothing is decided, until it is released. */
async function subjectOf(ctx: RunData, snapshot: string): Promise<string> {
  const { specDigest, championAtStart, mayPromote } = ctx.run;
  const about = [snapshot, specDigest, championAtStart, mayPromote];
  const apart = (await openQuarantines(ctx)).map(({ fromMs, toMs }) => [fromMs, toMs]);
  return sha256Hex(JSON.stringify(apart.length === 0 ? about : [...about, apart])).slice(0, 32);
}

async function append(
  { store, run, now }: RunFiles & Pick<Host, 'now'>,
  event: string,
  change: (state: LedgerState) => LedgerState,
): Promise<LedgerState> {
  const state = await appendLedger(store, run.model, { run: run.id, event, at: now() }, change);
  if (!state.ok) throw new RunFailure(state.error.detail);
  return state.value;
}
