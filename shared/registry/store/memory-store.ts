/**
 * An object store in memory: for tests, and for trying the pipeline without a bucket. Nothing here is durable.
 */
import { sha256Hex } from '../../digest.ts';
import type { ObjectStore, PutCondition, StoredObject } from './store.ts';

/** An empty store. It keeps the contract of every store, conditions and strong ETags included. */
export function createMemoryStore(): ObjectStore {
  const objects = new Map<string, StoredObject>();
  const sortedKeys = (): string[] => [...objects.keys()].sort();

  return {
    async get(key) {
      const object = objects.get(key);
      return object === undefined ? null : { bytes: object.bytes.slice(), etag: object.etag };
    },
    async getRange(key, offset, length) {
      return objects.get(key)?.bytes.slice(offset, offset + length) ?? null;
    },
    async put(key, bytes, condition) {
      if (!holds(objects.get(key), condition)) return null;
      const etag = sha256Hex(bytes);
      objects.set(key, { bytes: new Uint8Array(bytes), etag });
      return { etag };
    },
    async list(prefix) {
      return sortedKeys().filter((key) => key.startsWith(prefix));
    },
    async folders(prefix) {
      const below = sortedKeys().filter((key) => key.startsWith(prefix) && key.includes('/', prefix.length));
      return [...new Set(below.map((key) => key.slice(prefix.length, key.indexOf('/', prefix.length))))];
    },
    async delete(key) {
      objects.delete(key);
    },
  };
}

function holds(current: StoredObject | undefined, condition: PutCondition | undefined): boolean {
  if (condition === undefined) return true;
  return 'absent' in condition ? current === undefined : current?.etag === condition.etag;
}
