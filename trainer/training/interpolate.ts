/**
 * Between the champion's weights and the candidate's: robust fine-tuning by interpolation, WiSE-FT (Wortsman et al.
 * 2022, arXiv:2109.01903). The coefficient is chosen on validation examples, never on the holdout.
 */

/** The candidate's part, as it is tried: 0 is the champion, 1 the candidate. */
export const PARTS = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0] as const;

/** The ends are exact. */
export function mix(champion: Float32Array, candidate: Float32Array, part: number): Float32Array {
  if (part === 1) return candidate;
  return champion.map((from, i) => from + part * ((candidate[i] as number) - from));
}

/**
 * The best of the parts; of equal ones the greatest.
 *
 * @param scores  of each of `PARTS`, to be small
 */
export function choosePart(scores: readonly number[]): number {
  let best = { part: 1, score: Number.POSITIVE_INFINITY };
  for (const [i, part] of PARTS.entries()) {
    const score = scores[i];
    if (score !== undefined && score < best.score) best = { part, score };
  }
  return best.part;
}
