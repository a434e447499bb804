/**
 * What comparing two recipes over repeated random splits gives, and what follows from it.
 */
import * as z from 'zod';
import { correctedResampledT } from '../../shared/continuity/statistics/resampled-t.ts';
import { formatPoints } from '../../shared/continuity/format.ts';
import { specSchema } from '../../shared/model/spec.ts';
import type { Recipe } from './recipe.ts';
import type { Score } from './train-recipe.ts';

const recipeScoresSchema = z.object({
  version: z.int().min(1),
  head: specSchema.shape.head,
  training: specSchema.shape.training,
  /** accuracies, one a split */
  train: z.array(z.number()),
  test: z.array(z.number()),
});
export type RecipeScores = z.infer<typeof recipeScoresSchema>;

export const comparisonSchema = z.object({
  format: z.literal('holdfast-comparison/1'),
  model: z.string(),
  snapshot: z.string(),
  seed: z.int().min(0),
  splits: z.int().min(2),
  /** examples trained on and tested on, on average over the splits */
  trained: z.number(),
  tested: z.number(),
  recipes: z.tuple([recipeScoresSchema, recipeScoresSchema]),
  /** level of each of the interval's bounds */
  alpha: z.number(),
  /** mean test score of the second recipe less the first's, by the corrected resampled t interval */
  difference: z.object({ estimate: z.number(), lower: z.number(), upper: z.number() }),
  seconds: z.number().min(0),
});
export type Comparison = z.infer<typeof comparisonSchema>;

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
