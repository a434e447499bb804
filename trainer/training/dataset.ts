/**
 * The examples that a model learns from or is watched by.
 */

/** Class ids, or the numbers to be predicted, [n]. */
export type Labels = Int32Array | Float32Array | Float64Array;

export interface Dataset {
  /** [n, inputSize] */
  readonly features: Float32Array;
  readonly labels: Labels;
  /** How much each example counts, [n]; once where absent. */
  readonly weights?: Float32Array;
  readonly teacher?: Teacher;
}

/** A set in parts that are read one at a time. Where there are several, each is a random sample of the whole. */
export interface DataLoader {
  /** Numbers in an example. */
  readonly size: number;
  /** Whether there is a teacher in every part. */
  readonly taught: boolean;
  /** Examples in each part, [packs]. */
  readonly rows: readonly number[];
  /** The part is whoever asked's until another is asked for. */
  load(pack: number): Promise<Dataset>;
  /** Begins to read the part that is wanted next, while another is learned from; what goes wrong `load` says. */
  prefetch?(pack: number): void;
}

/** A set in memory is one pack. */
export function loaderOf(set: Dataset | DataLoader): DataLoader {
  if (isLoader(set)) return set;
  const n = set.labels.length;
  return {
    size: set.features.length / n,
    taught: set.teacher !== undefined,
    rows: n === 0 ? [] : [n],
    load: () => Promise.resolve(set),
  };
}

/** Whether the set comes in packs, and not as one. */
export function isLoader(set: Dataset | DataLoader): set is DataLoader {
  return 'load' in set;
}

/** Whether its rows carry a teacher's answers. */
export function isTaught(set: Dataset | DataLoader): boolean {
  return loaderOf(set).taught;
}

/** Examples in all, over all packs. */
export function countRows(set: Dataset | DataLoader): number {
  return isLoader(set) ? set.rows.reduce((sum, rows) => sum + rows, 0) : set.labels.length;
}

/** What another model answers, and how much agreeing with it counts. */
export interface Teacher {
  /** Distributions over the classes, or numbers, [n, outputSize]. */
  readonly outputs: Float32Array;
  /** [n] */
  readonly weights: Float32Array;
}

/** The validation examples of one window. */
export interface ValidationWindow {
  readonly id: string;
  /** False for the window that is learned for the first time. */
  readonly past: boolean;
  readonly set: Dataset | DataLoader;
}
