/**
 * What we rely on of an object store, tried on it, as Elasticsearch's repository analysis does: whether a write that must
 * not overwrite is refused, whether of many writers one wins, whether what was written is read. A store that fails here
 * loses promotions or runs two at once, and says nothing.
 */
import { randomUUID } from 'node:crypto';
import { keys as storageKeys } from '../../shared/registry/store/keys.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';

export type StoreFinding = 'ok' | 'slow' | 'unfit';

export interface StoreCheck {
  /** In words: `one of 100 creators wins`. */
  readonly name: string;
  readonly finding: StoreFinding;
  /** What was seen; where it is not ok, what it means. */
  readonly detail: string;
  readonly ms: number;
}

export interface CheckOptions {
  /** Who create or swap one key at the same time. */
  readonly writers: number;
  /** Objects of the listing: S3 gives 1,000 a page. */
  readonly objects: number;
  readonly now: () => number;
  readonly onCheck?: (check: StoreCheck) => void;
}

export const FULL_CHECKS = { writers: 100, objects: 1_005 } as const;

type Outcome = readonly [StoreFinding, string];
type Check = readonly [
  name: string,
  run: (store: ObjectStore, folder: string, options: CheckOptions) => Promise<Outcome>,
];

const CHECKS: readonly Check[] = [
  ['what is written is read', readAfterWrite],
  ['a create does not overwrite', createOnce],
  ['of many creators one wins', contendedCreate],
  ['a swap wants the object as it was', swapOnce],
  ['of many swappers one wins a round', contendedSwap],
  ['an ETag changes with the content', strongEtags],
  ['a range is what was asked for', ranges],
  ['a list has every key, and the newest', lists],
  ['one key takes writes in a row', writesInARow],
];

/**
 * Runs every check, the ones after a failed one too, and removes what they wrote.
 *
 * @returns their findings; a store that can't be reached throws its StoreError
 */
export async function checkStore(store: ObjectStore, options: CheckOptions): Promise<StoreCheck[]> {
  const folder = `${storageKeys.doctor}${randomUUID()}/`;
  const done: StoreCheck[] = [];
  try {
    for (const [name, run] of CHECKS) {
      const began = options.now();
      const [finding, detail] = await run(store, folder, options);
      const check = { name, finding, detail, ms: options.now() - began };
      options.onCheck?.(check);
      done.push(check);
    }
  } finally {
    for (const batch of chunks(await store.list(folder).catch((): string[] => []), 50))
      await Promise.all(batch.map((key) => store.delete(key).catch(() => undefined)));
  }
  return done;
}

