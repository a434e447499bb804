import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { gunzip, gzip } from '../../../shared/bytes.ts';
import { writeInbox } from '../../../shared/events/write-inbox.ts';
import { collectInbox, readBatch, writeEvents } from '../../../shared/events/inbox.ts';
import { joinEvents } from '../../../trainer/pipeline/data/history/join.ts';
import type { Event } from '../../../shared/events/schema.ts';
import { storeInline } from '../../../shared/events/stored-input.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { crashEverywhere, wrapStore } from '../../support/faulty-store.ts';

const MODEL = 'digits';
const NOW = new Date('2026-11-23T23:59:59.999Z');
const TOMORROW = new Date('2026-11-24T00:00:00.000Z');

const example = (id: string, base64?: string): Event => {
  const input = storeInline(Float32Array.of(1, 2));
  return {
    kind: 'example',
    id,
    at: 100,
    input: base64 === undefined ? input : { ...input, base64 },
    label: 1,
  };
};
const text = (value: string) => new TextEncoder().encode(value);

let store: ObjectStore;
beforeEach(() => {
  store = createMemoryStore();
});

interface Read {
  readonly events: Event[];
  readonly problems: string[];
}

/** Everything in the batches of a store, as a snapshot reads it. */
async function readAll(from = store): Promise<Read> {
  const events: Event[] = [];
  const problems: string[] = [];
  for (const key of await from.list(keys.eventsPrefix(MODEL))) {
    const batch = await readBatch(key, (await from.get(key))?.bytes ?? new Uint8Array());
    events.push(...batch.events);
    problems.push(...batch.problems);
  }
  return { events, problems };
}

async function idsAfterJoin(from = store): Promise<string[]> {
  return joinEvents((await readAll(from)).events).examples.map(({ id }) => id);
}

describe('writing', () => {
  test('makes one object, which the message names', async () => {
    const message = await writeInbox(store, MODEL, [example('a'), example('b')], NOW);
    expect(message.model).toBe(MODEL);
    expect(message.key).toMatch(/^models\/digits\/inbox\/2026-11-23T235959999Z-[0-9a-f]{16}\.ndjson$/);
    expect(await store.list('')).toEqual([message.key]);
  });

  test('twice at the same instant makes two objects', async () => {
    await writeInbox(store, MODEL, [example('a')], NOW);
    await writeInbox(store, MODEL, [example('a')], NOW);
    expect(await store.list(keys.inboxPrefix(MODEL))).toHaveLength(2);
  });

  test('events directly makes one batch, and the same one when repeated', async () => {
    const key = await writeEvents(store, MODEL, [example('a'), example('b')], NOW);
    expect(key).toMatch(/^models\/digits\/events\/dt=2026-11-23\/[0-9a-f]{32}\.ndjson\.gz$/);
    expect(await writeEvents(store, MODEL, [example('a'), example('b')], NOW)).toBe(key);
    expect(await readAll()).toEqual({ events: [example('a'), example('b')], problems: [] });
  });
});

