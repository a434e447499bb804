import { expect, test } from 'vitest';
import { assignSide } from '../../../../trainer/pipeline/data/holdout.ts';
import { writeEvents } from '../../../../shared/events/inbox.ts';
import { createModel } from '../../../../shared/model/spec/load-spec.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import { readPreviewExamples } from '../../../../trainer/augment/preview/preview-examples.ts';
import { rentEvents, rentSpec } from '../../../support/regression-model.ts';
import { blobEvents, createBlobModel } from '../../../support/tabular-model.ts';

test('a preview shows training examples only, every label in turn', async () => {
  const store = createMemoryStore();
  const night = { n: 300, seed: 1, fromMs: 0 };
  const spec = await createBlobModel(store, 'blobs', night);
  const read = async (count: number, seed = 1) => {
    const request = { store, spec, count, seed, now: new Date(), onProgress: () => {} };
    const examples = await readPreviewExamples(request);
    if (!examples.ok) throw new Error(examples.error);
    return examples.value;
  };
  expect((await read(6)).map(({ label }) => label)).toEqual(['red', 'green', 'blue', 'red', 'green', 'blue']);
  expect(await read(6)).toEqual(await read(6));
  expect((await read(6, 2)).map(({ id }) => id)).not.toEqual((await read(6)).map(({ id }) => id));

  const sides = new Map(
    blobEvents(night).map(({ id, input }) => [
      id,
      assignSide(spec.salt, `input:${input.digest}`, { holdout: 0.2, validation: 0.1 }),
    ]),
  );
  const all = await read(1_000);
  expect(all.map(({ id }) => id).sort()).toEqual(
    [...sides].flatMap(([id, side]) => (side === 'train' ? [id] : [])).sort(),
  );
  expect(all.length).toBeLessThan(260);
});

test('a preview of a regression shows targets from everywhere, as numbers', async () => {
  const store = createMemoryStore();
  const spec = rentSpec('rents');
  await createModel(store, spec);
  await writeEvents(store, 'rents', rentEvents({ n: 300, seed: 1, fromMs: 0 }), new Date(0));
  const request = { store, spec, count: 40, seed: 1, now: new Date(), onProgress: () => {} };
  const examples = await readPreviewExamples(request);
  if (!examples.ok) throw new Error(examples.error);
  const targets = examples.value.map(({ label }) => Number(label));
  const all = rentEvents({ n: 300, seed: 1, fromMs: 0 }).map(({ label }) => label);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  expect(Math.max(...targets)).toBeGreaterThan(least + 0.7 * (most - least));
  expect(Math.min(...targets)).toBeLessThan(least + 0.3 * (most - least));
});
