/**
 * From samples to a row of the table: medians, their ratio, and whether the target was met. Pure.
 */

/** On the ratio ours / theirs. */
export type Target = { readonly atMost: number } | { readonly atLeast: number };

/** What one case measured on both sides, taken in turns. */
export interface Samples {
  readonly case: string;
  readonly unit: string;
  readonly ours: readonly number[];
  /** What the case is compared with. */
  readonly peer: string;
  readonly theirs: readonly number[];
  /** Left out where the case is only reported. */
  readonly target?: Target;
}

export interface Row {
  readonly case: string;
  readonly unit: string;
  /** median */
  readonly ours: number;
  readonly peer: string;
  /** median */
  readonly theirs: number;
  /** ours / theirs, of the medians */
  readonly ratio: number;
  readonly target: string | null;
  readonly met: boolean | null;
}

/** @throws RangeError when a side has no samples */
export function summarise({ case: name, unit, ours, peer, theirs, target }: Samples): Row {
  const row = { case: name, unit, ours: median(ours), peer, theirs: median(theirs) };
  const ratio = row.ours / row.theirs;
  if (target === undefined) return { ...row, ratio, target: null, met: null };
  return { ...row, ratio, target: describeTarget(target), met: isMet(target, ratio) };
}

function isMet(target: Target, ratio: number): boolean {
  return 'atMost' in target ? ratio <= target.atMost : ratio >= target.atLeast;
}

function describeTarget(target: Target): string {
  return 'atMost' in target ? `<= ${target.atMost}` : `>= ${target.atLeast}`;
}

/**
 * The middle value; the mean of the two in the middle when there are as many below as above.
 *
 * @throws RangeError when there are no values
 */
export function median(values: readonly number[]): number {
  const sorted = sortNumbers(values);
  const upper = sorted[Math.floor(sorted.length / 2)] as number;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] as number;
  return (lower + upper) / 2;
}

/**
 * The smallest value that at least a share `p` of all values does not exceed (nearest rank): one that was measured,
 * never one in between.
 *
 * @param p  in (0, 1]
 * @throws RangeError when there are no values
 */
export function percentile(values: readonly number[], p: number): number {
  const sorted = sortNumbers(values);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] as number;
}

function sortNumbers(values: readonly number[]): number[] {
  if (values.length === 0) throw new RangeError('expected at least one value, got none');
  return [...values].sort((a, b) => a - b);
}
