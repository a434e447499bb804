/**
 * A store that is tried before it is first written to (store-probe.ts). Reading needs no trying: what is there can be
 * looked at and taken out, whatever the server ignores.
 */
import { ensureConditions } from '../../shared/registry/store/store-probe.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { StoreError } from './s3-errors.ts';

/**
 * @param name  of the store, for the refusal: `s3://models at http://127.0.0.1:9000`
 * @throws StoreError from the first write on, where the store ignores conditions; nothing is written then
 */
export function guardStore(store: ObjectStore, name: string): ObjectStore {
  let tried: Promise<void> | undefined;
  const ensureTried = (): Promise<void> => {
    // An outage is no answer: the next write tries again.
    tried ??= tryStore(store, name).catch((cause: unknown) => {
      tried = undefined;
      throw cause;
    });
    return tried;
  };
  return {
    get: (key) => store.get(key),
    getRange: (key, offset, length) => store.getRange(key, offset, length),
    list: (prefix) => store.list(prefix),
    folders: (prefix) => store.folders(prefix),
    async put(key, bytes, condition) {
      await ensureTried();
      return store.put(key, bytes, condition);
    },
    async delete(key) {
      await ensureTried();
      return store.delete(key);
    },
  };
}

async function tryStore(store: ObjectStore, name: string): Promise<void> {
  const tried = await ensureConditions(store, new Date());
  if (tried.ok) return;
  throw new StoreError(
    `${name} can't hold a registry: ${tried.error}. Two promotions at once would both win. Nothing was written; use a store with conditional writes (R2, S3, MinIO, Ceph)`,
  );
}
