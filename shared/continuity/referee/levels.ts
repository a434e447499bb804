/**
 * What a decision may cost: the share of wrong promotions over a model's life is bounded, not that of one night.
 *
 * e-LOND (Z. Xu & A. Ramdas 2024, "Online multiple testing with e-values", AISTATS, arXiv:2311.06412): the t-th
 * question is decided at alpha gamma_t (R + 1), where R questions were answered by a promotion before it was asked, and
 * the gammas sum to at most 1. Then of all promotions at most the share alpha is wrong, in expectation, however the
 * questions depend on each other. A question is asked once a candidate; looking at it again is free, because its
 * evidence is a wealth that may be looked at as often as one likes.
 */

/** The first question's share. A first candidate is judged nearly as if it were alone. */
const FIRST = 0.66;

/** Of a candidate's level: what the exam on the holdout may use, once. The referee has the rest, and ten times the labels. */
const EXAM_SHARE = 0.9;

/** @param t  1, 2, 3, …; the shares of all t sum to 1 */
export function shareOf(t: number): number {
  return t === 1 ? FIRST : (1 - FIRST) / (t * (t - 1));
}

/**
 * @param tests       questions that were asked before
 * @param rejections  how many of them ended in a promotion
 */
export function levelOfNext(
  alpha: number,
  { tests, rejections }: { readonly tests: number; readonly rejections: number },
): number {
  return Math.min(alpha, alpha * shareOf(tests + 1) * (rejections + 1));
}

/** A candidate's level, divided between its two ways in (a union bound). */
export function divideLevel(level: number): { readonly exam: number; readonly referee: number } {
  return { exam: EXAM_SHARE * level, referee: (1 - EXAM_SHARE) * level };
}

/**
 * The level at which a recipe may earn trust, each time that it lost it before: of all those times together at most
 * alpha are wrong, over a life. Most of it is for the first time, which every recipe has.
 *
 * @param losses  how often it lost trust, 0, 1, 2, …
 */
export function levelOfTrust(alpha: number, losses: number): number {
  return alpha * shareOf(losses + 1);
}

/** The first bet's share: a version that is bad is mostly bad at once. */
const FIRST_BET = 0.6;

/**
 * The share that the j-th bet on a change has of the whole (rollback-test.ts): all of them sum to 1.
 *
 * @param j  1, 2, 3, …
 */
export function shareOfRestart(j: number): number {
  return j === 1 ? FIRST_BET : (1 - FIRST_BET) / (j * (j - 1));
}
