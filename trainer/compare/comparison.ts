/**
 * What comparing two recipes over repeated random splits gives, and what follows from it.
 */
import type { Interval } from '../../shared/continuity/statistics/interval.ts';
import { correctedResampledT } from '../../shared/continuity/statistics/resampled-t.ts';
import { formatPoints } from '../../shared/continuity/format.ts';
import type { Recipe } from './recipe.ts';
import type { Score } from './train-recipe.ts';

export interface RecipeScores {
  readonly version: number;
  readonly head: Recipe['head'];
  readonly training: Recipe['training'];
  /** accuracies, one a split */
  readonly train: readonly number[];
  readonly test: readonly number[];
}

export interface Comparison {
  readonly format: 'holdfast-comparison/1';
  readonly model: string;
  readonly snapshot: string;
  readonly seed: number;
  readonly splits: number;
  /** examples trained on and tested on, on average over the splits */
  readonly trained: number;
  readonly tested: number;
  readonly recipes: readonly [RecipeScores, RecipeScores];
  /** level of each of the interval's bounds */
  readonly alpha: number;
  /** mean test score of the second recipe less the first's, by the corrected resampled t interval */
  readonly difference: Interval;
  readonly seconds: number;
}

/** Both recipes' scores on one split. */
export type SplitScore = readonly [Score, Score];

/**
 * Nadeau & Bengio 2003, Machine Learning 52:239-281: splits overlap, so the plain t interval is too narrow.
 *
 * @param scores  one pair a split, at least two
 */
export function summarizeSplits(
  recipes: readonly [Recipe, Recipe],
  scores: readonly SplitScore[],
  alpha: number,
): Pick<Comparison, 'splits' | 'trained' | 'tested' | 'recipes' | 'alpha' | 'difference'> {
  const trained = mean(scores.map(([first]) => first.trained));
  const tested = mean(scores.map(([first]) => first.tested));
  const scoresOf = (i: 0 | 1): RecipeScores => ({
    version: recipes[i].version,
    head: recipes[i].head,
    training: recipes[i].training,
    train: scores.map((pair) => pair[i].train),
    test: scores.map((pair) => pair[i].test),
  });
  return {
    splits: scores.length,
    trained: Math.round(trained),
    tested: Math.round(tested),
    recipes: [scoresOf(0), scoresOf(1)],
    alpha,
    difference: correctedResampledT(
      scores.map(([first, second]) => second.test - first.test),
      { testToTrain: tested / trained, resolution: 1 / tested },
      alpha,
    ),
  };
}

/** One sentence: which recipe is better and by how much at least, or that it was not shown. */
export function concludeComparison({ recipes: [first, second], difference }: Comparison): string {
  const points = (value: number): string => `${formatPoints(Math.abs(value))} points`;
  if (difference.lower > 0)
    return `The recipe of version ${second.version} is better by at least ${points(difference.lower)}`;
  if (difference.upper < 0)
    return `The recipe of version ${first.version} is better by at least ${points(difference.upper)}`;
  return `Neither recipe is shown to be better: version ${second.version}'s is at most ${points(difference.lower)} worse and at most ${points(difference.upper)} better`;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard deviation over the splits (n - 1). */
export function spread(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}
