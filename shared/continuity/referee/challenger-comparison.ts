/**
 * A challenger beside the champion on what came in since both were trained: what was seen, and what it shows.
 */
import { describeTally, logWealth, mirrorTally, type Tally } from '../statistics/e-process.ts';
import { growthToSettle } from '../statistics/growth.ts';
import { type PairedExamples, tallyUnits, unitsOf } from './units.ts';

/** Two versions on the same examples; sums only, so that parts can be put together. */
export interface ChallengerComparison {
  /** examples that both answered */
  readonly n: number;
  /** of these, only the challenger right, and only the champion right; for numbers: clearly closer */
  readonly gains: number;
  readonly losses: number;
  /** mean difference of what answers are worth, over examples, in [-1, 1] */
  readonly mean: number;
  readonly units: Tally;
  /** length of the blocks in which the correlation of neighbours in time was measured; 1 where there is none */
  readonly blockLength: number;
  /** what one of them is worth, in (0, 1] */
  readonly share: number;
}

export const NOTHING_SEEN: ChallengerComparison = {
  n: 0,
  gains: 0,
  losses: 0,
  mean: 0,
  units: new Map(),
  blockLength: 1,
  share: 1,
};

/** @throws RangeError when lengths differ or a difference is outside [-1, 1] (a bug in the caller) */
export function compareAnswers(examples: PairedExamples): ChallengerComparison {
  const { differences } = examples;
  const n = differences.length;
  if (n === 0) return NOTHING_SEEN;
  let gains = 0;
  let losses = 0;
  let sum = 0;
  for (const value of differences) {
    if (value > 0) gains++;
    if (value < 0) losses++;
    sum += value;
  }
  const units = unitsOf(examples);
  const { blockLength, share } = units;
  return { n, gains, losses, mean: sum / n, units: tallyUnits(units), blockLength, share };
}

/** `better`: shown not worse than the margin, or better, as asked. `worse`: shown worse. `open`: neither. */
export type ComparisonOutcome = 'better' | 'worse' | 'open';

export interface Judgement {
  readonly finding: ComparisonOutcome;
  /** wealth against "worse than the margin", as a share of what decides, on the scale of logarithms: 1 decides */
  readonly progress: number;
  /** about so many more examples of the same kind would decide; null where they would not */
  readonly moreLabels: number | null;
}

/**
 * @param floor  the mean that the challenger must be shown to exceed: -0.01 for "at most a point worse", 0 for "better"
 * @param level  of a wrong promotion, over all looks. Dropping one that is no worse than the champion has the same
 */
export function judgeChallenger(comparison: ChallengerComparison, floor: number, level: number): Judgement {
  const { units, n } = comparison;
  const needed = Math.log(1 / level);
  const isBetter = betterTest(comparison, floor, needed);
  if (isBetter(1)) return { finding: 'better', progress: 1, moreLabels: 0 };
  const progress = Math.min(1, Math.max(0, logWealth(units, floor) / needed));
  const isWorse = worseTest(units, floor, needed);
  if (isWorse(1)) return { finding: 'worse', progress, moreLabels: null };
  const decides = (growth: number): boolean => isBetter(growth) || isWorse(growth);
  return { finding: 'open', progress, moreLabels: n === 0 ? null : labelsToSettle(decides, n) };
}

/**
 * Shown by the wealth that the mean over units exceeds the floor, and not contradicted by the mean over examples: the
 * many small units could win what a few large ones lose.
 */
function betterTest(
  { units, mean }: ChallengerComparison,
  floor: number,
  needed: number,
): (growth: number) => boolean {
  if (mean <= floor) return () => false;
  return (growth) => logWealth(units, floor, growth) >= needed;
}

/**
 * Shown worse than the champion, and by more than the margin as far as one can see. Not shown worse than the margin: one
 * that is exactly at the margin would never be dropped, nor promoted.
 */
function worseTest(units: Tally, floor: number, needed: number): (growth: number) => boolean {
  if (describeTally(units).mean > floor) return () => false;
  const mirrored = mirrorTally(units);
  return (growth) => logWealth(mirrored, Math.min(0, -floor), growth) >= needed;
}

function labelsToSettle(decides: (growth: number) => boolean, n: number): number | null {
  const growth = growthToSettle(decides);
  return growth === null ? null : Math.ceil((growth - 1) * n);
}
