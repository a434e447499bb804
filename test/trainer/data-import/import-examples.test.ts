import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBatch } from '../../../shared/events/inbox.ts';
import { joinEvents } from '../../../trainer/pipeline/data/history/join.ts';
import { loadInput } from '../../../shared/events/stored-input.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { err, ok } from '../../../shared/result.ts';
import { importExamples, type ImportRequest } from '../../../trainer/data-import/import-examples.ts';
import { decideTimeline, timeOfRow } from '../../../trainer/data-import/import-record.ts';
import type { ExampleSource } from '../../../trainer/data-import/readers/example-source.ts';

const NOON = new Date('2026-11-23T12:00:00Z');

/** Rows 0 to n - 1 with their number as only feature; every tenth is bad where asked. */
function source(n: number, name: string, bad = false): ExampleSource {
  return {
    name,
    digest: Buffer.from(name.padEnd(32, '.')).toString('hex'),
    maxRows: n,
    fraction: () => 1,
    async *rows() {
      for (let row = 0; row < n; row++) {
        yield bad && row % 10 === 0
          ? err({ row, problem: `row ${row} is bad` })
          : ok({ row, raw: Float32Array.of(row + 0.5), label: row % 2 });
      }
    },
  };
}

async function run(store: ObjectStore, changes: Partial<ImportRequest> & Pick<ImportRequest, 'source'>) {
  const imported = await importExamples({
    store,
    model: 'm',
    task: 'classification',
    salt: 'ab'.repeat(32),
    options: {},
    skip: 0,
    limit: Number.POSITIVE_INFINITY,
    dryRun: false,
    now: NOON,
    onProgress: () => {},
    ...changes,
  });
  if (!imported.ok) throw new Error(imported.error);
  return imported.value;
}

