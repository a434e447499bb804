/**
 * Masks of dropout, from our own generator.
 */
import type { Random } from '../../shared/random.ts';

/** Inverted dropout (Srivastava et al. 2014): what is kept is scaled up, so that prediction needs no change. */
export function drawMask(mask: Float32Array, rate: number, random: Random): void {
  const scale = 1 / (1 - rate);
  for (let i = 0; i < mask.length; i++) mask[i] = random.uniform() < rate ? 0 : scale;
}
