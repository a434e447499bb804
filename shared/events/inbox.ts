/**
 * How an event becomes durable and then part of a batch.
 *
 * `writeInbox` puts the events of one request into the bucket as one object: what is acknowledged is there. A queue
 * message names the object; its consumer calls `collectInbox`, which turns many small inbox objects into one batch
 * under `events/`, and then deletes them. Everything may happen twice: a batch is named by what is in it, and whoever
 * reads batches counts an event id once. A lost message costs nothing: the snapshot collects what is left.
 */
import * as z from '../zod.ts';
import { gunzip, gzip, joinBytes } from '../bytes.ts';
import { sha256Hex } from '../digest.ts';
import type { Schema } from '../registry/store/json.ts';
import { keys } from '../registry/store/keys.ts';
import type { ObjectStore } from '../registry/store/store.ts';
import { type Event, eventSchema } from './schema.ts';
import { encodeEvent, type InboxMessage } from './write-inbox.ts';

/** A batch stays small enough to be parsed in an isolate. */
const MAX_BATCH_BYTES = 4_000_000;
const NEWLINE = 10;

/** What a queue message says: where the events are. */
export const inboxMessageSchema: Schema<InboxMessage> = z.object({ model: z.string(), key: z.string() });

/** A batch is written after so many objects, however small they are: what was done is kept if the rest fails. */
const MAX_BATCH_OBJECTS = 500;
/** Of a step of its own: each object is read and deleted, and the platform allows 10,000 such requests. */
export const MAX_COLLECTED = 4_000;
/** Requests to the store at a time. */
const AT_ONCE = 20;

export interface Collected {
  readonly objects: number;
  readonly events: number;
  readonly batches: readonly string[];
  /** Inbox objects that were not looked at, because this is enough for once. */
  readonly left: number;
}

interface InboxObject {
  readonly key: string;
  readonly bytes: Uint8Array;
}

/**
 * Turns inbox objects into batches and deletes them, the oldest first, and no more than a step may take. Objects that
 * are gone were collected before; unreadable lines travel along (the snapshot counts and names them), so nothing that
 * was acknowledged is dropped here.
 *
 * @param inboxKeys  objects of one model, or everything in its inbox when left out
 */
export async function collectInbox(
  store: ObjectStore,
  model: string,
  now: Date,
  inboxKeys?: readonly string[],
): Promise<Collected> {
  const found = [...new Set(inboxKeys ?? (await store.list(keys.inboxPrefix(model))))].sort();
  const wanted = found.slice(0, MAX_COLLECTED);
  const batches: string[] = [];
  let events = 0;
  let objects = 0;
  for await (const group of inGroups(readObjects(store, wanted))) {
    batches.push(await writeBatch(store, model, now, group));
    await eachFew(group, ({ key }) => store.delete(key));
    objects += group.length;
    for (const { bytes } of group) events += countLines(bytes);
  }
  return { objects, events, batches, left: found.length - wanted.length };
}

/** In the order of the keys. */
async function* readObjects(store: ObjectStore, wanted: readonly string[]): AsyncGenerator<InboxObject> {
  for (let at = 0; at < wanted.length; at += AT_ONCE) {
    const objects = await eachFew(wanted.slice(at, at + AT_ONCE), (key) => store.get(key));
    for (const [i, object] of objects.entries()) {
      if (object !== null) yield { key: wanted[at + i] as string, bytes: object.bytes };
    }
  }
}

/** Each becomes a batch; one object alone may be larger than a batch should be. */
async function* inGroups(objects: AsyncIterable<InboxObject>): AsyncGenerator<InboxObject[]> {
  let group: InboxObject[] = [];
  let size = 0;
  for await (const object of objects) {
    const isFull = size + object.bytes.byteLength > MAX_BATCH_BYTES || group.length === MAX_BATCH_OBJECTS;
    if (isFull && group.length > 0) {
      yield group;
      group = [];
      size = 0;
    }
    group.push(object);
    size += object.bytes.byteLength;
  }
  if (group.length > 0) yield group;
}

/** A few at a time, all of them in the end; the first failure ends it. */
async function eachFew<T, U>(items: readonly T[], use: (item: T) => Promise<U>): Promise<U[]> {
  const results: U[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(use))));
  }
  return results;
}

async function writeBatch(
  store: ObjectStore,
  model: string,
  now: Date,
  group: readonly { readonly key: string; readonly bytes: Uint8Array }[],
): Promise<string> {
  const id = sha256Hex(group.map(({ key }) => key).join('\n')).slice(0, 32);
  return putBatch(store, model, now, id, joinLines(group.map(({ bytes }) => bytes)));
}

/** Writes a batch of events directly: for imports, where the caller waits for the whole and can repeat it. */
export async function writeEvents(
  store: ObjectStore,
  model: string,
  events: readonly Event[],
  now: Date,
): Promise<string> {
  const bytes = new TextEncoder().encode(events.map(encodeEvent).join(''));
  return putBatch(store, model, now, sha256Hex(bytes).slice(0, 32), bytes);
}

async function putBatch(
  store: ObjectStore,
  model: string,
  now: Date,
  id: string,
  lines: Uint8Array,
): Promise<string> {
  const key = keys.events(model, now.toISOString().slice(0, 10), id);
  await store.put(key, await gzip(lines));
  return key;
}

export interface BatchLines {
  readonly events: readonly Event[];
  /** `events/…: line 3: expected …`, for each line that is not an event */
  readonly problems: readonly string[];
}

/** Reads one batch. A batch that is not gzip, or ends early, is one problem and no events. */
export async function readBatch(key: string, bytes: Uint8Array): Promise<BatchLines> {
  let text: string;
  try {
    text = new TextDecoder().decode(await gunzip(bytes));
  } catch {
    return { events: [], problems: [`${key}: expected gzip, got something truncated or altered`] };
  }
  const events: Event[] = [];
  const problems: string[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const event = parseLine(line);
    if (event === null) problems.push(`${key}: line ${i + 1}: expected an event`);
    else events.push(event);
  }
  return { events, problems };
}

function parseLine(line: string): Event | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  const parsed = eventSchema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}

/** One after the other, each on lines of its own: an object that was cut short does not take its neighbour along. */
function joinLines(parts: readonly Uint8Array[]): Uint8Array {
  const lineEnd = Uint8Array.of(NEWLINE);
  return joinBytes(parts.flatMap((part) => (part.at(-1) === NEWLINE ? [part] : [part, lineEnd])));
}
