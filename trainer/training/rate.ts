/**
 * The learning rate: a schedule over the steps, times what the controllers have taken off it. All plain data in, plain
 * data out, so that a checkpoint carries it; no engine's `Math.cos`, so that it is the same everywhere.
 */

export interface RateSchedule {
  readonly learningRate: number;
  /** Steps before the first at `learningRate`. */
  readonly warmupSteps: number;
  readonly totalSteps: number;
  readonly kind: 'constant' | 'cosine' | 'plateau';
}

/**
 * The rate of one step, before any controller. Warm-up is linear (Goyal et al. 2017, arXiv:1706.02677) and the cosine
 * falls from its end to 0 at `totalSteps` (Loshchilov & Hutter 2017, arXiv:1608.03983, without restarts).
 *
 * @param step  counted from 0
 */
export function rateAt(step: number, { learningRate, warmupSteps, totalSteps, kind }: RateSchedule): number {
  if (step < warmupSteps) return (learningRate * (step + 1)) / (warmupSteps + 1);
  if (kind !== 'cosine') return learningRate;
  const share = (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
  return learningRate * (0.5 - 0.5 * sine(Math.PI * (Math.min(1, share) - 0.5)));
}

/** Taylor's series on [-pi/2, pi/2], to 1e-11. */
function sine(x: number): number {
  let sum = 0;
  for (let k = 15; k >= 3; k -= 2) sum = ((1 - sum) * (x * x)) / (k * (k - 1));
  return x * (1 - sum);
}

/** What a controller has taken off the rate, and what it watches. */
export interface PlateauState {
  readonly factor: number;
  readonly best: number | null;
  /** Epochs since the best. */
  readonly waited: number;
}

export const PLATEAU_START: PlateauState = { factor: 1, best: null, waited: 0 };

/** No controller brings the rate below this share of itself. */
const LEAST_FACTOR = 1 / 64;

/** After `patience` epochs without a better loss the rate falls by `factor`, and the waiting begins again. */
export function advancePlateau(
  state: PlateauState,
  loss: number,
  { factor, patience }: { readonly factor: number; readonly patience: number },
): PlateauState {
  if (state.best === null || loss < state.best) return { ...state, best: loss, waited: 0 };
  if (state.waited + 1 < patience) return { ...state, waited: state.waited + 1 };
  return { ...state, factor: Math.max(LEAST_FACTOR, state.factor * factor), waited: 0 };
}

/**
 * What continuity leaves of the rate after an epoch: it falls by `factor` when a past window's validation loss stands
 * above the champion's by more than the share `tolerance`.
 *
 * @param left       what was left before, 1 at the start
 * @param losses     of the past windows
 * @param reference  the champion's, in the same order
 */
export function followContinuity(
  left: number,
  losses: readonly number[],
  reference: readonly number[],
  { factor, tolerance }: { readonly factor: number; readonly tolerance: number },
): number {
  const suffers = losses.some((loss, i) => loss > (reference[i] ?? Infinity) * (1 + tolerance));
  return suffers ? Math.max(LEAST_FACTOR, left * factor) : left;
}
