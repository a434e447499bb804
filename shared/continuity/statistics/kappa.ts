/**
 * Agreement beyond what an empty-headed answer would reach, with bounds.
 */
import type { Interval } from './interval.ts';
import { upperNormalPoint } from './normal.ts';

/**
 * Cohen's kappa of predictions and labels: (p_o - p_e) / (1 - p_e), p_e being the agreement of independent answers
 * with the same marginals. J. Cohen 1960, Educational and Psychological Measurement 20:37-46; standard error:
 * J. L. Fleiss, J. Cohen & B. S. Everitt 1969, Psychological Bulletin 72:323-327, equation 13.
 *
 * @param labels       class ids, [n]
 * @param predictions  class ids, [n]
 * @param classes      number of classes
 * @param share        share of the examples that counts, see effectiveShare
 * @returns null when chance agrees always (one class only): kappa is undefined
 */
export function cohenKappa(
  labels: Int32Array,
  predictions: Int32Array,
  classes: number,
  alpha: number,
  share = 1,
): Interval | null {
  const n = labels.length;
  const cells = new Float64Array(classes * classes); // [label, prediction]
  for (let i = 0; i < n; i++) {
    const at = (labels[i] as number) * classes + (predictions[i] as number);
    cells[at] = (cells[at] as number) + 1;
  }
  const { rows, columns } = marginals(cells, classes, n);
  const observed = sumOver(classes, (k) => (cells[k * classes + k] as number) / n);
  const chance = sumOver(classes, (k) => rows(k) * columns(k));
  if (!(chance < 1 - 1e-12)) return null;
  const kappa = (observed - chance) / (1 - chance);
  let spread = 0;
  for (const [at, count] of cells.entries()) {
    if (count === 0) continue;
    const [label, prediction] = [Math.floor(at / classes), at % classes];
    const term =
      label === prediction
        ? 1 - (rows(label) + columns(label)) * (1 - kappa)
        : (1 - kappa) * (columns(label) + rows(prediction));
    spread += (count / n) * term ** 2;
  }
  const variance = (spread - (kappa - chance * (1 - kappa)) ** 2) / (1 - chance) ** 2;
  const reach = upperNormalPoint(alpha) * Math.sqrt(Math.max(0, variance) / (n * share));
  return { estimate: kappa, lower: Math.max(-1, kappa - reach), upper: Math.min(1, kappa + reach) };
}

/** Shares of the labels and of the predictions in each class. */
function marginals(cells: Float64Array, classes: number, n: number) {
  const sums = (offset: (k: number, j: number) => number): number[] =>
    Array.from({ length: classes }, (_, k) => sumOver(classes, (j) => cells[offset(k, j)] as number) / n);
  const byLabel = sums((k, j) => k * classes + j);
  const byPrediction = sums((k, j) => j * classes + k);
  return { rows: (k: number) => byLabel[k] as number, columns: (k: number) => byPrediction[k] as number };
}

function sumOver(count: number, term: (k: number) => number): number {
  let sum = 0;
  for (let k = 0; k < count; k++) sum += term(k);
  return sum;
}

/** How often the model errs, the previous label errs, and both do, on the same n examples. */
export interface ErrorCounts {
  readonly model: number;
  readonly previous: number;
  readonly both: number;
  readonly n: number;
}

/**
 * Kappa-temporal: 1 - error(model) / error(repeating the last label); 0 or less for a model that loses to it.
 * A. Bifet et al. 2013, "Pitfalls in benchmarking data stream classification", ECML PKDD, LNAI 8188:465-479.
 * The bounds are Fieller's for a ratio of paired means (E. C. Fieller 1954, JRSS B 16:175-185).
 *
 * @returns null when repeating the last label never errs, or so rarely that the ratio has no finite bounds
 */
export function kappaTemporal(
  { model, previous, both, n }: ErrorCounts,
  alpha: number,
  share = 1,
): Interval | null {
  if (previous === 0) return null;
  const [x, y] = [model / n, previous / n];
  const scale = upperNormalPoint(alpha) ** 2 / (n * share);
  const a = y * y - scale * y * (1 - y);
  const b = x * y - scale * (both / n - x * y);
  const c = x * x - scale * x * (1 - x);
  if (!(a > 0)) return null;
  const root = Math.sqrt(Math.max(0, b * b - a * c));
  return { estimate: 1 - x / y, lower: 1 - (b + root) / a, upper: Math.min(1, 1 - (b - root) / a) };
}
