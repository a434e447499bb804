/**
 * Accuracy (of a regression, mean absolute error) of every version on every window, and the three numbers of continual learning drawn from it.
 * D. Lopez-Paz & M. Ranzato 2017, "Gradient Episodic Memory for Continual Learning", arXiv:1706.08840.
 */

export interface MatrixVersion {
  readonly version: number;
  /** index of the newest window it was trained on */
  readonly learned: number;
  /** accuracy on each window, [windows]; null where it was not measured */
  readonly accuracy: readonly (number | null)[];
}

export interface AccuracyMatrix {
  /** ids in time order, [T] */
  readonly windows: readonly string[];
  /** accuracy of an untrained model on each window, [T]: 1 / classes, or measured */
  readonly untrained: readonly number[];
  /** in the order in which they were trained */
  readonly versions: readonly MatrixVersion[];
}

/** Each null when an accuracy that it needs was not measured. */
export interface ContinualMetrics {
  /** mean accuracy of the last version over all T windows: sum / T */
  readonly acc: number | null;
  /** mean change on windows 1 … T-1 since each was learnt: sum / (T - 1); below 0 is forgetting */
  readonly bwt: number | null;
  /** mean head start on windows 2 … T before each was learnt, over the untrained model: sum / (T - 1) */
  readonly fwt: number | null;
}

/**
 * ACC = 1/T sum_i R(T, i); BWT = 1/(T-1) sum_{i<T} R(T, i) - R(i, i); FWT = 1/(T-1) sum_{i>1} R(i-1, i) - b(i).
 * R(i, i) is the first version that was trained on window i; R(i-1, i) the last one that was not; R(T, ·) the last
 * version. Where a version learns one window each time, these are the paper's own.
 */
export function continualMetrics({ windows, untrained, versions }: AccuracyMatrix): ContinualMetrics {
  const last = versions.at(-1);
  const count = windows.length;
  const each = (from: number, to: number, term: (window: number) => number | null): number | null =>
    meanOf(Array.from({ length: Math.max(0, to - from) }, (_, i) => term(from + i)));
  const final = (window: number): number | null => last?.accuracy[window] ?? null;
  const learned = (window: number): number | null =>
    versions.find((version) => version.learned >= window)?.accuracy[window] ?? null;
  const before = (window: number): number | null =>
    versions.findLast((version) => version.learned < window)?.accuracy[window] ?? null;
  return {
    acc: each(0, count, final),
    bwt: each(0, count - 1, (window) => minus(final(window), learned(window))),
    fwt: each(1, count, (window) => minus(before(window), untrained[window] ?? null)),
  };
}

function minus(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a - b;
}

/** null when there are none, or one is missing. */
function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0 || known.length < values.length) return null;
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}
