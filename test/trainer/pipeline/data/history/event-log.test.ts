import { describe, expect, test } from 'vitest';
import { writeEvents } from '../../../../../shared/events/inbox.ts';
import { joinEvents } from '../../../../../trainer/pipeline/data/history/join.ts';
import type { Event } from '../../../../../shared/events/schema.ts';
import { storeInput } from '../../../../../shared/events/stored-input.ts';
import { createMemoryStore } from '../../../../../shared/registry/store/memory-store.ts';
import { keys } from '../../../../../shared/registry/store/keys.ts';
import { createRunId, type RunRecord } from '../../../../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../../../../shared/registry/store/store.ts';
import { openEventLog } from '../../../../../trainer/pipeline/data/history/event-log.ts';

const NOON = new Date('2026-11-23T12:00:00Z');
const BATCH = 50;

/** Batches of examples, a second apart; the third number of an input says which one it is. */
async function writeHistory(store: ObjectStore, batches: number, size = 3): Promise<Event[]> {
  const all: Event[] = [];
  for (let b = 0; b < batches; b++) {
    const events: Event[] = [];
    for (let i = b * BATCH; i < (b + 1) * BATCH; i++) {
      const raw = new Float32Array(size).fill(i + 0.5);
      const input = await storeInput(store, 'm', raw);
      events.push({ kind: 'example', id: `e-${i}`, at: i * 1_000, label: i % 2, input });
    }
    await writeEvents(store, 'm', events, NOON);
    all.push(...events);
  }
  return all;
}

function openLog(store: ObjectStore, cutoffMs = NOON.getTime()) {
  const run = { id: createRunId('cli', NOON, 'x'), model: 'm', cutoffMs } as RunRecord;
  return openEventLog({ store, run, now: () => NOON, onProgress: () => {} });
}

function countReads(store: ObjectStore): { store: ObjectStore; reads: () => number } {
  let reads = 0;
  const get: ObjectStore['get'] = (key) => {
    if (key.startsWith(keys.eventsPrefix('m'))) reads += 1;
    return store.get(key);
  };
  return { store: { ...store, get }, reads: () => reads };
}

describe('the event log', () => {
  test('holds no bytes of inputs, and gives them back for the examples that are asked for', async () => {
    const store = createMemoryStore();
    const written = await writeHistory(store, 4);
    const log = await openLog(store);
    expect(log.events).toHaveLength(4 * BATCH);
    expect(JSON.stringify(log.events)).not.toContain('base64');
    const { examples } = joinEvents(log.events);
    expect(await log.withInputs(examples)).toEqual(joinEvents(written).examples);
  });

  test('reads every batch twice at most when examples are asked for in order of time', async () => {
    const counted = countReads(createMemoryStore());
    await writeHistory(counted.store, 6);
    const log = await openLog(counted.store);
    const { examples } = joinEvents(log.events);
    for (let at = 0; at < examples.length; at += 30) await log.withInputs(examples.slice(at, at + 30));
    expect(counted.reads()).toBe(12);
  });

  test('leaves large inputs where they are', async () => {
    const store = createMemoryStore();
    await writeHistory(store, 1, 5_000);
    const log = await openLog(store);
    const filled = await log.withInputs(joinEvents(log.events).examples);
    expect(filled.every(({ input }) => input.base64 === undefined)).toBe(true);
  });

  test('stops at the cutoff', async () => {
    const store = createMemoryStore();
    await writeHistory(store, 1);
    expect((await openLog(store, 9_000)).events).toHaveLength(10);
  });

  test('counts a batch that was listed and is gone, by its name', async () => {
    const store = createMemoryStore();
    await writeHistory(store, 3);
    const [gone = ''] = await store.list(keys.eventsPrefix('m'));
    const log = await openLog({ ...store, get: async (key) => (key === gone ? null : store.get(key)) });
    expect(log.events).toHaveLength(2 * BATCH);
    expect(log.problems).toEqual([`${gone}: expected a batch, it was listed and then gone`]);
  });
});
