/**
 * A store whose reads fall through to another and whose writes stay under one prefix of it: whatever works in there
 * finds everything, and changes nothing.
 */
import type { ObjectStore, PutCondition } from '../../shared/registry/store/store.ts';

export interface ScratchOptions {
  /** Keys of the store below that are not there for whoever works in the scratch. */
  readonly hides?: (key: string) => boolean;
}

/**
 * @param prefix  ends in `/`; nothing else is written. What lies below can't be deleted: a delete of it does nothing.
 */
export function createScratchStore(
  below: ObjectStore,
  prefix: string,
  { hides = () => false }: ScratchOptions = {},
): ObjectStore {
  const seen = (key: string): boolean => !key.startsWith(prefix) && !hides(key);
  const getBelow = async (key: string) => (seen(key) ? below.get(key) : null);
  return {
    get: async (key) => (await below.get(`${prefix}${key}`)) ?? getBelow(key),
    getRange: async (key, offset, length) =>
      (await below.getRange(`${prefix}${key}`, offset, length)) ??
      (seen(key) ? below.getRange(key, offset, length) : null),
    async put(key, bytes, condition) {
      const own = `${prefix}${key}`;
      if (condition === undefined || (await below.get(own)) !== null) return below.put(own, bytes, condition);
      // The first write over what lies below: the condition is on that, and nobody may have come between.
      const present = await getBelow(key);
      return holds(present?.etag, condition) ? below.put(own, bytes, { absent: true }) : null;
    },
    async list(start) {
      const own = (await below.list(`${prefix}${start}`)).map((key) => key.slice(prefix.length));
      return union(own, (await below.list(start)).filter(seen));
    },
    folders: async (start) => union(await below.folders(`${prefix}${start}`), await below.folders(start)),
    delete: (key) => below.delete(`${prefix}${key}`),
  };
}

function holds(etag: string | undefined, condition: PutCondition): boolean {
  return 'absent' in condition ? etag === undefined : etag === condition.etag;
}

function union(a: readonly string[], b: readonly string[]): string[] {
  return [...new Set([...a, ...b])].sort();
}
