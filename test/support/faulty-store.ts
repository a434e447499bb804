/**
 * Stores that misbehave on purpose: the only kind of mock there is here.
 */
import type { ObjectStore } from '../../shared/registry/store.ts';

/** What a process that was killed looks like from inside: nothing after this happens. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/**
 * Lets `writes` puts and deletes through and throws at every one after them. Before or after the write is done,
 * because a process can die on either side of it.
 */
export function crashAfter(
  store: ObjectStore,
  writes: number,
  side: 'before' | 'after' = 'before',
): ObjectStore {
  let left = writes;
  const guard = async <T>(write: () => Promise<T>): Promise<T> => {
    left -= 1;
    if (left >= 0) return write();
    if (left === -1 && side === 'after') await write();
    throw new Crash(`the process died ${side} write ${writes + 1}`);
  };
  return {
    ...store,
    put: (...args) => guard(() => store.put(...args)),
    delete: (key) => guard(() => store.delete(key)),
  };
}

/** Counts the puts and deletes that go through. */
export function countWrites(store: ObjectStore): ObjectStore & { readonly writes: () => number } {
  let writes = 0;
  return {
    ...store,
    put: (...args) => ((writes += 1), store.put(...args)),
    delete: (key) => ((writes += 1), store.delete(key)),
    writes: () => writes,
  };
}
