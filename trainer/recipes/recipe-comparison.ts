/**
 * What comparing two recipes over repeated random splits gives, and what follows from it.
 */
import * as z from 'zod';
import { correctedResampledT } from '../../shared/continuity/statistics/resampled-t.ts';
import { formatPercent, formatPoints, formatSignedPoints } from '../../shared/continuity/findings/format.ts';
import { hiddenLayerSchema } from '../../shared/model/spec/spec.ts';
import { trainingSchema } from '../../shared/model/spec/training.ts';
import { type Target, targetSchema } from '../../shared/registry/versions/manifest.ts';
import type { Recipe, SplitScore } from '../run/split-backend.ts';

const recipeScoresSchema = z.object({
  version: z.int().min(1),
  head: z.array(hiddenLayerSchema),
  training: trainingSchema,
  /** accuracies, or mean absolute errors in the target's unit, one a split */
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
  /** of a regression, whose scores are errors; null for a classification */
  target: z.nullable(targetSchema),
  /**
   * By how much the second recipe is better, mean over the splits, by the corrected resampled t interval: its test
   * accuracy less the first's; of a regression, the fall of the error in parts of the first's.
   */
  difference: z.object({ estimate: z.number(), lower: z.number(), upper: z.number() }),
  seconds: z.number().min(0),
});
export type RecipeComparison = z.infer<typeof comparisonSchema>;

/**
 * Nadeau & Bengio 2003, Machine Learning 52:239-281: splits overlap, so the plain t interval is too narrow.
 *
 * @param scores  one pair a split, at least two
 */
export function summarizeSplits(
  recipes: readonly [Recipe, Recipe],
  scores: readonly SplitScore[],
  alpha: number,
  target: Target | null,
): Pick<RecipeComparison, 'splits' | 'trained' | 'tested' | 'recipes' | 'alpha' | 'target' | 'difference'> {
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
    target,
    difference: correctedResampledT(
      scores.map(([first, second]) =>
        target === null ? second.test - first.test : fallOf(first.test, second.test),
      ),
      { testToTrain: tested / trained, resolution: target === null ? 1 / tested : 0 },
      alpha,
    ),
  };
}

/** In parts of what it was; an error of 0 can only rise, and counts as doubled where it does. */
function fallOf(before: number, after: number): number {
  if (before === 0) return after === 0 ? 0 : -1;
  return (before - after) / before;
}

/** One sentence: which recipe is better and by how much at least, or that it was not shown. */
export function concludeComparison({
  recipes: [first, second],
  difference,
  target,
}: Pick<RecipeComparison, 'recipes' | 'difference' | 'target'>): string {
  const size = (value: number): string =>
    `${formatPoints(Math.abs(value))} ${target === null ? 'points' : '%'}`;
  const isBetter = target === null ? 'is better by' : 'has a smaller error, by';
  if (difference.lower > 0)
    return `The recipe of version ${second.version} ${isBetter} at least ${size(difference.lower)}`;
  if (difference.upper < 0)
    return `The recipe of version ${first.version} ${isBetter} at least ${size(difference.upper)}`;
  const [worse, better] = target === null ? ['worse', 'better'] : ['larger', 'smaller'];
  const subject =
    target === null ? `version ${second.version}'s` : `the error of version ${second.version}'s`;
  return `Neither recipe is shown to be better: ${subject} is at most ${size(difference.lower)} ${worse} and at most ${size(difference.upper)} ${better}`;
}

/** A score as a person reads it: an accuracy in percent, an error in the target's unit. */
export function formatScore({ target }: Pick<RecipeComparison, 'target'>, score: number): string {
  if (target === null) return formatPercent(score);
  const number = String(Number(score.toPrecision(4)));
  return target.unit === undefined ? number : `${number} ${target.unit}`;
}

/** A difference or a bound of it, with its sign: `+1.2 points`, `+3.4 %`. */
export function formatDifference({ target }: Pick<RecipeComparison, 'target'>, value: number): string {
  return `${formatSignedPoints(value)} ${target === null ? 'points' : '%'}`;
}

/** The arithmetic mean; NaN of none. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard deviation over the splits (n - 1). */
export function spread(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}
