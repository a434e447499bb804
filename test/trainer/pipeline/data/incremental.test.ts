/**
 * A snapshot from an index beside the snapshot from nothing: over random histories, night after night, they are the same
 * to the digest.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gunzip, gzip } from '../../../../shared/bytes.ts';
import { encodeEvent, writeInbox } from '../../../../shared/events/write-inbox.ts';
import type { Event } from '../../../../shared/events/schema.ts';
import { storeInline } from '../../../../shared/events/stored-input.ts';
import type { Spec } from '../../../../shared/model/spec/spec.ts';
import { keys } from '../../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { publishVersion } from '../../../../shared/registry/versions/versions.ts';
import { makeSnapshot, type SnapshotSizes } from '../../../../trainer/pipeline/data/snapshot.ts';
import { findUnlabelledOf } from '../../../../trainer/pipeline/data/unlabelled.ts';
import { loadShard } from '../../../../trainer/pipeline/data/snapshot-file.ts';
import type { RunContext } from '../../../../trainer/run/context.ts';
import { blobSpec } from '../../../support/tabular-model.ts';
import { crashEverywhere, wrapStore } from '../../../support/faulty-store.ts';
import { makeFiles, makeManifest } from '../../../support/version.ts';
import { wholeSnapshot } from './whole-snapshot.ts';

const MODEL = 'blobs';
const SIZES: SnapshotSizes = {
  shards: { examples: 5, objects: 2 },
  step: { events: 12, batches: 3, earlier: 2 },
};
const spec: Spec = { ...blobSpec(MODEL), window: { examples: 10, keep: 2 } };
const NIGHT_MS = 1_000;

interface Night {
  /** in batches */
  readonly events: readonly (readonly Event[])[];
  readonly inbox: readonly Event[];
  /** which snapshot made so far the champion is of from then on, counted from the newest; null for as before */
  readonly promotes: number | null;
  readonly mishap: 'none' | 'batch lost' | 'batch cut' | 'index cut' | 'index lost' | 'older run again';
  readonly which: number;
}

/** Ids and times are few, so that labels come late, twice, for others, and corrections move what they correct. */
function arbitraryEvent(night: number): fc.Arbitrary<Event> {
  const id = fc.integer({ min: 0, max: 40 });
  const now = night * NIGHT_MS;
  // Some from the future, most of the last nights, some of any.
  const at = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: Math.max(0, now - 2 * NIGHT_MS), max: now }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: now }) },
    { weight: 1, arbitrary: fc.integer({ min: now, max: now + 2 * NIGHT_MS }) },
  );
  const label = fc.oneof(
    { weight: 12, arbitrary: fc.integer({ min: 0, max: 1 }) },
    { weight: 1, arbitrary: fc.constant(9) },
  );
  const input = fc
    .integer({ min: 0, max: 30 })
    .map((i) =>
      i === 30 ? { type: 'f32' as const, digest: 'cd'.repeat(32) } : storeInline(Float32Array.of(i + 0.5, i)),
    );
  const group = fc.option(fc.constantFrom('one', 'two'), { nil: undefined, freq: 4 });
  const received = fc.option(fc.integer({ min: 0, max: now }), { nil: undefined });
  const clean = <T extends object>(event: T): T =>
    Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined)) as T;
  return fc.oneof(
    fc
      .record({ id, at, input, group, predicted: fc.constant(1) })
      .map(({ id, ...rest }) => clean({ kind: 'prediction', id: `p${id}`, version: 1, ...rest }) as Event),
    fc
      .record({
        id,
        at,
        label,
        received,
        group,
        flip: fc.option(fc.constant(true as const), { nil: undefined }),
      })
      .map(
        ({ id, ...rest }) =>
          clean({ kind: 'label', id: `l${night}.${id}`, prediction: `p${id}`, ...rest }) as Event,
      ),
    fc
      .record({ id, at, input, label, group, received })
      .map(({ id, ...rest }) => clean({ kind: 'example', id: `e${id}`, ...rest }) as Event),
  );
}

function arbitraryNight(night: number): fc.Arbitrary<Night> {
  const event = arbitraryEvent(night);
  return fc.record({
    events: fc.array(fc.array(event, { minLength: 1, maxLength: 10 }), { maxLength: 4 }),
    inbox: fc.array(event, { maxLength: 4 }),
    promotes: fc.option(fc.integer({ min: 0, max: 3 }), { nil: null, freq: 2 }),
    mishap: fc.oneof(
      { weight: 8, arbitrary: fc.constant('none' as const) },
      {
        weight: 3,
        arbitrary: fc.constantFrom(
          'batch lost' as const,
          'batch cut' as const,
          'index cut' as const,
          'index lost' as const,
          'older run again' as const,
        ),
      },
    ),
    which: fc.nat(),
  });
}

