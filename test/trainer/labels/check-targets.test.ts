import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { writeEvents } from '../../../shared/events/inbox.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { listQuarantines, type Quarantine } from '../../../shared/registry/quarantine.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { checkLabels, type LabelCheck } from '../../../trainer/labels/check-labels.ts';
import { copyOf } from '../../support/copy-of.ts';
import { createRentModel, rentEvents, type RentNight } from '../../support/regression-model.ts';
import { openRunOf, retrain } from '../open-run.ts';

const MODEL = 'rents';
const HISTORY: RentNight = { n: 1_500, seed: 1, fromMs: Date.parse('2026-11-01T00:00:00Z') };
const AFTER = HISTORY.fromMs + 2 * HISTORY.n * 1_000;
const EVENING = 4_000_000;

let served: ObjectStore;
let store: ObjectStore;
let runs = 0;

beforeAll(async () => {
  served = createMemoryStore();
  await createRentModel(served, MODEL, HISTORY);
  expect(await retrain(served, MODEL)).toMatchObject({ promoted: true, candidate: 1 });
});

beforeEach(async () => {
  store = await copyOf(served);
});

type Told = (rents: readonly number[]) => readonly number[];

/** The targets of the `index`-th night, as they were told, and what is said of them. */
async function night(index: number, told: Told = (rents) => rents): Promise<LabelCheck> {
  const fromMs = AFTER + index * EVENING;
  const events = rentEvents({ n: 200, seed: 10 + index, fromMs });
  const labels = told(events.map(({ label }) => label));
  const written = events.map((event, i) => ({ ...event, label: labels[i] as number }));
  await writeEvents(store, MODEL, written, new Date(fromMs));
  const { ctx, snapshot } = await openRunOf(store, MODEL, String(runs++));
  return checkLabels(ctx, snapshot);
}

async function quarantines(): Promise<Quarantine[]> {
  const listed = await listQuarantines(store, MODEL);
  if (!listed.ok) throw new Error(listed.error.detail);
  return listed.value;
}

const inCents: Told = (rents) => rents.map((rent) => 100 * rent);
const shuffled: Told = (rents) => rents.map((_, i) => rents[(i * 73 + 11) % rents.length] as number);

test('targets like those before are believed', async () => {
  const { note, nothingNew } = await night(0);
  expect(nothingNew).toBeNull();
  expect(note).toMatch(/^what served is off by \d[\d.]* on average over 200 new targets$/);
  expect(await quarantines()).toEqual([]);
});

test.each<[string, Told, Partial<Quarantine>]>([
  ['cents for euros', inCents, { kind: 'rescaled' }],
  ['another sign', (rents) => rents.map((rent) => -rent), { kind: 'rescaled' }],
  ['shifted by 1,000', (rents) => rents.map((rent) => rent + 1_000), { kind: 'rescaled' }],
])('%s are kept apart on the first night, and what is wrong is said', async (_, told, expected) => {
  const { nothingNew } = await night(0, told);
  expect(nothingNew).toMatch(
    /they seem to be -?\d.* times what they were, (plus|minus) .*: they are kept apart$/,
  );
  expect(await quarantines()).toMatchObject([{ status: 'held', examples: 200, ...expected }]);
  expect((await quarantines())[0]?.sample).toHaveLength(20);
});

test('targets that lost their examples are kept apart, once a night is known', async () => {
  await night(0);
  expect((await night(1, shuffled)).nothingNew).toMatch(/lost their examples/);
  expect(await quarantines()).toMatchObject([{ kind: 'unrelated' }]);
});

describe('targets that are kept apart', () => {
  test('are released when the next ones come in the same unit, which is the usual one then', async () => {
    await night(0);
    await night(1, inCents);
    expect((await night(2, inCents)).note).toContain('the labels before say the same, and are released');
    expect(await quarantines()).toMatchObject([{ status: 'released' }]);
    expect((await night(3, inCents)).nothingNew).toBeNull();
  });

  test('stay when the next ones come as they always did, or in yet another unit', async () => {
    await night(0, inCents);
    expect((await night(1)).nothingNew).toBeNull();
    expect((await night(2, (rents) => rents.map((rent) => rent / 10))).nothingNew).toMatch(/kept apart/);
    expect((await quarantines()).map(({ status }) => status)).toEqual(['held', 'held']);
  });
});
