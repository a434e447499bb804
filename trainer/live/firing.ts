/**
 * The version before the champion is shown to be better: whether that is believed, and which former champion is the best
 * on the same labels. Labels that seem to have been swapped, and labels that are a selection, never take a version back.
 */
import { shareOfRestart } from '../../shared/continuity/referee/levels.ts';
import { usualAgreement, usualError } from '../../shared/continuity/referee/ledger.ts';
import type { LabelledExample } from '../pipeline/data/history/join.ts';
import { isFamiliar, lookPlainly, type Usual } from '../labels/look.ts';
import { valueAnswers } from '../referee/answer-utility.ts';
import { openAnswering } from '../referee/answering.ts';
import { loadLedger } from '../referee/ledger-file.ts';
import type { Replayed } from '../referee/replay.ts';
import { decide } from '../referee/replay.ts';
import { readInputs, replayLog } from '../referee/replay-log.ts';
import { describeSelection, judgeSelected, type UnlabelledAnswers } from '../referee/selection.ts';
import type { Split } from '../pipeline/data/split.ts';
import type { LookHost, OpenLook } from './open-look.ts';
import { type Compared, compareVersions, pickExamples } from './stretches.ts';

/** Former champions that are asked: the one before, and two more. */
const MOST_FORMER = 3;
/** Unlabelled predictions that are replayed. */
const MOST_UNLABELLED = 1_000;
/** So many looks in a row, and the weighted comparison decides: some three days of looks an hour. */
const LOOKS_A_NIGHT = 24;

export interface Firing {
  readonly champion: number;
  readonly reference: number;
  /** from when on the reference is better */
  readonly fromMs: number;
  /** examples since then */
  readonly examples: readonly LabelledExample[];
  readonly margin: number;
  readonly level: number;
  /** how many bets had begun by then */
  readonly bets: number;
  /** looks in a row that held it before this one */
  readonly heldLooks: number;
  readonly promise: number | null;
  readonly split: Pick<Split, 'heldOutByClass' | 'constant'>;
}

export interface Belief {
  /** why nothing is done; null where it is believed */
  readonly held: string | null;
  /** on which former champion is best */
  readonly best: number;
  /** of its answers over the champion's, on the same labels */
  readonly mean: number;
  readonly n: number;
  readonly gains: number;
  readonly losses: number;
}

/**
 * Whether the version before is believed to be better, by the labels as they are, and whom of the former champions the
 * same labels rank first.
 */
export async function believe(host: LookHost, look: OpenLook, firing: Firing): Promise<Belief> {
  const { champion, reference, examples, split } = firing;
  const others = look.former.filter((version) => version !== reference).slice(0, MOST_FORMER - 1);
  const versions = await openAnswering(host, look.spec, [champion, reference, ...others]);
  try {
    const source = { ...host, spec: look.spec, log: look.log };
    const { seen } = await replayLog(source, versions, examples);
    const { utilities } = valueAnswers(look.spec, split, seen);
    const former = [reference, ...others].filter((version) => versions.manifests.has(version));
    const compared = former.map((version) => ({
      version,
      compared: compareVersions(seen, utilities, version, champion),
    }));
    const ranked = compared
      .map(({ version, compared: one }) => ({ version, ...summarize(one) }))
      .sort((a, b) => b.mean - a.mean || b.version - a.version);
    const best = ranked[0] ?? { version: reference, mean: 0, n: 0, gains: 0, losses: 0 };
    const [first] = compared;
    const held =
      (await doubtLabels(host, look, firing, seen, former)) ??
      (first === undefined ? null : await doubtSelection(host, look, firing, seen, first.compared, versions));
    const { version, ...counts } = best;
    return { held, best: version, ...counts };
  } finally {
    versions.close();
  }
}

