import { expect, test } from 'vitest';
import { trainingSchema } from '../../../shared/model/training.ts';
import { type RecipeSettings, sameRecipe } from '../../../trainer/compare/recipe.ts';

const recipeOf = (training: object): RecipeSettings => ({
  head: [],
  training: trainingSchema.parse(training),
});

test('what is drawn, and what a second try would do, are no part of a recipe; all else is', () => {
  const recipe = recipeOf({});
  expect(sameRecipe(recipe, recipeOf({ seed: 7 }))).toBe(true);
  expect(sameRecipe(recipe, recipeOf({ retry: { flips: false } }))).toBe(true);
  expect(sameRecipe(recipe, recipeOf({ epochs: 7 }))).toBe(false);
});
