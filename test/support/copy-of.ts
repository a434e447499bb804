import { createMemoryStore } from '../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';

/** Another store with the same objects. */
export async function copyOf(store: ObjectStore): Promise<ObjectStore> {
  const copy = createMemoryStore();
  for (const key of await store.list(''))
    await copy.put(key, (await store.get(key))?.bytes ?? new Uint8Array());
  return copy;
}