function summarize({ differences }: Compared): Omit<Belief, 'held' | 'best'> {
  const n = differences.length;
  return {
    n,
    mean: n === 0 ? 0 : differences.reduce((sum, d) => sum + d, 0) / n,
    gains: differences.filter((d) => d > 0).length,
    losses: differences.filter((d) => d < 0).length,
  };
}

/** What the check of labels would say of them tonight (trainer/labels): then the night decides, and not this look. */
async function doubtLabels(
  { store }: LookHost,
  { spec }: OpenLook,
  { champion, promise }: Firing,
  seen: Replayed,
  former: readonly number[],
): Promise<string | null> {
  const ledger = await loadLedger(store, spec.name);
  const state = ledger.ok ? (ledger.value?.state ?? null) : null;
  const isClass = spec.task === 'classification';
  const usual: Usual = {
    known: null,
    agreement: (state && usualAgreement(state)) ?? (isClass ? promise : null),
    error: (state && usualError(state)) ?? (isClass ? null : promise),
  };
  const found = lookPlainly(spec, seen, champion, usual);
  if (found.kind === null) return null;
  if (former.some((each) => isFamiliar(found, lookPlainly(spec, seen, each, usual), usual))) return null;
  return `the labels themselves look ${found.kind}: the next run decides whether they are believed`;
}

/** Labels that come for wrong answers sooner than for right ones speak against whoever serves. */
async function doubtSelection(
  host: LookHost,
  look: OpenLook,
  { champion, reference, fromMs, margin, level, bets, heldLooks }: Firing,
  seen: Replayed,
  compared: Compared,
  versions: Awaited<ReturnType<typeof openAnswering>>,
): Promise<string | null> {
  const { spec } = look;
  if (spec.task !== 'classification') return null;
  const unlabelled = await answerUnlabelled(host, look, versions, fromMs, seen);
  const { inside } = compared;
  const all = [...compared.times.keys()];
  const { judgement, selection } = judgeSelected(
    { finding: 'better', progress: 1, moreLabels: 0 },
    seen,
    unlabelled,
    { challenger: reference, champion, fromMs, inside, examples: pickExamples(compared, all) },
    {
      floor: margin,
      level: level * shareOfRestart(Math.max(1, bets)),
      nights: heldLooks,
      most: spec.gate.selection.nights * LOOKS_A_NIGHT,
    },
  );
  return judgement.finding === 'better' ? null : describeSelection(selection);
}

/** A sample of the predictions without a label, evenly over time, up to the newest labelled input. */
async function answerUnlabelled(
  { store }: LookHost,
  { spec, log, predictions }: OpenLook,
  versions: Awaited<ReturnType<typeof openAnswering>>,
  fromMs: number,
  seen: Replayed,
): Promise<UnlabelledAnswers> {
  const labelled = new Set(seen.ids);
  const toMs = seen.times.at(-1) ?? fromMs;
  const all = predictions.filter(({ id, at }) => at >= fromMs && at <= toMs && !labelled.has(id));
  const size = Math.min(all.length, MOST_UNLABELLED);
  const drawn = Array.from({ length: size }, (_, i) => all[Math.floor((i * all.length) / size)]).flatMap(
    (one) =>
      one === undefined
        ? []
        : [{ id: one.id, at: one.at, label: 0, input: one.input, predicted: one.predicted }],
  );
  const { readable, raw } = await readInputs(
    store,
    spec,
    (await log.withInputs(drawn)).map((example, i) => ({ ...example, predicted: drawn[i]?.predicted ?? -1 })),
  );
  const answers = new Map<number, Int32Array>();
  if (raw.length > 0)
    for (const [number, outputs] of versions.answer(raw))
      answers.set(number, Int32Array.from(decide({ spec }, outputs, raw.length)));
  return {
    ids: readable.map(({ id }) => id),
    times: readable.map(({ at }) => at),
    predicted: readable.map(({ predicted }) => predicted),
    answers,
    each: readable.length === 0 ? 0 : all.length / readable.length,
  };
}