describe('collecting', () => {
  test('turns many inbox objects into one batch, and deletes them', async () => {
    await writeInbox(store, MODEL, [example('a'), example('b')], NOW);
    await writeInbox(store, MODEL, [example('c')], NOW);
    const collected = await collectInbox(store, MODEL, NOW);
    expect(collected).toMatchObject({ objects: 2, events: 3 });
    expect(await store.list('')).toEqual(collected.batches);
    expect(collected.batches).toHaveLength(1);
    expect((await idsAfterJoin()).sort()).toEqual(['a', 'b', 'c']);
  });

  test('again finds nothing to do', async () => {
    await writeInbox(store, MODEL, [example('a')], NOW);
    const { batches } = await collectInbox(store, MODEL, NOW);
    expect(await collectInbox(store, MODEL, TOMORROW)).toEqual({
      objects: 0,
      events: 0,
      batches: [],
      left: 0,
    });
    expect(await store.list('')).toEqual(batches);
  });

  test('by messages takes only what they name, also when a message comes twice or too late', async () => {
    const first = await writeInbox(store, MODEL, [example('a')], NOW);
    const second = await writeInbox(store, MODEL, [example('b')], NOW);
    const collected = await collectInbox(store, MODEL, NOW, [first.key, first.key]);
    expect(collected).toMatchObject({ objects: 1, events: 1 });
    expect(await store.list(keys.inboxPrefix(MODEL))).toEqual([second.key]);
    expect(await collectInbox(store, MODEL, NOW, [first.key])).toMatchObject({ objects: 0, batches: [] });
    expect(await collectInbox(store, MODEL, NOW, [])).toMatchObject({ objects: 0, batches: [] });
    expect(await store.list(keys.inboxPrefix(MODEL))).toEqual([second.key]);
  });

  test('of one model leaves the inbox of another alone', async () => {
    const other = await writeInbox(store, 'faces', [example('a')], NOW);
    expect(await collectInbox(store, MODEL, NOW)).toMatchObject({ objects: 0 });
    expect(await store.list('')).toEqual([other.key]);
  });

  test('divides what is more than one isolate should parse at once', async () => {
    const payload = 'A'.repeat(1_500_000);
    for (const id of ['a', 'b', 'c']) await writeInbox(store, MODEL, [example(id, payload)], NOW);
    await writeInbox(store, MODEL, [example('huge', 'A'.repeat(4_100_000))], TOMORROW);
    const { batches, objects, events } = await collectInbox(store, MODEL, TOMORROW);
    expect({ objects, events, batches: batches.length }).toEqual({ objects: 4, events: 4, batches: 3 });
    const sizes: number[] = [];
    for (const key of batches) {
      sizes.push((await gunzip((await store.get(key))?.bytes ?? new Uint8Array())).byteLength);
    }
    expect(sizes.filter((size) => size > 4_000_000)).toHaveLength(1);
    expect((await idsAfterJoin()).sort()).toEqual(['a', 'b', 'c', 'huge']);
    expect(await store.list(keys.inboxPrefix(MODEL))).toEqual([]);
  });
});

describe('twelve thousand small objects', () => {
  const many = 12_000;
  const ids = Array.from({ length: many }, (_, i) => `e${String(i).padStart(5, '0')}`);
  const fill = async () => {
    for (const id of ids) await store.put(keys.inbox(MODEL, id), text(`${JSON.stringify(example(id))}\n`));
  };

  test('are collected in steps that each stay within what the platform allows', async () => {
    await fill();
    let calls = 0;
    const counted = wrapStore(store, (_name, call) => {
      calls += 1;
      return call();
    });
    const steps: number[] = [];
    for (let left = 1; left > 0;) {
      calls = 0;
      ({ left } = await collectInbox(counted, MODEL, NOW));
      steps.push(left);
      expect(calls).toBeLessThan(9_000);
    }
    expect(steps).toEqual([8_000, 4_000, 0]);
    expect(await store.list(keys.inboxPrefix(MODEL))).toEqual([]);
    expect((await idsAfterJoin()).sort()).toEqual(ids);
  });

  test('make progress also where every attempt is cut off after a thousand calls', async () => {
    await fill();
    const before: number[] = [many];
    for (let attempt = 0; attempt < 60 && before.at(-1) !== 0; attempt++) {
      let calls = 0;
      const cut = wrapStore(store, (_name, call) => {
        calls += 1;
        return calls > 1_100 ? Promise.reject(new Error('too many subrequests')) : call();
      });
      await collectInbox(cut, MODEL, NOW).catch(() => undefined);
      before.push((await store.list(keys.inboxPrefix(MODEL))).length);
      expect(before.at(-1)).toBeLessThan(before.at(-2) as number);
    }
    expect((await idsAfterJoin()).sort()).toEqual(ids);
  });
});