const history = fc
  .integer({ min: 1, max: 8 })
  .chain((nights) => fc.tuple(...Array.from({ length: nights }, (_, i) => arbitraryNight(i + 1))));

async function writeBatch(store: ObjectStore, name: string, events: readonly Event[]): Promise<void> {
  const bytes = new TextEncoder().encode(events.map(encodeEvent).join(''));
  await store.put(keys.events(MODEL, '2026-11-20', name), await gzip(bytes));
}

function contextOf(store: ObjectStore, id: string, cutoffMs: number, champion: number | null): RunContext {
  return {
    store,
    spec,
    run: { id, model: MODEL, cutoffMs, championAtStart: champion, wantedSnapshot: null },
    now: () => new Date('2026-11-20T03:00:00Z'),
    onProgress: () => {},
  } as unknown as RunContext;
}

async function haveMishap(store: ObjectStore, { mishap, which }: Night): Promise<void> {
  const pick = async (prefix: string): Promise<string | undefined> => {
    const all = await store.list(prefix);
    return all[which % Math.max(1, all.length)];
  };
  const cutShort = async (key: string | undefined): Promise<void> => {
    const object = key === undefined ? null : await store.get(key);
    if (key !== undefined && object !== null)
      await store.put(key, object.bytes.slice(0, object.bytes.length >> 1));
  };
  if (mishap === 'batch lost') await store.delete((await pick(keys.eventsPrefix(MODEL))) ?? '');
  if (mishap === 'batch cut') {
    // Lines are lost, in a batch that nobody has read yet: what was read before is not looked at again.
    const key = keys.events(MODEL, '2026-11-20', `cut ${which}`);
    if ((await store.get(key)) !== null) return;
    await writeBatch(store, `cut ${which}`, [
      { kind: 'example', id: `cut ${which}`, at: 5, label: 1, input: storeInline(Float32Array.of(1, 2)) },
    ]);
    const lines = await gunzip((await store.get(key))?.bytes ?? new Uint8Array());
    await store.put(key, await gzip(new TextEncoder().encode(`${new TextDecoder().decode(lines)}{"kind":`)));
  }
  if (mishap === 'index cut') await cutShort(await pick(keys.index(MODEL)));
  if (mishap === 'index lost') await store.delete((await pick(keys.index(MODEL))) ?? '');
}

async function same(store: ObjectStore, ctx: RunContext, parent: string | null): Promise<string> {
  const made = await makeSnapshot(ctx, SIZES);
  const { id, cutoffMs } = ctx.run;
  const whole = await wholeSnapshot(store, spec, { id, cutoffMs, parent }, SIZES.shards);
  const stored = await store.get(keys.snapshot(MODEL, made.id));
  expect(made).toEqual(whole.snapshot);
  expect(stored).not.toBeNull();
  const unlabelled = await findUnlabelledOf(ctx);
  expect(unlabelled?.predictions ?? null).toBe(whole.unlabelled?.predictions ?? null);
  const drawn = await Promise.all((unlabelled?.shards ?? []).map((shard) => loadShard(store, MODEL, shard)));
  expect(drawn.flat().map(({ id }) => id)).toEqual(whole.unlabelled?.ids ?? []);
  return made.id;
}

async function live(nights: readonly Night[]): Promise<void> {
  const store = createMemoryStore();
  const made: string[] = [];
  let champion: { version: number; snapshot: string } | null = null;
  let versions = 0;
  const runs: RunContext[] = [];
  for (const [n, night] of nights.entries()) {
    const cutoffMs = (n + 1) * NIGHT_MS;
    for (const [b, events] of night.events.entries())
      await writeBatch(store, `${(night.which + 7 * b) % 10} ${n} ${b}`, events);
    if (night.inbox.length > 0) await writeInbox(store, MODEL, night.inbox, new Date(cutoffMs));
    await haveMishap(store, night);
    const parent: string | null = champion?.snapshot ?? null;
    const ctx = contextOf(store, `run-${n}`, cutoffMs, champion?.version ?? null);
    made.push(await same(store, ctx, parent));
    const [older] = runs;
    if (night.mishap === 'older run again' && older?.run.championAtStart === null) {
      await makeSnapshot({ ...older, run: { ...older.run, id: `again-${n}` } }, SIZES);
      await same(store, { ...older, run: { ...older.run, id: `again-${n}` } }, null);
    }
    runs.push(ctx);
    if (night.promotes === null) continue;
    versions += 1;
    const snapshot = made[Math.max(0, made.length - 1 - night.promotes)] as string;
    await publishVersion(store, makeManifest(versions, { model: MODEL, snapshot }), makeFiles(versions));
    champion = { version: versions, snapshot };
  }
}

