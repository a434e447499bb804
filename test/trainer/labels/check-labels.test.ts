import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { writeEvents } from '../../../shared/events/inbox.ts';
import { encodeJson } from '../../../shared/registry/store/json.ts';
import { keys, VERSION_FILES } from '../../../shared/registry/store/keys.ts';
import { loadLedger } from '../../../trainer/referee/ledger-file.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { promote } from '../../../shared/registry/champion/promotion.ts';
import { endQuarantine, listQuarantines, type Quarantine } from '../../../shared/registry/quarantine.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { loadManifest } from '../../../shared/registry/versions/versions.ts';
import { checkLabels, type LabelCheck } from '../../../trainer/labels/check-labels.ts';
import { openQuarantines } from '../../../trainer/pipeline/data/quarantines.ts';
import { copyOf } from '../../support/copy-of.ts';
import { crashEverywhere } from '../../support/faulty-store.ts';
import { createRandom } from '../../../shared/random.ts';
import { BLOBS, blobEvents, type BlobNight, createBlobModel } from '../../support/tabular-model.ts';
import { openRunOf, retrain } from '../open-run.ts';

const MODEL = 'blobs';
const HISTORY: BlobNight = { n: 1_500, seed: 1, fromMs: Date.parse('2026-11-01T00:00:00Z') };
const AFTER = HISTORY.fromMs + 2 * HISTORY.n * 1_000;
const EVENING = 4_000_000;

let served: ObjectStore;
let store: ObjectStore;
let runs = 0;

beforeAll(async () => {
  served = createMemoryStore();
  await createBlobModel(served, MODEL, HISTORY);
  expect(await retrain(served, MODEL)).toMatchObject({ promoted: true, candidate: 1 });
});

beforeEach(async () => {
  store = await copyOf(served);
});

/** The labels of the `index`-th night, and what is said of them. */
async function night(index: number, changes: Change = {}): Promise<LabelCheck> {
  await collect(index, changes);
  return check();
}

type Change = Partial<BlobNight> & { readonly shuffled?: boolean };

async function collect(index: number, { shuffled = false, ...changes }: Change = {}): Promise<void> {
  const fromMs = AFTER + index * EVENING;
  const events = blobEvents({ n: 300, seed: 10 + index, fromMs, ...changes });
  const random = createRandom(index + 1);
  const told = events.map((event) => (shuffled ? { ...event, label: random.below(BLOBS.length) } : event));
  await writeEvents(store, MODEL, told, new Date(fromMs));
}

async function check(): Promise<LabelCheck> {
  const { ctx, snapshot } = await openRunOf(store, MODEL, String(runs++));
  return checkLabels(ctx, snapshot);
}

async function quarantines(of: ObjectStore = store): Promise<Quarantine[]> {
  const listed = await listQuarantines(of, MODEL);
  if (!listed.ok) throw new Error(listed.error.detail);
  return listed.value;
}

const statuses = async (): Promise<string[]> => (await quarantines()).map(({ status }) => status);

test('labels like those before are believed, and what is usual is noted', async () => {
  const { note, nothingNew } = await night(0);
  expect(nothingNew).toBeNull();
  expect(note).toMatch(/^(100|99)\.\d % of 300 new labels agree with what served$/);
  expect(await quarantines()).toEqual([]);
  const ledger = await loadLedger(store, MODEL);
  const agreements = ledger.ok && ledger.value?.state.agreements;
  expect(agreements).toEqual([{ n: 300, right: expect.any(Number) as number }]);
  expect((await night(1)).note).toMatch(/of 300 new labels/);
  expect((await check()).note).toBe('no new labels');
});

test('inputs that drifted are believed, however wrong the champion is on them', async () => {
  expect((await night(0, { drift: 2.5 })).nothingNew).toBeNull();
  expect(await quarantines()).toEqual([]);
});

test('labels that changed places are kept apart, on the first night already, with what was seen', async () => {
  const { nothingNew } = await night(0, { poisoned: true });
  expect(nothingNew).toMatch(/of 300 new labels agree with what served, and 3 classes .* kept apart$/);
  const [only] = await quarantines();
  expect(only).toMatchObject({ fromMs: AFTER, status: 'held', examples: 300, ended: null });
  expect(only?.agreement).toBeLessThan(0.1);
  expect(only?.usual).toBeGreaterThan(0.9);
  expect(new Set(only?.renamings.map(({ from, to }) => (to - from + 3) % 3))).toEqual(new Set([1]));
  expect(only?.reason).toMatch(/examples that look like '\w+', \d+ are labelled '\w+'$/);
});

