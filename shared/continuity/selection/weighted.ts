/**
 * Two versions compared on labels that are a selection: each example counts by what it stands for (Horvitz & Thompson
 * 1952, JASA 47:663; as a ratio of sums, Hájek 1971). And what is decided where that says something else than the plain
 * comparison.
 */
import {
  compareAnswers,
  type ChallengerComparison,
  type ComparisonOutcome,
  type Judgement,
  judgeChallenger,
} from '../referee/challenger-comparison.ts';
import type { PairedExamples } from '../referee/units.ts';
import type { Propensity } from './propensity.ts';

/** Nothing is known of an example that was no prediction: it stands for itself. */
export type Served = 'right' | 'wrong' | null;

export interface WeightedFinding {
  /** mean difference of what answers are worth, over all predictions that the labelled ones stand for */
  readonly mean: number;
  readonly finding: ComparisonOutcome;
}

/** Standard errors by which the worth of labels may be mistaken, on any night: whatever is shown holds at either end. */
const MISTAKEN = 3;
/** Where so many of the predictions have their label, the rest changes nothing. */
const COMPLETE = 0.98;

/**
 * @param served  whether what was served was right, [n]
 * @param floor   the mean that the challenger must be shown to exceed
 * @param level   of a wrong promotion, over all looks
 * @returns null where the labels are complete, or nothing is known of how they are selected
 */
export function judgeWeighted(
  examples: PairedExamples,
  served: readonly Served[],
  propensity: Propensity | null,
  floor: number,
  level: number,
): WeightedFinding | null {
  if (propensity === null || propensity.coverage >= COMPLETE) return null;
  const { differences } = examples;
  const worth = worthOf(served, propensity, 0);
  const total = sum(worth);
  const mean = total === 0 ? 0 : sum(differences.map((d, i) => d * (worth[i] as number))) / total;
  // A challenger wins where what served was wrong: the more a right answer stands for, the less it has won.
  const [least, most] = [worthOf(served, propensity, MISTAKEN), worthOf(served, propensity, -MISTAKEN)];
  if (judgeChallenger(compareAbove(examples, least, floor), 0, level).finding === 'better')
    return { mean, finding: 'better' };
  const isWorse =
    mean <= floor && judgeChallenger(compareAbove(examples, most, 0), 0, level).finding === 'worse';
  return { mean, finding: isWorse ? 'worse' : 'open' };
}

/** What each labelled example stands for, [n]. @param errors  standard errors by which a right answer is worth more */
function worthOf(
  served: readonly Served[],
  { right, wrong, error }: Propensity,
  errors: number,
): Float64Array {
  const ofRight = Math.max(1, 1 / right + errors * error);
  return Float64Array.from(served, (each) => (each === null ? 1 : each === 'right' ? ofRight : 1 / wrong));
}

/** The weighted mean is above `from` where that of `w (d - from)` is above 0, and this is a mean like any other. */
function compareAbove(examples: PairedExamples, worth: Float64Array, from: number): ChallengerComparison {
  const most = worth.reduce((max, value) => Math.max(max, value), 1) * (1 + Math.abs(from));
  const differences = examples.differences.map((d, i) => ((d - from) * (worth[i] as number)) / most);
  return compareAnswers({ ...examples, differences });
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

export interface SelectionDecision {
  readonly judgement: Judgement;
  /** the two disagree, and nothing is decided yet */
  readonly held: boolean;
  /** nights on which they disagreed, this one included */
  readonly nights: number;
}

/**
 * The plain comparison decides where labels are complete. Where they are not, both have to say the same; where they do
 * not, nothing is decided for so many nights, and then the weighted one decides. So nothing is held for ever, and nothing
 * that selection alone has shown is ever believed.
 *
 * @param nights  on which the two disagreed before this one, in a row
 * @param most    nights that are waited (`selection.nights`)
 */
export function decideSelection(
  plain: Judgement,
  weighted: WeightedFinding | null,
  nights: number,
  most: number,
): SelectionDecision {
  if (weighted === null || weighted.finding === plain.finding)
    return { judgement: plain, held: false, nights: 0 };
  const held = nights < most;
  const finding = held ? 'open' : weighted.finding;
  return { judgement: { ...plain, finding }, held, nights: nights + 1 };
}
