import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { createS3Store } from '../../../trainer/node/s3-store.ts';
import { checkStore, isFit } from '../../../trainer/node/store-checks.ts';
import { LOCAL_KEYS, type LocalS3, startLocalS3 } from './local-s3.ts';

let local: LocalS3;
beforeAll(async () => {
  local = await startLocalS3();
});
afterAll(() => local.close());

const OPTIONS = { writers: 12, objects: 60, now: () => performance.now() };

async function unfit(store: ObjectStore): Promise<string[]> {
  const checks = await checkStore(store, OPTIONS);
  return checks.flatMap(({ name, finding }) => (finding === 'unfit' ? [name] : []));
}

/** A store with one fault. */
const faulty = (fault: (store: ObjectStore) => Partial<ObjectStore>): ObjectStore => {
  const store = createMemoryStore();
  return { ...store, ...fault(store) };
};

describe('checkStore', () => {
  it.each([
    ['a map in memory', () => createMemoryStore()],
    [
      'the local S3 endpoint',
      () => createS3Store({ bucket: 'holdfast', endpoint: local.endpoint, credentials: LOCAL_KEYS }),
    ],
  ])('finds %s fit, and leaves nothing behind', async (_, open) => {
    const store = open();
    const checks = await checkStore(store, OPTIONS);
    expect(checks.filter(({ finding }) => finding !== 'ok')).toEqual([]);
    expect(isFit(checks)).toBe(true);
    expect(await store.list('')).toEqual([]);
  });

  it.each<[string, (store: ObjectStore) => Partial<ObjectStore>, string]>([
    [
      'ignores If-None-Match',
      (store) => ({
        put: (key, bytes, condition) =>
          condition !== undefined && 'absent' in condition
            ? store.put(key, bytes)
            : store.put(key, bytes, condition),
      }),
      'a create does not overwrite',
    ],
    [
      'ignores If-Match',
      (store) => ({
        put: (key, bytes, condition) =>
          condition !== undefined && 'etag' in condition
            ? store.put(key, bytes)
            : store.put(key, bytes, condition),
      }),
      'of many swappers one wins a round',
    ],
    [
      'compares first and writes later',
      (store) => ({
        put: async (key, bytes, condition) => {
          const present = await store.get(key);
          await new Promise((resolve) => setTimeout(resolve, 2));
          if (condition === undefined) return store.put(key, bytes);
          const holds = 'absent' in condition ? present === null : present?.etag === condition.etag;
          return holds ? store.put(key, bytes) : null;
        },
      }),
      'of many creators one wins',
    ],
    [
      'reads what was there before',
      (store) => {
        const before = new Map<string, Uint8Array>();
        return {
          get: async (key) => {
            const now = await store.get(key);
            const old = before.get(key);
            if (now !== null) before.set(key, now.bytes);
            return now !== null && old !== undefined ? { ...now, bytes: old } : now;
          },
        };
      },
      'what is written is read',
    ],
    [
      'has weak ETags',
      (store) => ({
        get: async (key) => {
          const found = await store.get(key);
          return found === null ? null : { ...found, etag: `W/"${found.etag}"` };
        },
      }),
      'an ETag changes with the content',
    ],
    [
      'lists one page',
      (store) => ({ list: async (prefix) => (await store.list(prefix)).slice(0, 50) }),
      'a list has every key, and the newest',
    ],
    [
      'answers a range with everything',
      (store) => ({ getRange: async (key) => (await store.get(key))?.bytes ?? null }),
      'a range is what was asked for',
    ],
  ])('finds out a store that %s', async (_, fault, check) => {
    expect(await unfit(faulty(fault))).toContain(check);
  });

  it('calls a store slow that limits the writes of one key, and fit', async () => {
    const store = faulty((own) => ({
      put: async (key, bytes, condition) => {
        if (key.endsWith('/row') && (await own.get(key)) !== null) throw new Error('10058: reduce your rate');
        return own.put(key, bytes, condition);
      },
    }));
    const checks = await checkStore(store, OPTIONS);
    expect(checks.at(-1)).toMatchObject({ finding: 'slow', detail: expect.stringContaining('10058') });
    expect(isFit(checks)).toBe(true);
  });
});
