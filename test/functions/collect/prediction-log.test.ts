import { expect, test } from 'vitest';
import { createPredictionLog, type LoggedPrediction } from '../../../functions/collect/prediction-log.ts';
import type { InboxMessage } from '../../../shared/events/write-inbox.ts';
import type { StoredInput } from '../../../shared/events/schema.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { createFaultyStore, createTestLog, NOON } from '../support.ts';

function prediction(id: string, numbers = 2): LoggedPrediction {
  return { id, at: NOON, version: 1, raw: new Float32Array(numbers).fill(0.5), predicted: 0 };
}

/** A log whose timers ring when told to. */
function createBench() {
  const store = createFaultyStore(createMemoryStore());
  const log = createTestLog();
  const sent: InboxMessage[] = [];
  const clock = { nowMs: NOON };
  const timers: (() => void)[] = [];
  const kept: Promise<unknown>[] = [];
  const predictions = createPredictionLog({
    store,
    log,
    notifyQueue: async (message) => void sent.push(message),
    now: () => clock.nowMs,
    sleep: () => new Promise((resolve) => timers.push(resolve)),
  });
  const ring = async (): Promise<void> => {
    for (const resolve of timers.splice(0)) resolve();
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  const add = (id: string, numbers?: number): void =>
    predictions.add('m', [prediction(id, numbers)], (work) => void kept.push(work));
  const settled = (): Promise<void> => predictions.settle('m', (work) => void kept.push(work));
  const inbox = (): Promise<string[]> => store.list(keys.inboxPrefix('m'));
  const settle = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 0));
  return { store, log, sent, clock, add, ring, inbox, settle, settled };
}

test('the predictions of a moment become one object, and the queue is told', async () => {
  const { add, ring, inbox, sent, store } = createBench();
  for (const id of ['a', 'b', 'c']) add(id);
  expect(await inbox()).toEqual([]);
  await ring();
  const [key, ...others] = await inbox();
  expect(others).toEqual([]);
  expect(sent).toEqual([{ model: 'm', key }]);
  const text = new TextDecoder().decode((await store.get(key as string))?.bytes);
  expect(
    text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id),
  ).toEqual(['a', 'b', 'c']);
});

test('thousands of predictions of a moment are one object, and two megabytes do not wait for the timer', async () => {
  const many = createBench();
  for (let i = 0; i < 4_000; i++) many.add(`p${i}`);
  await many.settle();
  expect(await many.inbox()).toEqual([]);
  await many.ring();
  expect(await many.inbox()).toHaveLength(1);

  const large = createBench();
  large.add('large', 500_000);
  await large.settle();
  expect(await large.inbox()).toHaveLength(1);
});

test('a large input is an object of its own, which its line names, and small ones lie in their lines', async () => {
  const { add, ring, inbox, store } = createBench();
  add('small');
  add('large', 10_000);
  await ring();
  const [key] = await inbox();
  const text = new TextDecoder().decode((await store.get(key as string))?.bytes);
  const inputs = text
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { input: StoredInput }).input);
  expect(inputs.map(({ base64 }) => base64 !== undefined)).toEqual([true, false]);
  const large = await store.get(keys.input('m', inputs[1]?.digest as string));
  expect(large?.bytes.byteLength).toBe(40_000);
});

test('what a request that was ended left behind is written by the next one', async () => {
  const { add, clock, inbox, settle } = createBench();
  add('left');
  clock.nowMs += 2_001;
  add('next');
  await settle();
  expect(await inbox()).toHaveLength(1);
});

test('a failed write is tried again, and one that never succeeds is logged as lost', async () => {
  const { add, ring, inbox, store, log } = createBench();
  let failures = 2;
  store.fails = (operation) => operation === 'put' && failures-- > 0;
  add('kept');
  for (let i = 0; i < 4; i++) await ring();
  expect(await inbox()).toHaveLength(1);
  expect(log.events()).toEqual(['prediction-log-failed', 'prediction-log-failed']);

  store.fails = (operation) => operation === 'put';
  add('lost');
  for (let i = 0; i < 8; i++) await ring();
  expect(log.lines.at(-1)).toMatchObject({
    event: 'predictions-lost',
    facts: { model: 'm', predictions: 1 },
  });
});

test('who needs the predictions in the bucket waits for them, and not for ever', async () => {
  const { add, ring, inbox, settled, store } = createBench();
  await settled();
  add('a');
  await settled();
  expect(await inbox()).toHaveLength(1);
  await ring();
  expect(await inbox()).toHaveLength(1);

  store.fails = (operation) => operation === 'put';
  add('b');
  const waiting = settled();
  await ring();
  await ring();
  await waiting;
  expect(await inbox()).toHaveLength(1);
});
