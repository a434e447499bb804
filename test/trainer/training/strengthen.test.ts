import { expect, test } from 'vitest';
import { trainingSchema } from '../../../shared/model/spec/training.ts';
import { strengthen } from '../../../trainer/training/distillation.ts';

test('the retry agrees with the champion so many times as strongly, and changes nothing else', () => {
  const recipe = trainingSchema.parse({ epochs: 7, retry: { strength: 3 }, distillation: { right: 2 } });
  const stronger = strengthen(recipe);
  expect(stronger).toEqual({
    ...recipe,
    distillation: { ...recipe.distillation, kind: 'focal', weight: 1.5 },
  });
});

test.each(['none', 'plain'] as const)('%s becomes focal', (kind) => {
  const recipe = trainingSchema.parse({ distillation: { kind } });
  expect(strengthen(recipe)?.distillation).toMatchObject({ kind: 'focal', base: 0, right: 1 });
});

test('what is as strong as can be is not strengthened', () => {
  const most = trainingSchema.parse({ distillation: { weight: 100 } });
  expect(strengthen(most)).toBeNull();
  const nearly = trainingSchema.parse({ distillation: { weight: 90 } });
  expect(trainingSchema.parse(strengthen(nearly)).distillation.weight).toBe(100);
});
