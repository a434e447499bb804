/**
 * Writing to the inbox: the half of it that a first prediction loads. inbox.ts is the other, and says how it goes on.
 */
import { randomHex } from '../digest.ts';
import { keys } from '../registry/store/keys.ts';
import type { ObjectStore } from '../registry/store/store.ts';
import type { WrittenEvent } from './schema.ts';

/** What a queue message says: where the events are. */
export interface InboxMessage {
  readonly model: string;
  readonly key: string;
}

/** Writes events durably, as one inbox object; resolves with the message that names it. */
export async function writeInbox(
  store: ObjectStore,
  model: string,
  events: readonly WrittenEvent[],
  now: Date,
): Promise<InboxMessage> {
  return writeInboxLines(store, model, events.map(encodeEvent), now);
}

/** As `writeInbox`, for events that are lines already (`encodeEvent`). */
export async function writeInboxLines(
  store: ObjectStore,
  model: string,
  lines: readonly string[],
  now: Date,
): Promise<InboxMessage> {
  const key = keys.inbox(model, `${now.toISOString().replaceAll(/[:.]/g, '')}-${randomHex(8)}`);
  await store.put(key, new TextEncoder().encode(lines.join('')));
  return { model, key };
}

/** An event as one line, with its end. */
export function encodeEvent(event: WrittenEvent): string {
  return `${JSON.stringify(event)}\n`;
}
