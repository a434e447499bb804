/**
 * An estimate with one lower and one upper confidence bound, each one-sided at level alpha.
 * Taken together they are a two-sided interval at level 1 - 2 alpha.
 */

export interface Interval {
  readonly estimate: number;
  readonly lower: number;
  readonly upper: number;
}

/** Paired outcomes: only the pairs that disagree carry information on the difference. */
export interface PairedCounts {
  /** candidate right, reference wrong */
  readonly gains: number;
  /** candidate wrong, reference right */
  readonly losses: number;
  /** all pairs */
  readonly n: number;
}
