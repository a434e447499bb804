import { beforeAll, describe, expect, test } from 'vitest';
import { trainingSchema } from '../../../shared/model/spec/training.ts';
import { encodeJson, loadJson } from '../../../shared/registry/store/json.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { manifestSchema } from '../../../shared/registry/versions/manifest.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { loadRecipe, sameRecipe } from '../../../trainer/recipes/recipe.ts';
import { runJob } from '../../../trainer/node/job.ts';
import { copyOf } from '../../support/copy-of.ts';
import { createBlobModel } from '../../support/tabular-model.ts';
import type { RecipeSettings } from '../../../trainer/run/split-backend.ts';

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

describe('the recipe of a version', () => {
  const MODEL = 'blobs';
  const base = createMemoryStore();
  const load = (store: ObjectStore) => loadRecipe(store, MODEL, 1);
  const removeRuns = async (store: ObjectStore): Promise<void> => {
    for (const key of await store.list(keys.jobs('run', MODEL))) await store.delete(key);
  };

  beforeAll(async () => {
    await createBlobModel(base, MODEL, { n: 300, seed: 1, fromMs: Date.parse('2026-11-01T00:00:00Z') });
    const run = await runJob({ store: base, model: MODEL, by: 'a test', promote: false });
    if (!run.ok || run.value.status !== 'complete') throw new Error('expected a version');
  });

  test('is the version’s own: its run may be gone', async () => {
    const store = await copyOf(base);
    await removeRuns(store);
    expect(await load(store)).toEqual(await load(base));
    expect(await load(base)).toMatchObject({ ok: true, value: { version: 1, training: { epochs: 12 } } });
  });

  test('of one from before versions kept it is its run’s', async () => {
    const store = await copyOf(base);
    const key = keys.manifest(MODEL, 1);
    const loaded = await loadJson(store, key, manifestSchema);
    if (!loaded.ok) throw new Error('expected a manifest');
    const { provenance: _, ...older } = loaded.value.value;
    await store.put(key, encodeJson(older));
    await store.delete(keys.provenance(MODEL, 1));
    expect(await load(store)).toEqual(await load(base));
    await removeRuns(store);
    expect(await load(store)).toMatchObject({
      ok: false,
      error: expect.stringMatching(/^the recipe of version 1 is not known: .*spec\.json/) as string,
    });
  });

  test('is not read from what was altered since', async () => {
    const store = await copyOf(base);
    const key = keys.provenance(MODEL, 1);
    const text = new TextDecoder().decode((await store.get(key))?.bytes);
    await store.put(key, new TextEncoder().encode(text.replace('"epochs": 12', '"epochs": 13')));
    expect(await load(store)).toMatchObject({
      ok: false,
      error: expect.stringContaining('expected SHA-256') as string,
    });
  });
});
