/**
 * From lives to what each strategy gave its users, row by row; and the ceiling, an oracle that knows for each block
 * which of all versions that were made by then is best.
 */
import type { LifeRecord, NightNote, VersionMade } from '../lives/courses.ts';
import { lossOf } from '../lives/courses.ts';
import type { Job } from '../lives/jobs.ts';
import { HOLDFAST, NOBODY, ORACLE, STRATEGIES } from '../lives/strategies.ts';
import type { Nights, Stream } from '../streams/stream.ts';

export interface Outcome {
  readonly strategy: string;
  /** Why it never had a version; null where it had. */
  readonly failed: string | null;
  /** By block: the index of the version that served it. */
  readonly serving: readonly number[];
  readonly versions: readonly VersionMade[];
  /** What was answered, and what that cost by the true label: 1 for a wrong class, or the absolute error; [rows]. */
  readonly answers: Float32Array;
  readonly losses: Float32Array;
  readonly nights: readonly NightNote[];
}

/** A stream with the rows that count. */
export interface Replayed {
  readonly stream: Stream;
  readonly nights: Nights;
  /** True labels of all blocks, [rows]. */
  readonly labels: Float32Array;
  /** Where each block lies in what is counted by row. */
  readonly ranges: readonly { readonly from: number; readonly to: number }[];
}

export interface LivedJob {
  readonly job: Job;
  readonly life: LifeRecord;
}

export function describeReplay(stream: Stream, nights: Nights): Replayed {
  const start = nights.history.to;
  const rows = stream.rows.slice(start, nights.blocks.at(-1)?.to);
  return {
    stream,
    nights,
    labels: Float32Array.from(rows, ({ label }) => label),
    ranges: nights.blocks.map(({ from, to }) => ({ from: from - start, to: to - start })),
  };
}

/**
 * @param lived   of one stream and condition
 * @param wanted  names of strategies
 * @returns in the order of the table: the wanted ones, tried policies, the oracle
 */
export function gatherOutcomes(
  replayed: Replayed,
  lived: readonly LivedJob[],
  wanted: readonly string[],
): Outcome[] {
  const outcomes: Outcome[] = [];
  for (const { name, recipe, rule } of STRATEGIES) {
    if (!wanted.includes(name) && name !== HOLDFAST) continue;
    const found = lived.find(
      ({ job }) => job.policy === null && job.recipe === recipe && job.rules.includes(rule ?? 'gate'),
    );
    if (found === undefined) continue;
    const course = found.life.courses.find((course) => course.rule === (rule ?? 'gate'));
    const nobody = replayed.ranges.map(() => 0);
    const serving = name === NOBODY ? nobody : (course?.serving ?? []);
    outcomes.push(outcomeOf(replayed, name, found.life, serving, name === NOBODY ? [] : found.life.nights));
  }
  for (const { job, life } of lived) {
    if (job.policy === null) continue;
    outcomes.push(outcomeOf(replayed, job.policy.name, life, life.courses[0]?.serving ?? [], life.nights));
  }
  return [...outcomes, consultOracle(replayed, lived)];
}

function outcomeOf(
  replayed: Replayed,
  strategy: string,
  { failed, versions }: LifeRecord,
  serving: readonly number[],
  nights: readonly NightNote[],
): Outcome {
  const empty = new Float32Array();
  if (failed !== null) {
    return { strategy, failed, serving: [], versions: [], answers: empty, losses: empty, nights };
  }
  const answers = new Float32Array(replayed.labels.length);
  for (const [block, { from, to }] of replayed.ranges.entries()) {
    const version = versions[serving[block] ?? -1];
    if (version === undefined) throw new Error(`${strategy}: nobody served block ${block}`);
    answers.set(version.answers.subarray(from, to), from);
  }
  return { strategy, failed, serving, versions, answers, losses: lossesOf(replayed, answers), nights };
}

/** @param answers  to all rows, [rows] */
export function lossesOf(
  { stream, labels }: Pick<Replayed, 'stream' | 'labels'>,
  answers: Float32Array,
): Float32Array {
  return Float32Array.from(labels, (label, i) => lossOf(stream.task, answers[i], label));
}

/** The version with the least loss on each block, of all that any strategy had made before it. */
function consultOracle(replayed: Replayed, lived: readonly LivedJob[]): Outcome {
  const versions = lived.flatMap(({ life }) => life.versions);
  const losses = versions.map(({ answers }) => lossesOf(replayed, answers));
  const serving = replayed.ranges.map(({ from, to }, block) => {
    let best = -1;
    let least = Infinity;
    for (const [i, { after }] of versions.entries()) {
      if (after >= block) continue;
      const loss = meanOf(losses[i] as Float32Array, from, to);
      if (loss < least) [best, least] = [i, loss];
    }
    return best;
  });
  const failed = versions.length === 0 ? 'nobody made a version' : null;
  return outcomeOf(replayed, ORACLE, { failed, versions, nights: [], first: null, courses: [] }, serving, []);
}

/** Mean of a part; NaN of nothing. */
export function meanOf(values: Float32Array, from = 0, to = values.length): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i] as number;
  return sum / (to - from);
}