/** The features of all examples, as a run would see them. */
async function readBack(store: ObjectStore): Promise<number[]> {
  const events = [];
  for (const key of await store.list(keys.eventsPrefix('m'))) {
    const { events: batch } = await readBatch(key, (await store.get(key))?.bytes ?? new Uint8Array());
    events.push(...batch);
  }
  const values: number[] = [];
  for (const { input } of joinEvents(events).examples) {
    const raw = await loadInput(store, 'm', input, 1);
    values.push(raw.ok ? (raw.value[0] ?? 0) - 0.5 : -1);
  }
  return values;
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('importExamples', () => {
  it('writes batches of 2,000 whose examples come back in the order of the file', async () => {
    const store = createMemoryStore();
    const summary = await run(store, { source: source(4_500, 'a') });
    expect(summary).toMatchObject({ imported: 4_500, rejected: 0, repeated: false });
    expect(summary.times).toEqual({ fromMs: NOON.getTime() - 4_499_000, toMs: NOON.getTime() });
    expect(await store.list(keys.eventsPrefix('m'))).toHaveLength(3);
    expect(await readBack(store)).toEqual(range(0, 4_500));
  });

  it('puts a second file after the first, however soon it comes', async () => {
    const store = createMemoryStore();
    await run(store, { source: source(1_000, 'first') });
    const now = new Date(NOON.getTime() + 50);
    await run(store, { source: source(3_000, 'second'), again: true, now });
    expect(await readBack(store)).toEqual([...range(0, 1_000), ...range(0, 3_000)]);
  });

  it('counts of a file that grew what is new, and says what it left out', async () => {
    const store = createMemoryStore();
    const later = (n: number): Date => new Date(NOON.getTime() + n * 86_400_000);
    await run(store, { source: source(500, 'night 1') });
    const second = await run(store, { source: source(600, 'night 2'), now: later(1) });
    expect(second).toMatchObject({ imported: 100, present: 500, rejected: 0 });
    expect(second.times?.fromMs).toBeGreaterThan(NOON.getTime());
    const third = await run(store, { source: source(650, 'night 3'), now: later(2) });
    expect(third).toMatchObject({ imported: 50, present: 600 });
    expect(await readBack(store)).toEqual(range(0, 650));
  });

  it('knows rows with times of their own wherever they are, and those without only in a file that grew', async () => {
    const store = createMemoryStore();
    const rowsOf = (name: string, rows: readonly [x: number, at?: number][]): ExampleSource => ({
      ...source(rows.length, name),
      async *rows() {
        for (const [row, [x, at]] of rows.entries()) {
          yield ok({ row, raw: Float32Array.of(x), label: 0, ...(at === undefined ? {} : { at }) });
        }
      },
    });
    await run(store, {
      source: rowsOf('a', [
        [1, 10],
        [2, 20],
        [2, 20],
      ]),
    });
    // Out of order, and one of the equal rows more.
    const timed = rowsOf('b', [
      [3, 30],
      [2, 20],
      [2, 20],
      [2, 20],
      [1, 10],
      [1, 11],
    ]);
    expect(await run(store, { source: timed })).toMatchObject({ imported: 3, present: 3 });
    // Few different rows, none of them an event that was there before.
    const other = createMemoryStore();
    await run(other, { source: rowsOf('c', [[1], [1], [1], [2]]) });
    expect(await run(other, { source: rowsOf('d', [[2], [1], [1], [1], [1], [2]]) })).toMatchObject({
      imported: 6,
      present: 0,
    });
    const grown = rowsOf('e', [[1], [1], [1], [2], [1]]);
    expect(await run(other, { source: grown })).toMatchObject({ imported: 1, present: 4 });
  });

  it('changes nothing when the same file is imported again', async () => {
    const store = createMemoryStore();
    await run(store, { source: source(500, 'a') });
    const before = await store.list('');
    const again = await run(store, { source: source(500, 'a'), now: new Date(NOON.getTime() + 9e6) });
    expect(again).toMatchObject({ repeated: true, imported: 500 });
    expect(await store.list('')).toEqual(before);
  });

  it('writes the same objects again after it died on the way', async () => {
    const store = createMemoryStore();
    let puts = 0;
    const dying: ObjectStore = {
      ...store,
      put: (key, bytes, condition) => {
        puts += 1;
        if (puts > 3) throw new Error('the power failed');
        return store.put(key, bytes, condition);
      },
    };
    await expect(run(dying, { source: source(9_000, 'a') })).rejects.toThrow('power');
    const partial = await store.list(keys.eventsPrefix('m'));
    expect(partial).toHaveLength(2);
    await run(store, { source: source(9_000, 'a'), now: new Date(NOON.getTime() + 9e6) });
    expect(await store.list(keys.eventsPrefix('m'))).toEqual(expect.arrayContaining(partial));
    expect(await readBack(store)).toEqual(range(0, 9_000));
  });

  it('gives the rows of a piece times that end now, a second apart, as it does those of a whole file', async () => {
    const { times } = await run(createMemoryStore(), { source: source(100, 'a'), skip: 20, limit: 40 });
    expect(times).toEqual({ fromMs: NOON.getTime() - 39_000, toMs: NOON.getTime() });
    const rest = await run(createMemoryStore(), { source: source(100, 'a'), skip: 90 });
    expect(rest.times).toEqual({ fromMs: NOON.getTime() - 9_000, toMs: NOON.getTime() });
  });

  it('imports a file in pieces by skip and limit, each row once', async () => {
    const store = createMemoryStore();
    const later = new Date(NOON.getTime() + 60_000);
    await run(store, { source: source(100, 'a'), limit: 40 });
    await run(store, { source: source(100, 'a'), skip: 40, limit: 60, now: later });
    expect(await readBack(store)).toEqual(range(0, 100));
  });

  it('counts what it rejects and shows the first five', async () => {
    const summary = await run(createMemoryStore(), { source: source(100, 'a', true) });
    expect(summary).toMatchObject({ imported: 90, rejected: 10 });
    expect(summary.problems).toEqual([0, 10, 20, 30, 40].map((row) => `row ${row} is bad`));
    expect(summary.perLabel).toEqual(
      new Map([
        [1, 50],
        [0, 40],
      ]),
    );
  });

  it('writes nothing on a dry run', async () => {
    const store = createMemoryStore();
    expect(await run(store, { source: source(100, 'a'), dryRun: true })).toMatchObject({ imported: 100 });
    expect(await store.list('')).toEqual([]);
  });
});

describe('decideTimeline', () => {
  it('never goes back, never overlaps what came before, and never passes now', () => {
    const now = NOON.getTime();
    const previous = fc.option(fc.integer({ min: 0, max: now }), { nil: null });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), previous, (rows, previousMs) => {
        const timeline = decideTimeline(rows, NOON, previousMs);
        const times = [0, 1, Math.floor(rows / 2), rows - 1].map((row) => timeOfRow(timeline, row));
        expect(Math.min(...times)).toBeGreaterThanOrEqual(Math.min(now, (previousMs ?? -1) + 1));
        expect(timeOfRow(timeline, rows - 1)).toBeLessThanOrEqual(now);
        expect(timeOfRow(timeline, rows - 1)).toBeGreaterThanOrEqual(timeOfRow(timeline, 0));
      }),
    );
  });
});