/** Whether nothing speaks against using it. */
export function isFit(checks: readonly StoreCheck[]): boolean {
  return checks.every(({ finding }) => finding !== 'unfit');
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

async function textAt(store: ObjectStore, key: string): Promise<string | null> {
  const object = await store.get(key);
  return object === null ? null : new TextDecoder().decode(object.bytes);
}

async function readAfterWrite(store: ObjectStore, folder: string): Promise<Outcome> {
  const key = `${folder}read`;
  for (let i = 0; i < 10; i++) {
    await store.put(key, bytesOf(`value ${i}`));
    const read = await textAt(store, key);
    if (read !== `value ${i}`)
      return [
        'unfit',
        `write ${i + 1} was read as ${read === null ? 'nothing' : 'an older one'}: reads lag behind writes`,
      ];
  }
  await store.delete(key);
  return (await store.get(key)) === null
    ? ['ok', '10 writes, 10 reads, a removal']
    : ['unfit', 'what was removed is still read'];
}

async function createOnce(store: ObjectStore, folder: string): Promise<Outcome> {
  const key = `${folder}create`;
  const first = await store.put(key, bytesOf('first'), { absent: true });
  const second = await store.put(key, bytesOf('second'), { absent: true });
  const read = await textAt(store, key);
  if (first === null) return ['unfit', 'a create where nothing was is refused'];
  if (second !== null || read !== 'first')
    return [
      'unfit',
      'If-None-Match is ignored: a second create overwrote the first. A model, a version or a run would be lost without a word',
    ];
  return ['ok', 'the second of two is refused'];
}

async function contendedCreate(
  store: ObjectStore,
  folder: string,
  { writers }: CheckOptions,
): Promise<Outcome> {
  const key = `${folder}contended`;
  const outcomes = await Promise.all(
    Array.from({ length: writers }, (_, i) => store.put(key, bytesOf(`writer ${i}`), { absent: true })),
  );
  const winners = outcomes.flatMap((outcome, i) => (outcome === null ? [] : [i]));
  const read = await textAt(store, key);
  if (winners.length !== 1)
    return [
      'unfit',
      `${winners.length} of ${writers} were told that they created it: two runs would both believe themselves alone`,
    ];
  if (read !== `writer ${winners[0]}`) return ['unfit', 'the winner is not whose object is read'];
  return ['ok', `1 of ${writers} won, the others know that they lost`];
}

async function swapOnce(store: ObjectStore, folder: string): Promise<Outcome> {
  const key = `${folder}swap`;
  const first = await store.put(key, bytesOf('one'), { absent: true });
  if (first === null) return ['unfit', 'a create where nothing was is refused'];
  const stale = await store.put(key, bytesOf('two'), { etag: first.etag });
  const late = await store.put(key, bytesOf('three'), { etag: first.etag });
  const missing = await store.put(`${folder}nowhere`, bytesOf('x'), { etag: first.etag });
  if (stale === null) return ['unfit', 'a swap of what is there is refused: nothing could ever be promoted'];
  if (late !== null || (await textAt(store, key)) !== 'two')
    return [
      'unfit',
      'If-Match is ignored: a swap overwrote what had changed. Two promotions at once would both win',
    ];
  if (missing !== null) return ['unfit', 'a swap of what is not there made it'];
  return ['ok', 'a late one is refused, and so is one of nothing'];
}

const ROUNDS = 3;

async function contendedSwap(
  store: ObjectStore,
  folder: string,
  { writers }: CheckOptions,
): Promise<Outcome> {
  const key = `${folder}alias`;
  let etag = (await store.put(key, bytesOf('round 0'), { absent: true }))?.etag;
  for (let round = 1; round <= ROUNDS; round++) {
    if (etag === undefined) return ['unfit', 'a create where nothing was is refused'];
    const expected = etag;
    const outcomes = await Promise.all(
      Array.from({ length: writers }, (_, i) =>
        store.put(key, bytesOf(`round ${round} writer ${i}`), { etag: expected }),
      ),
    );
    const winners = outcomes.flatMap((outcome, i) => (outcome === null ? [] : [{ i, outcome }]));
    const [winner] = winners;
    if (winner === undefined || winners.length > 1)
      return [
        'unfit',
        `${winners.length} of ${writers} were told that they won a swap: two promotions at once would both say "promoted"`,
      ];
    if ((await textAt(store, key)) !== `round ${round} writer ${winner.i}`)
      return ['unfit', 'the winner is not whose object is read'];
    etag = winner.outcome.etag;
  }
  return ['ok', `${ROUNDS} rounds of ${writers}, one winner each`];
}

async function strongEtags(store: ObjectStore, folder: string): Promise<Outcome> {
  const key = `${folder}etag`;
  const seen = new Set<string>();
  for (let i = 0; i < 5; i++) {
    await store.put(key, bytesOf(`content ${i}`));
    const etag = (await store.get(key))?.etag ?? '';
    if (etag === '') return ['unfit', 'an object came without an ETag'];
    if (etag.startsWith('W/'))
      return ['unfit', `the ETag ${etag} is weak: something between here and the store rewrites it`];
    seen.add(etag);
  }
  return seen.size === 5
    ? ['ok', 'strong, 5 of 5 contents']
    : ['unfit', `5 contents had ${seen.size} ETags: a swap could not see a change`];
}

async function ranges(store: ObjectStore, folder: string): Promise<Outcome> {
  const key = `${folder}range`;
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 31) % 251);
  await store.put(key, bytes);
  for (const [offset, length, expected] of [
    [0, 10, 10],
    [50_000, 1_000, 1_000],
    [99_990, 100, 10],
    [100_000, 10, 0],
  ] as const) {
    const part = await store.getRange(key, offset, length);
    const wanted = bytes.subarray(offset, offset + length);
    if (part === null || part.byteLength !== expected || !part.every((byte, i) => byte === wanted[i]))
      return [
        'unfit',
        `bytes ${offset} to ${offset + length - 1} of 100,000 came as ${part === null ? 'nothing' : `${part.byteLength} bytes`}`,
      ];
  }
  return ['ok', 'from the start, the middle, over the end and behind it'];
}

async function lists(store: ObjectStore, folder: string, { objects }: CheckOptions): Promise<Outcome> {
  const prefix = `${folder}list/`;
  const keys = Array.from(
    { length: objects },
    (_, i) => `${prefix}${i % 2 === 0 ? 'even' : 'odd'}/${String(i).padStart(5, '0')}`,
  );
  for (const batch of chunks(keys, 50)) await Promise.all(batch.map((key) => store.put(key, bytesOf(key))));
  const listed = await store.list(prefix);
  const folders = await store.folders(prefix);
  if (listed.length !== objects || new Set(listed).size !== objects)
    return [
      'unfit',
      `${objects} objects were written, ${new Set(listed).size} are listed: what is collected would be left out of a snapshot`,
    ];
  if (folders.join() !== 'even,odd')
    return ['unfit', `expected the folders even and odd, got ${folders.join(', ')}`];
  return ['ok', `${objects} keys, right after the last was written`];
}

const WRITES = 5;

/** R2 takes about one write a second to one key, and answers 429 beyond. */
async function writesInARow(store: ObjectStore, folder: string, { now }: CheckOptions): Promise<Outcome> {
  const key = `${folder}row`;
  const began = now();
  for (let i = 0; i < WRITES; i++) {
    try {
      await store.put(key, bytesOf(`write ${i}`));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return [
        'slow',
        `write ${i + 1} of ${WRITES} in a row was refused: progress is written less often there (${reason})`,
      ];
    }
  }
  const each = (now() - began) / WRITES;
  return each > 1_000
    ? ['slow', `${Math.round(each)} ms a write`]
    : ['ok', `${WRITES} in a row, ${Math.round(each)} ms each`];
}

function* chunks<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