describe('a snapshot from an index', () => {
  test('is the one that is made from nothing, whatever came when, and whatever happened to the index', async () => {
    await fc.assert(
      fc.asyncProperty(history, (nights) => live(nights)),
      { numRuns: 30 },
    );
  }, 120_000);

  test('survives a crash at any call', async () => {
    const events = (night: number, n: number): Event[] =>
      Array.from({ length: n }, (_, i) => ({
        kind: 'example',
        id: `e${(7 * night + i) % 20}`,
        at: night * 100 + i,
        label: i % 2,
        input: storeInline(Float32Array.of(i, night)),
      }));
    const ctx = (store: ObjectStore, n: number) => contextOf(store, `run-${n}`, n * 1_000, null);
    const places = await crashEverywhere(
      async () => {
        const store = createMemoryStore();
        await writeBatch(store, 'a', events(1, 6));
        await makeSnapshot(ctx(store, 1), SIZES);
        await writeBatch(store, 'b', events(2, 6));
        return { store };
      },
      (store) => makeSnapshot(ctx(store, 2), SIZES),
      async ({ store }, place) => {
        await same(store, ctx(store, 2), null).catch((error: unknown) => {
          throw new Error(place, { cause: error });
        });
      },
    );
    expect(places).toBeGreaterThan(20);
  });

  test('of two at once both make the same, and neither undoes the other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const store = createMemoryStore();
        for (const [i, name] of ['a', 'b', 'c'].entries()) {
          await writeBatch(store, name, [
            { kind: 'example', id: name, at: 5 + i, label: 1, input: storeInline(Float32Array.of(i, 2)) },
          ]);
        }
        const slow = wrapStore(store, (name, call) => scheduler.schedule(Promise.resolve(), name).then(call));
        const [one, other] = await scheduler.waitFor(
          Promise.all([
            makeSnapshot(contextOf(slow, 'run-1', 1_000, null), SIZES),
            makeSnapshot(contextOf(slow, 'run-2', 1_000, null), SIZES),
          ]),
        );
        expect(one).toEqual(other);
        await same(store, contextOf(store, 'run-3', 1_000, null), null);
      }),
      { numRuns: 10 },
    );
  });

  test('reads what is new and what that touches, however much there was before', async () => {
    const reads: number[] = [];
    for (const nights of [4, 40]) {
      const store = createMemoryStore();
      const write = (night: number) =>
        writeBatch(
          store,
          String(night).padStart(3, '0'),
          Array.from({ length: 10 }, (_, i) => ({
            kind: 'example' as const,
            id: `${night} ${i}`,
            at: night * NIGHT_MS - 500 + i,
            label: i % 2,
            input: storeInline(Float32Array.of(night, i)),
          })),
        );
      for (let night = 1; night <= nights; night++) await write(night);
      const first = await makeSnapshot(contextOf(store, 'run-1', nights * NIGHT_MS, null), SIZES);
      await publishVersion(store, makeManifest(1, { model: MODEL, snapshot: first.id }), makeFiles(1));
      await write(nights + 1);
      let gets = 0;
      const counted = wrapStore(store, (name, call) => {
        if (name === 'get' || name === 'getRange') gets += 1;
        return call();
      });
      // The first night after a promotion also merges windows that have aged.
      await makeSnapshot(contextOf(store, 'run-2', (nights + 1) * NIGHT_MS, 1), SIZES);
      await write(nights + 2);
      await makeSnapshot(contextOf(counted, 'run-3', (nights + 2) * NIGHT_MS, 1), SIZES);
      reads.push(gets);
    }
    const [short = 0, long = 0] = reads;
    // A few more: the sizes that runs of the index grow to.
    expect(long).toBeLessThanOrEqual(short + 6);
  });

  test('says why an index was made anew', async () => {
    const store = createMemoryStore();
    await writeBatch(store, 'a', [
      { kind: 'example', id: 'e', at: 5, label: 1, input: storeInline(Float32Array.of(1, 2)) },
    ]);
    await makeSnapshot(contextOf(store, 'run-1', 1_000, null), SIZES);
    const [key = ''] = await store.list(keys.eventsPrefix(MODEL));
    await store.delete(key);
    const said: Readonly<Record<string, unknown>>[] = [];
    const ctx = {
      ...contextOf(store, 'run-2', 2_000, null),
      log: (facts: (typeof said)[number]) => said.push(facts),
    };
    expect((await makeSnapshot(ctx, SIZES)).examples).toBe(0);
    expect(said).toEqual([
      { event: 'index-made-anew', model: MODEL, run: 'run-2', why: `${key} was read and is no longer there` },
    ]);
  });
});
