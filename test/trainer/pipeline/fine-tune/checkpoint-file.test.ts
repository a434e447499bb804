import { expect, test } from 'vitest';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import { dropCheckpoint, saveCheckpoint } from '../../../../trainer/pipeline/fine-tune/checkpoint-file.ts';
import { makeContext } from '../make-context.ts';

test('a checkpoint that somebody else removes at the same moment is removed', async () => {
  const store = createMemoryStore();
  const ctx = makeContext('r', store);
  const save = (at: number) =>
    saveCheckpoint(ctx, { state: { at }, parts: new Map([['best', async () => Uint8Array.of(at)]]) }, null);
  const [old, current] = [await save(1), await save(2)];
  const before = await store.list('');
  const get: typeof store.get = async (key) => {
    const object = await store.get(key);
    // The other step was as far, and is quicker now.
    if (key.includes(old)) await store.delete(key);
    return object;
  };
  await dropCheckpoint({ ...ctx, store: { ...store, get } }, old, current);
  const left = await store.list('');
  expect(before).toHaveLength(4);
  expect(left).toHaveLength(2);
  expect(left.some((key) => key.includes(current))).toBe(true);
});
