/**
 * Sums over what came in, prequentially: every example was answered before its label was known. Pure; sums of parts add
 * up, so that what is old is kept as one row a day and a look costs the same after a year.
 */
import type { LiveBucket, LivePart, LiveTotals } from '../../shared/registry/live.ts';

/** Upper ends of what delays are counted in, in seconds; what takes longer comes last. */
export const DELAYS: readonly number[] = [60, 600, 3_600, 21_600, 86_400, 259_200, 604_800];

export const NO_TOTALS: LiveTotals = {
  predictions: 0,
  labelled: 0,
  n: 0,
  right: 0,
  error: 0,
  squares: 0,
  lastLabel: { n: 0, right: 0, error: 0 },
  delays: [...DELAYS, Infinity].map(() => 0),
};

/** One labelled example as it is counted. */
export interface Answered {
  /** of the input, milliseconds */
  readonly at: number;
  readonly label: number;
  /** what was answered: a class id or a number */
  readonly said: number;
  /** the last label that was known when the input came; null where there was none */
  readonly lastLabel: number | null;
  /** whether it was a prediction, and not an example that came with its label */
  readonly predicted: boolean;
  /** from the prediction to its label, milliseconds; null of whole examples */
  readonly delayMs: number | null;
  /** names of the values of the features that are sliced by: `device = phone` */
  readonly slices: readonly string[];
}

/** The totals of both together; neither is changed. */
export function addTotals(a: LiveTotals, b: LiveTotals): LiveTotals {
  return {
    predictions: a.predictions + b.predictions,
    labelled: a.labelled + b.labelled,
    n: a.n + b.n,
    right: a.right + b.right,
    error: a.error + b.error,
    squares: a.squares + b.squares,
    lastLabel: {
      n: a.lastLabel.n + b.lastLabel.n,
      right: a.lastLabel.right + b.lastLabel.right,
      error: a.lastLabel.error + b.lastLabel.error,
    },
    delays: a.delays.map((count, i) => count + (b.delays[i] ?? 0)),
  };
}

/** @param predictions  labelled or not, beside the labelled examples */
export function totalsOf(examples: readonly Answered[], predictions: number): LiveTotals {
  const delays = [...NO_TOTALS.delays];
  const totals = { n: 0, labelled: 0, right: 0, error: 0, squares: 0 };
  const lastLabel = { n: 0, right: 0, error: 0 };
  for (const { label, said, lastLabel: last, predicted, delayMs } of examples) {
    const error = Math.abs(said - label);
    totals.n += 1;
    totals.labelled += predicted ? 1 : 0;
    totals.right += said === label ? 1 : 0;
    totals.error += error;
    totals.squares += error * error;
    if (last !== null) {
      lastLabel.n += 1;
      lastLabel.right += last === label ? 1 : 0;
      lastLabel.error += Math.abs(last - label);
    }
    if (delayMs !== null) {
      const place = DELAYS.findIndex((seconds) => delayMs <= seconds * 1_000);
      const cell = place === -1 ? DELAYS.length : place;
      delays[cell] = (delays[cell] ?? 0) + 1;
    }
  }
  return { predictions, ...totals, lastLabel, delays };
}

/** Examples by the names that each has, one part a name, in the order of the names. */
export function partsOf(
  examples: readonly Answered[],
  namesOf: (one: Answered) => readonly string[],
): LivePart[] {
  const parts = new Map<string, LivePart>();
  for (const example of examples) {
    const error = Math.abs(example.said - example.label);
    for (const name of namesOf(example)) {
      const one = {
        name,
        n: 1,
        right: example.said === example.label ? 1 : 0,
        error,
        squares: error * error,
      };
      parts.set(name, addPart(parts.get(name), one));
    }
  }
  return sorted(parts);
}

/** The parts of both, those of one name as one. */
export function mergeParts(a: readonly LivePart[], b: readonly LivePart[]): LivePart[] {
  const parts = new Map<string, LivePart>();
  for (const part of [...a, ...b]) parts.set(part.name, addPart(parts.get(part.name), part));
  return sorted(parts);
}

function addPart(before: LivePart | undefined, { name, n, right, error, squares }: LivePart): LivePart {
  return {
    name,
    n: n + (before?.n ?? 0),
    right: right + (before?.right ?? 0),
    error: error + (before?.error ?? 0),
    squares: squares + (before?.squares ?? 0),
  };
}

function sorted(parts: ReadonlyMap<string, LivePart>): LivePart[] {
  return [...parts.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Buckets of one length, ascending by time and version; of those that meet, the sum. */
export function mergeBuckets(buckets: readonly LiveBucket[], lengthMs: number): LiveBucket[] {
  const merged = new Map<string, LiveBucket>();
  for (const bucket of buckets) {
    const fromMs = Math.floor(Date.parse(bucket.from) / lengthMs) * lengthMs;
    const from = new Date(fromMs).toISOString();
    const name = `${from} ${String(bucket.version ?? 0).padStart(9, '0')}`;
    const before = merged.get(name);
    const { version } = bucket;
    merged.set(name, { ...addTotals(before ?? NO_TOTALS, bucket), from, version });
  }
  return [...merged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, bucket]) => bucket);
}
