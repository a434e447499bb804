/**
 * How many neighbours in time hang together: the block length for the mean of a stationary series, chosen from its
 * autocorrelation. D. N. Politis & H. White 2004, Econometric Reviews 23:53-70, for circular blocks, with the
 * correction of A. Patton, D. N. Politis & H. White 2009, Econometric Reviews 28:372-375.
 *
 * One thing is decided otherwise: where no autocorrelation is significant, blocks have one example. The rule itself
 * would go by the first autocorrelation although nothing tells it from noise.
 */

/** Of the normal distribution, two-sided at 5 %: what a correlation must exceed to count. */
const SIGNIFICANT = 1.959964;

/**
 * @param series  in order of time, [n]
 * @returns whole number from 1 to min(3 sqrt n, n / 3), at least 1; 1 for a constant series
 */
export function blockLength(series: Float64Array): number {
  const n = series.length;
  const longest = Math.floor(Math.min(3 * Math.sqrt(n), n / 3));
  if (longest < 2) return 1;
  const run = Math.max(5, Math.ceil(Math.sqrt(Math.log10(n))));
  const lags = Math.min(n - 1, Math.ceil(Math.sqrt(n)) + run);
  const covariances = autocovariances(series, lags);
  const variance = covariances[0] as number;
  if (!(variance > 0)) return 1;
  const critical = SIGNIFICANT * Math.sqrt(Math.log10(n) / n);
  const reach = lastOfRun(covariances, critical * variance, run);
  if (reach === 0) return 1;
  const bandwidth = Math.min(2 * reach, lags);
  let spectrum = variance;
  let slope = 0;
  for (let lag = 1; lag <= bandwidth; lag++) {
    const weighted = 2 * flatTop(lag / bandwidth) * (covariances[lag] as number);
    spectrum += weighted;
    slope += weighted * lag;
  }
  const ratio = (2 * slope * slope) / ((4 / 3) * spectrum * spectrum);
  const length = Math.ceil((ratio * n) ** (1 / 3));
  return Number.isFinite(length) ? Math.min(longest, Math.max(1, length)) : longest;
}

/** Of a series of n >= 1 values at 0, 1, … lags, each divided by n, [lags + 1]. */
export function autocovariances(series: Float64Array, lags: number): Float64Array {
  const n = series.length;
  let mean = 0;
  for (const value of series) mean += value;
  mean /= n;
  const result = new Float64Array(lags + 1);
  for (let lag = 0; lag <= lags; lag++) {
    let sum = 0;
    for (let i = lag; i < n; i++)
      sum += ((series[i] as number) - mean) * ((series[i - lag] as number) - mean);
    result[lag] = sum / n;
  }
  return result;
}

/** The last lag before the first `run` lags in a row that mean nothing; where there is no such run, the last that means something. */
function lastOfRun(covariances: Float64Array, critical: number, run: number): number {
  let quiet = 0;
  let last = 0;
  for (let lag = 1; lag < covariances.length; lag++) {
    if (Math.abs(covariances[lag] as number) > critical) {
      quiet = 0;
      last = lag;
    } else if (++quiet === run) {
      return last;
    }
  }
  return last;
}

/** The lag window of Politis & Romano 1995: 1 up to a half, then down to 0. */
export function flatTop(t: number): number {
  return t <= 0.5 ? 1 : Math.max(0, 2 * (1 - t));
}
