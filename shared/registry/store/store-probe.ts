/**
 * Whether a store keeps the conditions of writes. All that moves here rests on them (claims, the champion alias, the
 * history), and some servers take the headers and ignore them: then of fifty promotions at once all win.
 *
 * A store is tried once, before the first write to it; `store.json` says so from then on.
 */
import { randomHex } from '../../digest.ts';
import { err, ok, type Result } from '../../result.ts';
import { encodeJson } from './json.ts';
import { keys } from './keys.ts';
import type { ObjectStore } from './store.ts';

const encoder = new TextEncoder();

/**
 * Tries the conditions of a store that nobody has tried: creates an object twice, and swaps it twice for the same
 * content. Two at once may both try it.
 *
 * @returns what the store ignores, in one sentence
 */
export async function ensureConditions(store: ObjectStore, now: Date): Promise<Result<null, string>> {
  if ((await store.get(keys.storeMark)) !== null) return ok(null);
  const problem = await tryConditions(store);
  if (problem !== null) return err(problem);
  const mark = { format: 'holdfast-store/1', conditionalWrites: true, triedAt: now.toISOString() };
  await store.put(keys.storeMark, encodeJson(mark), { absent: true });
  return ok(null);
}

async function tryConditions(store: ObjectStore): Promise<string | null> {
  const key = keys.probe(randomHex(16));
  const write = (text: string, condition: Parameters<ObjectStore['put']>[2]) =>
    store.put(key, encoder.encode(text), condition);
  try {
    const created = await write('created', { absent: true });
    if (created === null) return `it refuses to create an object that is not there (If-None-Match: *)`;
    if ((await write('created twice', { absent: true })) !== null) {
      return 'it creates an object over one that is there: it ignores If-None-Match';
    }
    const swapped = await write('swapped', { etag: created.etag });
    if (swapped === null) return 'it refuses to swap an object that has not changed (If-Match)';
    if ((await write('swapped twice', { etag: created.etag })) !== null) {
      return 'it swaps an object that has changed since it was read: it ignores If-Match';
    }
    return null;
  } finally {
    await store.delete(key);
  }
}