describe('labels that are kept apart', () => {
  test('do not change what is usual: the next night is looked at by what was usual before', async () => {
    await night(0);
    await night(1, { poisoned: true });
    const { note } = await night(2);
    expect(note).toMatch(/^(100|99)\.\d % of 300 new labels/);
    expect(await statuses()).toEqual(['held']);
  });

  test('are released when the labels right after them say the same', async () => {
    await night(0, { poisoned: true });
    const { note, nothingNew } = await night(1, { poisoned: true });
    expect(nothingNew).toBeNull();
    expect(note).toContain('the labels before say the same, and are released');
    expect(await quarantines()).toMatchObject([
      { status: 'released', ended: { by: expect.stringMatching(/^run /) as string } },
    ]);
  });

  test('are the new usual then, whatever was usual for nights before', async () => {
    for (const index of [0, 1, 2]) await night(index);
    for (const index of [3, 4]) await night(index, { poisoned: true });
    for (const index of [5, 6]) expect((await night(index, { poisoned: true })).nothingNew).toBeNull();
    expect(await statuses()).toEqual(['released']);
  });

  test('stay when a clean night lay between: a fault that comes again is a fault again', async () => {
    await night(0, { poisoned: true });
    expect((await night(1)).nothingNew).toBeNull();
    expect((await night(2, { poisoned: true })).nothingNew).toMatch(/kept apart/);
    expect(await statuses()).toEqual(['held', 'held']);
  });

  test('stay discarded, whatever comes after, where a person said so', async () => {
    await night(0, { poisoned: true });
    const [only] = await quarantines();
    const why = 'the labelling tool was broken';
    await endQuarantine(store, MODEL, only as Quarantine, {
      status: 'discarded',
      by: 'ada',
      at: new Date(),
      why,
    });
    expect((await night(1, { poisoned: true })).nothingNew).toMatch(/kept apart/);
    expect(await statuses()).toEqual(['discarded', 'held']);
  });
});

test('a person who releases them is believed: the next labels that say the same are as well', async () => {
  await night(0, { poisoned: true });
  const [only] = await quarantines();
  const why = 'the colours were renamed';
  await endQuarantine(store, MODEL, only as Quarantine, {
    status: 'released',
    by: 'ada',
    at: new Date(),
    why,
  });
  expect((await night(1, { poisoned: true })).nothingNew).toBeNull();
  expect((await night(2, { poisoned: true })).nothingNew).toBeNull();
  expect(await quarantines()).toMatchObject([{ status: 'released', ended: { by: 'ada', why } }]);
});

test('what a person releases while a run is under way takes part from the next run on', async () => {
  await night(0, { poisoned: true });
  const { ctx } = await openRunOf(store, MODEL, String(runs++));
  const [only] = await quarantines();
  const at = new Date(Date.parse(ctx.run.startedAt) + 1);
  await endQuarantine(store, MODEL, only as Quarantine, { status: 'released', by: 'ada', at, why: 'x' });
  expect(await openQuarantines(ctx)).toHaveLength(1);
  const next = { ...ctx, run: { ...ctx.run, startedAt: new Date(at.getTime() + 1).toISOString() } };
  expect(await openQuarantines(next)).toEqual([]);
});

describe('labels that lost their examples', () => {
  test('are kept apart, with the class that is contradicted most, and examples', async () => {
    await night(0);
    const { nothingNew } = await night(1, { shuffled: true });
    expect(nothingNew).toMatch(/they seem to have lost their examples: .* they are kept apart$/);
    const [only] = await quarantines();
    expect(only).toMatchObject({ status: 'held', kind: 'unrelated', renamings: [] });
    expect(only?.reason).toMatch(
      /labelled '\w+' it contradicts \d+, and neighbours do not know them either$/,
    );
    expect(only?.sample).toHaveLength(20);
    expect(only?.sample[0]).toMatch(/^night-11-/);
    expect((await night(2)).nothingNew).toBeNull();
    expect(await statuses()).toEqual(['held']);
  });

  test('are released when the next ones are like that: then this is what comes in', async () => {
    await night(0, { shuffled: true });
    expect((await night(1, { shuffled: true })).note).toContain('are released');
    expect(await statuses()).toEqual(['released']);
  });
});

test('labels that a former champion knows are believed: the past came back', async () => {
  // Version 2 learned from labels that were swapped all along, in a world of its own.
  const other = createMemoryStore();
  await createBlobModel(other, MODEL, { ...HISTORY, poisoned: true });
  expect(await retrain(other, MODEL)).toMatchObject({ promoted: true, candidate: 1 });
  const [first, swapped] = [await loadManifest(store, MODEL, 1), await loadManifest(other, MODEL, 1)];
  if (!first.ok || !swapped.ok) throw new Error('expected both versions');
  for (const file of VERSION_FILES) {
    const bytes = (await other.get(keys.versionFile(MODEL, 1, file)))?.bytes;
    if (bytes !== undefined) await store.put(keys.versionFile(MODEL, 2, file), bytes);
  }
  const manifest = { ...swapped.value, version: 2, snapshot: first.value.snapshot };
  await store.put(keys.manifest(MODEL, 2), encodeJson(manifest));
  const by = { by: 'ada', reason: 'the colours were renamed', at: new Date() };
  expect(await promote(store, MODEL, 2, by)).toMatchObject({ ok: true });

  const { note, nothingNew } = await night(0);
  expect(nothingNew).toBeNull();
  expect(note).toContain('version 1, a former champion, agrees with them');
  expect(await quarantines()).toEqual([]);
});

test('wherever a run is interrupted and goes on, it says what it would have said', async () => {
  for (const again of [false, true]) {
    if (again) await night(0, { poisoned: true });
    await collect(again ? 1 : 0, { poisoned: true });
    const { ctx, snapshot } = await openRunOf(store, MODEL, String(runs++));
    const base = store;
    await crashEverywhere(
      async () => ({ store: await copyOf(base) }),
      (faulty) => checkLabels({ ...ctx, store: faulty }, snapshot),
      async (world, place) => {
        const { nothingNew } = await checkLabels({ ...ctx, store: world.store }, snapshot);
        expect(nothingNew === null, place).toBe(again);
        const held = (await quarantines(world.store)).map(({ status }) => status);
        expect(held, place).toEqual([again ? 'released' : 'held']);
      },
    );
    store = await copyOf(served);
  }
});
