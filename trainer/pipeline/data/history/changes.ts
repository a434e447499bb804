/**
 * What changed in the history, step by step: sorted runs of entries, in order of time, each of which says what stands at
 * its place from then on. Runs are read side by side, a chunk of each at a time; of what several say about one place,
 * the newest counts.
 */
import { gunzip, gzip } from '../../../../shared/bytes.ts';
import { IndexDamage, type IndexPlace, loadFile, saveFile } from './index-files.ts';
import { byTimeThenId, type LabelledExample } from './join.ts';
import * as z from 'zod';

export interface Entry {
  /** the place: when the input was seen, and whose it is */
  readonly at: number;
  readonly id: string;
  /** an example that came whole, and not as a prediction and its label: of one id there may be both */
  readonly whole: boolean;
  /** what stands there, without the bytes of its input; null for nothing any more */
  readonly example: LabelledExample | null;
  /** the batch that has those bytes, by its number; null where they are an object of their own */
  readonly batch: number | null;
  /** the steps of the index after which there was an example of this id, and was none, by turns */
  readonly toggles: readonly number[];
}

export const chunkSchema = z.object({
  name: z.string(),
  entries: z.int().min(1),
  /** of its first and last entry */
  fromMs: z.number(),
  toMs: z.number(),
});
export type Chunk = z.infer<typeof chunkSchema>;

/** A few hundred kilobytes: one of each run is held at a time. */
const CHUNK_ENTRIES = 1_000;

/** By time and id, predictions first. */
export function compareEntries(a: Entry, b: Entry): number {
  return byTimeThenId(a, b) || Number(a.whole) - Number(b.whole);
}

/** @param entries  sorted */
export async function saveChunks(
  place: IndexPlace,
  folder: string,
  entries: readonly Entry[],
): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  for (let at = 0; at < entries.length; at += CHUNK_ENTRIES) {
    const own = entries.slice(at, at + CHUNK_ENTRIES);
    const lines = own.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    chunks.push({
      name: await saveFile(place, folder, await gzip(new TextEncoder().encode(lines))),
      entries: own.length,
      fromMs: own[0]?.at ?? 0,
      toMs: own.at(-1)?.at ?? 0,
    });
  }
  return chunks;
}

/** Sorted entries, some at a time. */
export type EntryStream = AsyncIterable<readonly Entry[]>;

/** @param fromMs  chunks that end before are not read */
export async function* readChunks(
  place: IndexPlace,
  chunks: readonly Chunk[],
  fromMs = Number.NEGATIVE_INFINITY,
): EntryStream {
  for (const chunk of chunks) {
    if (chunk.toMs < fromMs) continue;
    const bytes = await gunzip(await loadFile(place, chunk.name)).catch(() => null);
    if (bytes === null) throw new IndexDamage(`${place.prefix}${chunk.name}: expected gzip`);
    const lines = new TextDecoder().decode(bytes).trimEnd().split('\n');
    yield lines.map((line) => JSON.parse(line) as Entry);
  }
}

/** A stream that is looked at one entry at a time, without a promise for each. */
export interface EntryCursor {
  /** undefined at the end */
  readonly head: () => Entry | undefined;
  /** To the next one. Waited for where it gives a promise. */
  readonly next: () => Promise<void> | undefined;
}

/** A cursor at the stream's first entry, which has been read when this resolves. */
export async function openCursor(stream: EntryStream): Promise<EntryCursor> {
  const source = stream[Symbol.asyncIterator]();
  let some: readonly Entry[] = [];
  let at = 0;
  const fill = async (): Promise<void> => {
    for (;;) {
      const { value, done } = await source.next();
      some = done === true ? [] : value;
      at = 0;
      if (done === true || some.length > 0) return;
    }
  };
  await fill();
  return {
    head: () => some[at],
    next() {
      at += 1;
      return at < some.length ? undefined : fill();
    },
  };
}

/**
 * Several streams as one.
 *
 * @param streams  the oldest first: the last one that says something about a place counts
 */
export async function* mergeEntries(streams: readonly EntryStream[]): EntryStream {
  const cursors = await Promise.all(streams.map(openCursor));
  let out: Entry[] = [];
  for (;;) {
    let best: Entry | undefined;
    for (const cursor of cursors) {
      const head = cursor.head();
      // At equal places the later stream.
      if (head !== undefined && (best === undefined || compareEntries(head, best) <= 0)) best = head;
    }
    if (best === undefined) break;
    for (const cursor of cursors) {
      const head = cursor.head();
      if (head === undefined || compareEntries(head, best) !== 0) continue;
      const filled = cursor.next();
      if (filled !== undefined) await filled;
    }
    out.push(best);
    if (out.length < CHUNK_ENTRIES) continue;
    yield out;
    out = [];
  }
  if (out.length > 0) yield out;
}

/** Those of a stream that are wanted. */
export async function* filterEntries(stream: EntryStream, isWanted: (entry: Entry) => boolean): EntryStream {
  for await (const some of stream) yield some.filter(isWanted);
}
