/**
 * Between the champion's weights and the candidate's: robust fine-tuning by interpolation, WiSE-FT (Wortsman et al.
 * 2022, arXiv:2109.01903). The coefficient is chosen on validation examples, never on the holdout.
 */
import type { Trainable } from './trainable.ts';
import type { WatchedWindow } from './training-set.ts';
import { scoreOf, scoreWindows } from './watch.ts';

/** 0 is the champion, 1 the candidate. */
const COEFFICIENTS = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0];

/**
 * Puts the best mixture into the model. Of equal ones the candidate's part is the greatest.
 *
 * @param champion   `Trainable.readWeights` before the first step; the model holds the candidate's
 * @param reference  the champion's losses by window
 * @returns the candidate's part, 0 to 1
 */
export function interpolate(
  model: Trainable,
  champion: Float32Array,
  watched: readonly WatchedWindow[],
  reference: readonly number[],
  by: 'mean' | 'worst',
): number {
  const candidate = model.readWeights();
  let best = { part: 1, score: Number.POSITIVE_INFINITY };
  for (const part of COEFFICIENTS) {
    model.writeWeights(mix(champion, candidate, part));
    const score = scoreOf(scoreWindows(model, watched), reference, by);
    if (score !== null && score < best.score) best = { part, score };
  }
  model.writeWeights(mix(champion, candidate, best.part));
  return best.part;
}

/** The ends are exact. */
function mix(champion: Float32Array, candidate: Float32Array, part: number): Float32Array {
  if (part === 1) return candidate;
  return champion.map((from, i) => from + part * ((candidate[i] as number) - from));
}
