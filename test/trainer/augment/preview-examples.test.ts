import { expect, test } from 'vitest';
import { assignSide } from '../../../shared/events/holdout.ts';
import { createMemoryStore } from '../../../shared/registry/memory-store.ts';
import { readPreviewExamples } from '../../../trainer/augment/preview-examples.ts';
import { blobEvents, createBlobModel } from '../../support/tabular-model.ts';

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
