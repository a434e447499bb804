import { describe, expect, test } from 'vitest';
import { writeEvents } from '../../../shared/events/inbox.ts';
import { createModel } from '../../../shared/model/spec/load-spec.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { findLearningRate } from '../../../trainer/lr-find/find-rate.ts';
import { renderRateSearch } from '../../../trainer/lr-find/rate-page.ts';
import { plotSearch } from '../../../trainer/lr-find/rate-plot.ts';
import { concludeSearch, formatRate, type RateSearch } from '../../../trainer/lr-find/rate-search.ts';
import { rentEvents, rentSpec } from '../../support/regression-model.ts';
import { createBlobModel } from '../../support/tabular-model.ts';

const RANGE = { from: 1e-6, to: 1, steps: 100, fresh: false } as const;

async function find(store: ObjectStore, model: string, changes: object = {}): Promise<RateSearch> {
  const found = await findLearningRate({ store, model, ...RANGE, ...changes });
  if (!found.ok) throw new Error(found.error);
  return found.value;
}

describe('the search for a learning rate', () => {
  test('suggests one, the same again, and leaves no run behind', async () => {
    const store = createMemoryStore();
    await createBlobModel(store, 'blobs', { n: 900, seed: 1, fromMs: 0 });
    const told = new Set<string>();
    const search = await find(store, 'blobs', { onProgress: ({ step }: { step: string }) => told.add(step) });
    expect(search).toMatchObject({ model: 'blobs', parent: null, batchSize: 32, learningRate: 0.01 });
    expect(search.suggestion).toBeGreaterThan(1e-3);
    expect(search.suggestion).toBeLessThan(0.3);
    expect(told).toContain('rates');
    expect(await store.list(keys.jobs('run', 'blobs'))).toEqual([]);
    const again = await find(store, 'blobs', { snapshot: search.snapshot });
    expect({ ...again, seconds: 0 }).toEqual({ ...search, seconds: 0 });
  });

  test('takes augmented batches and targets that are numbers', async () => {
    const store = createMemoryStore();
    const spec = rentSpec('rents');
    const augmentation = { copies: 1, mixup: 0.2, noise: 0.1 };
    await createModel(store, { ...spec, training: { ...spec.training, augmentation } });
    await writeEvents(store, 'rents', rentEvents({ n: 900, seed: 1, fromMs: 0 }), new Date(0));
    const search = await find(store, 'rents');
    expect(search.suggestion).toBeGreaterThan(1e-4);
    expect(search.points.every(({ loss }) => loss >= 0)).toBe(true);
  });

  test('says by name what is missing', async () => {
    const store = createMemoryStore();
    expect(await findLearningRate({ store, model: 'nobody', ...RANGE })).toMatchObject({
      ok: false,
      error: 'there is no model "nobody"',
    });
    await createBlobModel(store, 'blobs', { n: 0, seed: 1, fromMs: 0 });
    expect(await findLearningRate({ store, model: 'blobs', ...RANGE })).toMatchObject({
      ok: false,
      error: expect.stringMatching(/^blobs has no labelled examples yet/) as string,
    });
    expect(await findLearningRate({ store, model: 'blobs', ...RANGE, snapshot: 'x' })).toMatchObject({
      ok: false,
      error: expect.stringContaining('snapshot x') as string,
    });
  });
});

const SEARCH: RateSearch = {
  format: 'holdfast-rate-search/1',
  model: 'm<',
  snapshot: 's',
  parent: null,
  examples: 10,
  batchSize: 4,
  seed: 1,
  learningRate: 0.001,
  points: [
    { rate: 1e-4, loss: 2 },
    { rate: 1e-3, loss: 1.5 },
    { rate: 1e-2, loss: 1 },
    { rate: 1e-1, loss: 90 },
  ],
  steps: 4,
  from: 1e-4,
  to: 0.1,
  suggestion: 1e-3,
  seconds: 1,
};

describe('what it shows', () => {
  test('a plot whose lowest point and suggestion stand where they belong', () => {
    const lines = plotSearch(SEARCH).split('\n');
    // 90 is cut at twice the first loss: the rest would be flat.
    expect(lines[0]).toMatch(/^ {4}4\.00 ┤ +│ +•$/);
    expect(lines[11]).toMatch(/^ {4}1\.00 ┤ +│ +•$/);
    expect(lines[0]?.indexOf('│')).toBe(10 + 20);
    expect(lines[13]).toMatch(/^ +0\.0001 +0\.0032 +0\.1$/);
  });

  test('a page that stands alone, with both rates and what comes from the model escaped', () => {
    const page = renderRateSearch(SEARCH);
    expect(page).toContain('m&lt;');
    expect(page).not.toMatch(/<script|https?:\/\//);
    expect(page).toContain('suggested');
    expect(page).toContain('the spec');
    expect(renderRateSearch({ ...SEARCH, suggestion: null })).not.toContain('suggested');
  });

  test('a sentence that says what to do', () => {
    expect(concludeSearch(SEARCH)).toContain('which is close');
    expect(concludeSearch({ ...SEARCH, suggestion: 0.02 })).toBe(
      'The loss fell fastest at 0.02; the spec trains with 0.001',
    );
    expect(concludeSearch({ ...SEARCH, suggestion: null, parent: 3 })).toContain('--fresh begins anew');
    expect(formatRate(0.00123)).toBe('0.0012');
    expect(formatRate(1.26e-5)).toBe('1.3e-5');
  });
});
