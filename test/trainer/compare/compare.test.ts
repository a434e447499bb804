import { beforeAll, describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { loadSpec, replaceSpec } from '../../../shared/model/spec/load-spec.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { compareRecipes } from '../../../trainer/compare/compare.ts';
import { describeRecipe } from '../../../trainer/recipes/recipe.ts';
import { runJob } from '../../../trainer/node/job.ts';
import { createBlobModel } from '../../support/tabular-model.ts';

const MODEL = 'blobs';

async function makeVersion(store: ObjectStore): Promise<void> {
  const run = await runJob({ store, model: MODEL, by: 'a test', promote: false });
  if (!run.ok || run.value.status !== 'complete') throw new Error('expected a version');
}

describe('two recipes over repeated splits', () => {
  const store = createMemoryStore();

  beforeAll(async () => {
    await createBlobModel(store, MODEL, { n: 800, seed: 1, fromMs: Date.parse('2026-11-01T00:00:00Z') });
    await makeVersion(store);
    const loaded = await loadSpec(store, MODEL);
    if (!loaded.ok) throw new Error(loaded.error.detail);
    const { spec } = loaded.value;
    const hasty = { ...spec.training, epochs: 1, learningRate: 0.0001 };
    await replaceSpec(store, loaded.value, { ...spec, training: hasty });
    await makeVersion(store);
  });

  const compare = (threads: number, changes: object = {}) =>
    compareRecipes({ store, model: MODEL, versions: [2, 1], splits: 3, seed: 7, threads, ...changes });

  test('each recipe is trained as its version was, and the better one is found', async () => {
    const before = await store.list('');
    const told: string[] = [];
    const compared = await compare(2, { onProgress: (_: number, message: string) => told.push(message) });
    if (!compared.ok) throw new Error(compared.error);
    const { recipes, difference, trained, tested } = compared.value;
    expect(recipes.map(({ version, training }) => [version, training.epochs])).toEqual([
      [2, 1],
      [1, 12],
    ]);
    expect(recipes[1].test.every((score) => score > 0.95)).toBe(true);
    expect(recipes.every(({ train, test }) => train.length === 3 && test.length === 3)).toBe(true);
    expect(difference.estimate).toBeGreaterThan(0.1);
    expect(tested / (trained + tested)).toBeCloseTo(0.2, 1);
    expect(told).toContain('3 of 3 splits');
    expect(await store.list('')).toEqual(before);
  });

  test('one thread or two, the scores are the same; another seed draws other splits', async () => {
    const [one, two, other] = [await compare(1), await compare(2), await compare(2, { seed: 8 })];
    if (!one.ok || !two.ok || !other.ok) throw new Error('expected comparisons');
    expect(two.value.recipes).toEqual(one.value.recipes);
    expect(other.value.recipes).not.toEqual(one.value.recipes);
  });

  test('a recipe with augmentation is trained with it', async () => {
    const loaded = await loadSpec(store, MODEL);
    if (!loaded.ok) throw new Error(loaded.error.detail);
    const { spec } = loaded.value;
    const augmentation = { copies: 1, mixup: 0, featureDropout: 0.9 };
    await replaceSpec(store, loaded.value, {
      ...spec,
      training: { ...spec.training, epochs: 12, augmentation },
    });
    await makeVersion(store);
    const compared = await compare(1, { versions: [1, 3], splits: 2 });
    if (!compared.ok) throw new Error(compared.error);
    const [plain, blinded] = compared.value.recipes;
    expect(describeRecipe(blinded)).toContain('; featureDropout 0.9');
    expect(describeRecipe(plain)).not.toContain('featureDropout');
    expect(Math.max(...blinded.test)).toBeLessThan(Math.min(...plain.test));
  });

  test('what is missing is said by name', async () => {
    expect(await compare(1, { versions: [1, 9] })).toMatchObject({
      ok: false,
      error: expect.stringContaining('no version 9') as string,
    });
    expect(await compare(1, { snapshot: 'nowhere' })).toMatchObject({
      ok: false,
      error: expect.stringContaining('snapshot nowhere') as string,
    });
    await store.delete(keys.provenance(MODEL, 1));
    expect(await compare(1)).toMatchObject({
      ok: false,
      error: expect.stringContaining('the recipe of version 1 is not known') as string,
    });
  });
});
