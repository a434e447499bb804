/**
 * The few statistics that several measures share. Of nothing they are NaN.
 */

export type Numbers = ArrayLike<number>;

export function average(values: Numbers): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum / values.length;
}

/** Standard deviation, n - 1; 0 of one value. */
export function deviation(values: Numbers): number {
  if (values.length < 2) return 0;
  const mean = average(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += ((values[i] as number) - mean) ** 2;
  return Math.sqrt(sum / (values.length - 1));
}

/** Mean difference a - b of paired values, and its standard error. */
export function pairedDifference(a: Numbers, b: Numbers): { readonly mean: number; readonly error: number } {
  const differences = Float64Array.from({ length: a.length }, (_, i) => (a[i] as number) - (b[i] as number));
  return { mean: average(differences), error: deviation(differences) / Math.sqrt(differences.length) };
}

/** Mean length of the runs of `true`; 0 where there is none. */
export function meanRun(held: readonly boolean[]): number {
  let runs = 0;
  let length = 0;
  for (const [i, now] of held.entries()) {
    if (!now) continue;
    length += 1;
    if (held[i - 1] !== true) runs += 1;
  }
  return runs === 0 ? 0 : length / runs;
}

/** One-sided, level .05. */
export const Z_95 = 1.645;
