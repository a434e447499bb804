/**
 * How much a sample must grow before a question that is open now would be settled.
 */

/** Past this, more labels are no answer: the estimate sits on the margin. */
const MAX_GROWTH = 1_000;

/** Relative precision of the answer; a forecast needs no more. */
const PRECISION = 1e-3;

/**
 * Smallest factor at which `settles` turns true, assuming that it stays true from there on.
 *
 * @param settles  whether a sample `factor` times as large, with the same rates, would decide
 * @returns factor in (1, 1000], or null when no factor in that range decides
 */
export function growthToSettle(settles: (factor: number) => boolean): number | null {
  let enough = 2;
  while (!settles(enough)) {
    enough *= 2;
    if (enough > MAX_GROWTH) return null;
  }
  let short = enough / 2;
  while (enough - short > PRECISION * short) {
    const middle = (short + enough) / 2;
    if (settles(middle)) enough = middle;
    else short = middle;
  }
  return enough;
}
