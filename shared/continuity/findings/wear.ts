/**
 * Holdouts wear out: a window that is judged night after night lets a bad candidate through by chance sooner or later,
 * and each verdict teaches the next candidate a little about it. So a window's level is spent over its life: its k-th
 * decision is taken at level alpha / k.
 *
 * Over K decisions a window then admits at most alpha (1 / 1 + 1 / 2 + … + 1 / K) < alpha (1 + ln K) candidates worse
 * than its margin, expected: 0.32 in a year of nights at alpha = 0.05, where alpha at every night admits 18. Nothing is
 * lost on a window's first decision, and the bounds widen like sqrt(2 ln k): by 2.2 times after a year.
 *
 * Alpha-spending: K. K. G. Lan & D. L. DeMets 1983, Biometrika 70:659-663. Reuse of holdouts: A. Blum & M. Hardt 2015,
 * "The Ladder", arXiv:1502.04585. docs/continuity.md has the simulation, beside the ladder and an even division.
 */
import { tangoInterval } from '../statistics/tango.ts';
import type { Interval, PairedCounts } from '../statistics/interval.ts';
import { upperNormalPoint } from '../statistics/normal.ts';

/** What wear is read from: each window's earlier decisions. */
export interface Worn {
  readonly decisions?: number;
}

/** No window is looked further ahead than ten years of nights. */
export const LONGEST_LIFE = 3_650;

/**
 * The level at which a check over these windows is judged: that of the one which has served most.
 *
 * @param guarded  false judges every night at `alpha`
 */
export function levelFor(
  windows: readonly Worn[],
  { alpha, guarded }: { alpha: number; guarded: boolean },
): number {
  return guarded ? spentLevel(alpha, mostDecisions(windows)) : alpha;
}

/** Level of the decision after `decisions` earlier ones. */
export function spentLevel(alpha: number, decisions: number): number {
  return alpha / (decisions + 1);
}

/** Upper limit of how many candidates worse than a margin a window has admitted in so many decisions, expected. */
export function expectedAdmissions(alpha: number, decisions: number): number {
  let sum = 0;
  for (let k = 1; k <= decisions; k++) sum += alpha / k;
  return sum;
}

export function mostDecisions(windows: readonly Worn[]): number {
  return windows.reduce((most, { decisions = 0 }) => Math.max(most, decisions), 0);
}

/**
 * How many more decisions a window has in it: until a candidate exactly as good as the champion, disagreeing as often
 * as this one, would be held because the level has become too strict for the window's size.
 *
 * @param counts     this candidate's disagreements on the window
 * @param margin     what must be cleared, above 0
 * @returns 0 when the window is already too small; 3,650 when it lasts longer than that
 */
export function decisionsLeft(
  counts: PairedCounts,
  margin: number,
  alpha: number,
  decisions: number,
): number {
  const even = (counts.gains + counts.losses) / 2;
  const passes = (served: number): boolean =>
    tangoInterval({ gains: even, losses: even, n: counts.n }, spentLevel(alpha, served)).lower > -margin;
  return countWhile((served) => passes(decisions + served));
}

/**
 * The same by a rise of the error: the bound of an equally good candidate is as far from its estimate as this one's,
 * on the logarithmic scale, and widens with the normal point of the level.
 *
 * @param rise   of this candidate, with its upper bound at `level`; null where none could be drawn
 * @returns 0 when the window is already too small; 3,650 when it lasts longer than that
 */
export function riseDecisionsLeft(
  rise: Interval | null,
  level: number,
  margin: number,
  alpha: number,
  decisions: number,
): number {
  if (rise === null) return 0;
  const deviation = Math.log((1 + rise.upper) / (1 + rise.estimate)) / upperNormalPoint(level);
  return countWhile(
    (served) => upperNormalPoint(spentLevel(alpha, decisions + served)) * deviation <= Math.log(1 + margin),
  );
}

/** How many times in a row it is true, from 0 on, looked up to the longest life; once false, it stays so. */
function countWhile(passes: (served: number) => boolean): number {
  let left = 0;
  let end = LONGEST_LIFE;
  while (left < end) {
    const middle = (left + end) >> 1;
    if (passes(middle)) left = middle + 1;
    else end = middle;
  }
  return left;
}
