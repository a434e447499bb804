import { expect, test } from 'vitest';
import { consumeMessages, type QueueMessage } from '../../../functions/collect/queue.ts';
import { writeInbox } from '../../../shared/events/write-inbox.ts';
import type { Event } from '../../../shared/events/schema.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { createFaultyStore, createTestLog, NOON, readEvents } from '../support.ts';

function label(id: string): Event {
  return { kind: 'label', id, at: NOON, prediction: 'p', label: 0 };
}

function toMessage(body: unknown): QueueMessage & { outcome: string } {
  const message = {
    id: 'm',
    body,
    outcome: 'none',
    ack: () => void (message.outcome = 'ack'),
    retry: () => void (message.outcome = 'retry'),
  };
  return message;
}

function consume(store: ObjectStore, messages: QueueMessage[], log = createTestLog()): Promise<void> {
  return consumeMessages(messages, { store, log, now: () => NOON });
}

async function idsIn(store: ObjectStore, model: string): Promise<string[]> {
  return (await readEvents(store, model)).map(({ id }) => id).sort();
}

test('the objects that messages name become one batch a model, and are gone from the inbox', async () => {
  const store = createMemoryStore();
  const now = new Date(NOON);
  const messages = [
    toMessage(await writeInbox(store, 'a', [label('1'), label('2')], now)),
    toMessage(await writeInbox(store, 'b', [label('3')], now)),
    toMessage(await writeInbox(store, 'a', [label('4')], now)),
  ];
  await consume(store, messages);
  expect(messages.map(({ outcome }) => outcome)).toEqual(['ack', 'ack', 'ack']);
  expect(await idsIn(store, 'a')).toEqual(['1', '2', '4']);
  expect(await idsIn(store, 'b')).toEqual(['3']);
  expect(await store.list(keys.eventsPrefix('a'))).toHaveLength(1);
  expect(await store.list(keys.inboxPrefix('a'))).toEqual([]);
});

test('a message that comes again changes nothing', async () => {
  const store = createMemoryStore();
  const body = await writeInbox(store, 'a', [label('1')], new Date(NOON));
  await consume(store, [toMessage(body), toMessage(body)]);
  const again = toMessage(body);
  await consume(store, [again]);
  expect(again.outcome).toBe('ack');
  expect(await idsIn(store, 'a')).toEqual(['1']);
});

test('in an outage of one model its messages come again, and the others are served', async () => {
  const store = createFaultyStore(createMemoryStore());
  const now = new Date(NOON);
  const messages = [
    toMessage(await writeInbox(store, 'a', [label('1')], now)),
    toMessage(await writeInbox(store, 'b', [label('2')], now)),
  ];
  store.fails = (operation, key) => operation === 'put' && key.startsWith('models/a/');
  await consume(store, messages);
  expect(messages.map(({ outcome }) => outcome)).toEqual(['retry', 'ack']);
  store.fails = () => false;
  await consume(store, [messages[0] as QueueMessage]);
  expect(await idsIn(store, 'a')).toEqual(['1']);
});

test.each([
  'nonsense',
  null,
  { model: 'a' },
  { model: '../a', key: 'models/a/inbox/1.ndjson' },
  { model: 'a', key: 'models/a/spec.json' },
  { model: 'a', key: 'models/b/inbox/1.ndjson' },
])('the message %j is logged and acknowledged, and touches nothing', async (body) => {
  const store = createMemoryStore();
  await store.put('models/a/spec.json', new Uint8Array(1));
  await store.put('models/b/inbox/1.ndjson', new Uint8Array(1));
  const log = createTestLog();
  const message = toMessage(body);
  await consume(store, [message], log);
  expect([message.outcome, log.events()]).toEqual(['ack', ['queue-message-unreadable']]);
  expect(await store.list('models/')).toEqual(['models/a/spec.json', 'models/b/inbox/1.ndjson']);
});
