/**
 * Stores that fail on purpose: for tests of what survives a crash.
 */
import type { ObjectStore } from '../../shared/registry/store/store.ts';

export class Crash extends Error {
  override readonly name = 'Crash';
}

/** `before`: the call has no effect. `after`: it took effect, but its answer never came. */
export type CrashSide = 'before' | 'after';

/** The store, until its `k`-th call (counted from 1) crashes, and every call after it too: the process is gone. */
export function crashAt(store: ObjectStore, k: number, side: CrashSide): ObjectStore {
  let calls = 0;
  return wrapStore(store, async (_name, call) => {
    calls += 1;
    if (calls < k) return call();
    if (calls === k && side === 'after') await call();
    throw new Crash(`call ${k}`);
  });
}

/** Passes every call of a store through `around`. */
export function wrapStore(
  store: ObjectStore,
  around: <T>(name: keyof ObjectStore, call: () => Promise<T>) => Promise<T>,
): ObjectStore {
  return {
    get: (key) => around('get', () => store.get(key)),
    getRange: (key, offset, length) => around('getRange', () => store.getRange(key, offset, length)),
    put: (key, bytes, condition) => around('put', () => store.put(key, bytes, condition)),
    list: (prefix) => around('list', () => store.list(prefix)),
    folders: (prefix) => around('folders', () => store.folders(prefix)),
    delete: (key) => around('delete', () => store.delete(key)),
  };
}

/**
 * Runs an operation once for every place where it can crash, each time on a world of its own, and then `check`.
 * Ends when the operation gets through without meeting the crash. Returns how many places there were.
 */
export async function crashEverywhere<World extends { readonly store: ObjectStore }>(
  setUp: () => Promise<World>,
  operation: (store: ObjectStore, world: World) => Promise<unknown>,
  check: (world: World, place: string) => Promise<void>,
): Promise<number> {
  for (let k = 1; ; k++) {
    for (const side of ['before', 'after'] as const) {
      const world = await setUp();
      const crashed = await crashes(operation(crashAt(world.store, k, side), world));
      if (!crashed) return k - 1;
      await check(world, `${side} call ${k}`);
    }
  }
}

async function crashes(operation: Promise<unknown>): Promise<boolean> {
  try {
    await operation;
    return false;
  } catch (error) {
    if (error instanceof Crash) return true;
    throw error;
  }
}

const WRITES: ReadonlySet<keyof ObjectStore> = new Set(['put', 'delete']);

/** As `crashAt`, counting puts and deletes only: what a long pipeline can be interrupted between. */
export function crashAtWrite(store: ObjectStore, k: number, side: CrashSide): ObjectStore {
  let writes = 0;
  return wrapStore(store, async (name, call) => {
    if (WRITES.has(name)) writes += 1;
    if (writes < k) return call();
    if (writes === k && side === 'after') await call();
    throw new Crash(`write ${k}`);
  });
}

/** Counts the puts and deletes that go through. */
export function countWrites(store: ObjectStore): ObjectStore & { readonly writes: () => number } {
  let writes = 0;
  const counted = wrapStore(store, (name, call) => {
    if (WRITES.has(name)) writes += 1;
    return call();
  });
  return { ...counted, writes: () => writes };
}
