/**
 * What neighbours in time are worth: 1 over the design effect of a series, the variance of its mean over that of as many
 * independent values.
 *
 * Where an autocorrelation is significant, by blocks: as long as D. N. Politis & H. White 2004 choose them, their effect
 * taken one standard error larger, and never larger than if all values of a block were the same. Where none is, what could
 * hide below significance is looked at all the same: the first ten autocorrelations summed under the flat-top window of
 * D. N. Politis & J. P. Romano 1995, Journal of Time Series Analysis 16:67. Of independent values that costs a few percent
 * of their number (2 sqrt(6 / n) is its standard error); without it design effects of 1.4 and 2.2, as real streams have
 * them, passed 7 to 11 % of what is at a margin at 5 %.
 */
import { autocovariances, blockLength, flatTop } from './block-length.ts';
import { clusterVariance } from './design-effect.ts';

/** Lags that are looked at in any case; fewer where a lag would not have twenty values. */
const MOST_LAGS = 10;
const VALUES_A_LAG = 20;

/**
 * @param series  in order of time, [n]
 * @returns share in (0, 1]; 1 for a constant series, and for fewer than 40 values that show nothing
 */
export function neighbourShare(series: Float64Array): number {
  const length = blockLength(series);
  return 1 / (length > 1 ? effectOfBlocks(series, length) : effectOfLags(series));
}

function effectOfBlocks(series: Float64Array, length: number): number {
  const mean = series.reduce((sum, value) => sum + value, 0) / series.length;
  const blocks = Int32Array.from(series, (_, i) => Math.floor(i / length));
  const centred = series.map((value) => value - mean);
  const { clustered, independent, groups } = clusterVariance(centred, blocks);
  return Math.min(length, Math.max(1, clustered / independent) * (1 + Math.sqrt(2 / (groups - 1))));
}

function effectOfLags(series: Float64Array): number {
  const lags = Math.min(MOST_LAGS, Math.floor(series.length / VALUES_A_LAG));
  const [variance = 0, ...covariances] = autocovariances(series, lags);
  if (!(variance > 0)) return 1;
  const excess = covariances.reduce((sum, value, i) => sum + 2 * flatTop((i + 1) / lags) * value, 0);
  return Math.max(1, 1 + excess / variance);
}
