/**
 * A challenger beside the champion on what came in since both were trained: what was seen, and what it shows.
 */
import { describeTally, logWealth, mirrorTally, type Tally, tallyOf } from '../statistics/e-process.ts';
import { growthToSettle } from '../statistics/growth.ts';
import { type PairedExamples, unitsOf } from './units.ts';

/** Two versions on the same examples; sums only, so that parts can be put together. */
export interface Comparison {
  /** examples that both answered */
  readonly n: number;
  /** of these, only the challenger right, and only the champion right; for numbers: clearly closer */
  readonly gains: number;
  readonly losses: number;
  /** mean difference of what answers are worth, over examples, in [-1, 1] */
  readonly mean: number;
  readonly units: Tally;
  /** neighbours in time that were taken for one unit */
  readonly blockLength: number;
}

export const NOTHING_SEEN: Comparison = {
  n: 0,
  gains: 0,
  losses: 0,
  mean: 0,
  units: new Map(),
  blockLength: 1,
};

/** @throws RangeError when lengths differ or a difference is outside [-1, 1] (a bug in the caller) */
export function compareAnswers(examples: PairedExamples): Comparison {
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
  const { means, blockLength } = unitsOf(examples);
  return { n, gains, losses, mean: sum / n, units: tallyOf(means), blockLength };
}

/** `better`: shown not worse than the margin, or better, as asked. `worse`: shown worse. `open`: neither. */
export type Finding = 'better' | 'worse' | 'open';

export interface Judgement {
  readonly finding: Finding;
  /** wealth against "worse than the margin", as a share of what decides, on the scale of logarithms: 1 decides */
  readonly progress: number;
  /** about so many more examples of the same kind would decide; null where they would not */
  readonly moreLabels: number | null;
}

/**
 * @param floor  the mean that the challenger must be shown to exceed: -0.01 for "at most a point worse", 0 for "better"
 * @param level  of a wrong promotion, over all looks; the mirror image, which drops a challenger, has the same
 */
export function judgeComparison({ units, n }: Comparison, floor: number, level: number): Judgement {
  const needed = Math.log(1 / level);
  const wealth = logWealth(units, floor);
  if (wealth >= needed) return { finding: 'better', progress: 1, moreLabels: 0 };
  const progress = Math.max(0, wealth / needed);
  const mirrored = mirrorTally(units);
  if (logWealth(mirrored, Math.min(0, -floor)) >= needed && describeTally(units).mean <= floor) {
    return { finding: 'worse', progress, moreLabels: null };
  }
  return { finding: 'open', progress, moreLabels: labelsToSettle(units, n, floor, needed) };
}

function labelsToSettle(units: Tally, n: number, floor: number, needed: number): number | null {
  if (n === 0) return null;
  const mirrored = mirrorTally(units);
  const growth = growthToSettle(
    (factor) => logWealth(units, floor, factor) >= needed || logWealth(mirrored, -floor, factor) >= needed,
  );
  return growth === null ? null : Math.ceil((growth - 1) * n);
}