describe('a crash at any call', () => {
  const setUp = async () => {
    const store = createMemoryStore();
    for (const id of ['a', 'b', 'c']) await writeInbox(store, MODEL, [example(id), example(`${id}2`)], NOW);
    return { store };
  };
  const all = ['a', 'a2', 'b', 'b2', 'c', 'c2'];

  test.each([
    ['the same day', NOW],
    ['the next day', TOMORROW],
  ])('of collecting loses nothing and counts nothing twice when it is repeated %s', async (_name, then) => {
    const places = await crashEverywhere(
      setUp,
      (store) => collectInbox(store, MODEL, NOW),
      async ({ store }, place) => {
        await collectInbox(store, MODEL, then);
        expect((await idsAfterJoin(store)).sort(), place).toEqual(all);
        expect(await store.list(keys.inboxPrefix(MODEL)), place).toEqual([]);
      },
    );
    // list, three gets, the batch, three deletes
    expect(places).toBe(8);
  });

  test('of collecting leaves every event in the inbox or in a batch at that very moment', async () => {
    await crashEverywhere(
      setUp,
      (store) => collectInbox(store, MODEL, NOW),
      async ({ store }, place) => {
        const { events } = await readAll(store);
        for (const key of await store.list(keys.inboxPrefix(MODEL))) {
          const lines = await gzip((await store.get(key))?.bytes ?? new Uint8Array());
          events.push(...(await readBatch(key, lines)).events);
        }
        expect([...new Set(events.map(({ id }) => id))].sort(), place).toEqual(all);
      },
    );
  });

  test('of writing leaves the whole object or none', async () => {
    await crashEverywhere(
      async () => ({ store: createMemoryStore() }),
      (store) => writeInbox(store, MODEL, [example('a'), example('b')], NOW),
      async ({ store }, place) => {
        await collectInbox(store, MODEL, NOW);
        expect([[], ['a', 'b']], place).toContainEqual(await idsAfterJoin(store));
      },
    );
  });
});

test('collectors that run at once lose nothing: after any of them, all that was acknowledged is in batches', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.boolean(), async (scheduler, sameDay) => {
      const store = createMemoryStore();
      const messages = [];
      for (const id of ['a', 'b', 'c']) messages.push(await writeInbox(store, MODEL, [example(id)], NOW));
      const slow = wrapStore(store, (name, call) => scheduler.schedule(Promise.resolve(), name).then(call));
      const snapshot = async (): Promise<string[]> => {
        await collectInbox(slow, MODEL, sameDay ? NOW : TOMORROW);
        return idsAfterJoin(store);
      };
      const running = Promise.all([
        snapshot(),
        snapshot(),
        collectInbox(slow, MODEL, NOW, [messages[0]?.key ?? '', messages[2]?.key ?? '']),
        writeInbox(slow, MODEL, [example('d')], NOW),
      ]);
      await scheduler.waitFor(running);
      const [first, second] = await running;
      for (const seen of [first, second]) expect(seen).toEqual(expect.arrayContaining(['a', 'b', 'c']));
      await collectInbox(store, MODEL, NOW);
      expect((await idsAfterJoin(store)).sort()).toEqual(['a', 'b', 'c', 'd']);
      expect(await store.list(keys.inboxPrefix(MODEL))).toEqual([]);
    }),
    { numRuns: 100 },
  );
});

describe('what can not be read', () => {
  test('is named by batch and line, and takes nothing else along', async () => {
    const lines = [
      JSON.stringify(example('a')),
      'not JSON',
      '',
      JSON.stringify({ ...example('b'), label: 'red' }),
      JSON.stringify({ kind: 'rumour' }),
      JSON.stringify(example('c')),
    ];
    const batch = await readBatch('events/x', await gzip(text(lines.join('\n'))));
    expect(batch.events).toEqual([example('a'), example('c')]);
    expect(batch.problems).toEqual([
      'events/x: line 2: expected an event',
      'events/x: line 4: expected an event',
      'events/x: line 5: expected an event',
    ]);
  });

  test('in the inbox travels along into the batch, where it is named', async () => {
    await store.put(keys.inbox(MODEL, '1'), text('half an ev'));
    await store.put(keys.inbox(MODEL, '2'), text(`${JSON.stringify(example('a'))}\n`));
    const { batches } = await collectInbox(store, MODEL, NOW);
    expect(await readAll()).toEqual({
      events: [example('a')],
      problems: [`${batches[0]}: line 1: expected an event`],
    });
  });

  test('is a batch that was cut short, altered or emptied: one problem, no events', async () => {
    const whole = await gzip(text(`${JSON.stringify(example('a'))}\n`.repeat(20)));
    const altered = whole.with(whole.length - 12, (whole.at(-12) ?? 0) ^ 1);
    for (const bytes of [whole.slice(0, 30), altered, new Uint8Array(), text('plain')]) {
      expect(await readBatch('events/x', bytes)).toEqual({
        events: [],
        problems: ['events/x: expected gzip, got something truncated or altered'],
      });
    }
  });
});
