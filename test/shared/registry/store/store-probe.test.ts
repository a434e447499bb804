import { describe, expect, test } from 'vitest';
import { keys } from '../../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import { ensureConditions } from '../../../../shared/registry/store/store-probe.ts';
import type { ObjectStore, PutCondition } from '../../../../shared/registry/store/store.ts';
import { guardStore } from '../../../../trainer/node/guarded-store.ts';

const NOW = new Date('2026-11-30T12:00:00Z');
const BYTES = new Uint8Array([1]);

/** Takes conditions that `ignores` says and does not keep them, as some servers do. */
function createCarelessStore(ignores: (condition: PutCondition) => boolean): ObjectStore {
  const store = createMemoryStore();
  return {
    ...store,
    put: (key, bytes, condition) =>
      condition !== undefined && ignores(condition)
        ? store.put(key, bytes)
        : store.put(key, bytes, condition),
  };
}

describe('a store that nobody has tried', () => {
  test('is marked once it has kept its conditions, and nothing else is left behind', async () => {
    const store = createMemoryStore();
    expect(await ensureConditions(store, NOW)).toEqual({ ok: true, value: null });
    expect(await store.list('')).toEqual([keys.storeMark]);
  });

  test.each([
    ['If-None-Match', (condition: PutCondition) => 'absent' in condition],
    ['If-Match', (condition: PutCondition) => 'etag' in condition],
    ['If-None-Match', () => true],
  ])('and ignores %s is refused by name, and nothing is left behind', async (header, ignores) => {
    const store = createCarelessStore(ignores);
    expect(await ensureConditions(store, NOW)).toMatchObject({ error: expect.stringContaining(header) });
    expect(await store.list('')).toEqual([]);
  });
});

test('a guarded store is tried before its first write, once, and by many at once', async () => {
  const puts: string[] = [];
  const store = createMemoryStore();
  const counted = {
    ...store,
    put: (key: string, bytes: Uint8Array, condition?: PutCondition) => {
      puts.push(key);
      return store.put(key, bytes, condition);
    },
  };
  const guarded = guardStore(counted, 's3://models');
  expect(await guarded.get('a')).toBeNull();
  expect(puts).toEqual([]);
  await Promise.all(['a', 'b', 'c'].map((key) => guarded.put(key, BYTES)));
  expect(puts.filter((key) => key.startsWith('probe/'))).toHaveLength(4);
  await guardStore(counted, 's3://models').put('d', BYTES);
  expect(puts.filter((key) => key.startsWith('probe/'))).toHaveLength(4);
});

test('a careless store is read and never written to; an outage is no verdict', async () => {
  const careless = createCarelessStore(() => true);
  await careless.put('old', BYTES);
  const guarded = guardStore(careless, 's3://models at http://careless.example');
  expect((await guarded.get('old'))?.bytes).toEqual(BYTES);
  for (const write of [() => guarded.put('new', BYTES), () => guarded.delete('old')]) {
    await expect(write()).rejects.toThrow(
      /s3:\/\/models at http:\/\/careless\.example can't hold a registry: .*ignores/,
    );
  }
  expect(await careless.list('')).toEqual(['old']);

  let isDown = true;
  const store = createMemoryStore();
  const flaky = {
    ...store,
    get: async (key: string) => (isDown ? Promise.reject(new Error('down')) : store.get(key)),
  };
  const patient = guardStore(flaky, 's3://models');
  await expect(patient.put('a', BYTES)).rejects.toThrow('down');
  isDown = false;
  await patient.put('a', BYTES);
  expect(await store.list('')).toEqual(['a', keys.storeMark]);
});
