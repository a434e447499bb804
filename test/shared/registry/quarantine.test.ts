import { beforeEach, describe, expect, test } from 'vitest';
import { keys } from '../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import {
  endQuarantine,
  listQuarantines,
  type Quarantine,
  saveQuarantine,
} from '../../../shared/registry/quarantine.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { crashEverywhere } from '../../support/faulty-store.ts';
import { MODEL } from '../../support/version.ts';

const AT = '2026-11-30T03:00:05.250Z';
const ENDING = {
  status: 'released',
  by: 'ada',
  at: new Date('2026-12-01T08:00:00Z'),
  why: 'renamed',
} as const;

function quarantine(changes: Partial<Quarantine> = {}): Quarantine {
  return {
    format: 'holdfast-quarantine/1',
    kind: 'renamed',
    scale: null,
    former: [],
    fromMs: 1_000,
    toMs: 2_000,
    status: 'held',
    run: 'one',
    at: AT,
    reason: '10.0 % of 50 labels agree with what served, where 95.0 % did before',
    examples: 50,
    agreement: 0.1,
    usual: 0.95,
    renamings: [{ from: 0, to: 1, answered: 25, labelled: 24 }],
    sample: [],
    ended: null,
    ...changes,
  };
}

let store: ObjectStore;
beforeEach(() => {
  store = createMemoryStore();
});

async function all(of: ObjectStore = store): Promise<Quarantine[]> {
  const listed = await listQuarantines(of, MODEL);
  if (!listed.ok) throw new Error(listed.error.detail);
  return listed.value;
}

test('a model whose labels were always believed has none', async () => {
  expect(await all()).toEqual([]);
});

test('they are listed in order of time, however their keys sort, and of one model only', async () => {
  const later = quarantine({ fromMs: 10_000, toMs: 20_000 });
  await saveQuarantine(store, MODEL, later);
  await saveQuarantine(store, MODEL, quarantine({ fromMs: 9_000, toMs: 10_000 }));
  await saveQuarantine(store, MODEL, quarantine());
  await saveQuarantine(store, 'another', quarantine({ fromMs: 5, toMs: 6 }));
  expect((await all()).map(({ fromMs }) => fromMs)).toEqual([1_000, 9_000, 10_000]);
  expect((await all()).at(-1)).toEqual(later);
});

test('whoever notices the same stretch twice notices it once: what a person decided about it stays', async () => {
  await saveQuarantine(store, MODEL, quarantine());
  await endQuarantine(store, MODEL, quarantine(), ENDING);
  await saveQuarantine(store, MODEL, quarantine());
  expect(await all()).toMatchObject([{ status: 'released', run: 'one' }]);
});

describe('ending one', () => {
  test('keeps what was seen, and says who, when and why', async () => {
    await saveQuarantine(store, MODEL, quarantine());
    const ended = await endQuarantine(store, MODEL, quarantine(), ENDING);
    const expected = quarantine({
      status: 'released',
      ended: { status: 'released', by: 'ada', at: '2026-12-01T08:00:00.000Z', why: 'renamed' },
    });
    expect(ended).toEqual({ ok: true, value: expected });
    expect(await all()).toEqual([expected]);
  });

  test('may be thought over again', async () => {
    await saveQuarantine(store, MODEL, quarantine());
    await endQuarantine(store, MODEL, quarantine(), ENDING);
    await endQuarantine(store, MODEL, quarantine(), { ...ENDING, status: 'discarded', why: 'a sensor' });
    expect(await all()).toMatchObject([
      { status: 'discarded', ended: { why: 'a sensor' }, former: [{ status: 'released', why: 'renamed' }] },
    ]);
  });

  test('the same way twice changes nothing: who said it first stays', async () => {
    await saveQuarantine(store, MODEL, quarantine());
    const first = await endQuarantine(store, MODEL, quarantine(), ENDING);
    expect(await endQuarantine(store, MODEL, quarantine(), { ...ENDING, by: 'bob', why: 'me too' })).toEqual(
      first,
    );
  });

  test('by two people at once keeps what both said', async () => {
    await saveQuarantine(store, MODEL, quarantine());
    await Promise.all([
      endQuarantine(store, MODEL, quarantine(), ENDING),
      endQuarantine(store, MODEL, quarantine(), { ...ENDING, by: 'bob', status: 'discarded' }),
    ]);
    const [only] = await all();
    const said = [...(only?.former ?? []), only?.ended].map((each) => `${each?.by} ${each?.status}`);
    expect(said.sort()).toEqual(['ada released', 'bob discarded']);
  });

  test('that is not there is an error by its stretch', async () => {
    expect(await endQuarantine(store, MODEL, quarantine(), ENDING)).toEqual({
      ok: false,
      error: { kind: 'unknown-quarantine', detail: `${MODEL} has no quarantine 1000-2000` },
    });
  });

  test('wherever it crashes, is either done or not, and can be repeated', async () => {
    const places = await crashEverywhere(
      async () => {
        const world = { store: createMemoryStore() };
        await saveQuarantine(world.store, MODEL, quarantine());
        return world;
      },
      (faulty) => endQuarantine(faulty, MODEL, quarantine(), ENDING),
      async (world, place) => {
        const [before] = await all(world.store);
        expect(['held', 'released'], place).toContain(before?.status);
        await endQuarantine(world.store, MODEL, quarantine(), ENDING);
        expect(await all(world.store), place).toMatchObject([{ status: 'released', examples: 50 }]);
      },
    );
    expect(places).toBeGreaterThan(1);
  });
});

test('a damaged one fails closed, by its key: nobody learns on a guess', async () => {
  await saveQuarantine(store, MODEL, quarantine({ fromMs: 5, toMs: 6 }));
  const key = keys.quarantine(MODEL, 1_000, 2_000);
  await store.put(key, new TextEncoder().encode(JSON.stringify({ ...quarantine(), status: 'maybe' })));
  const listed = await listQuarantines(store, MODEL);
  expect(listed).toMatchObject({ ok: false, error: { kind: 'quarantine-unreadable' } });
  expect(!listed.ok && listed.error.detail).toContain(key);
  expect(await endQuarantine(store, MODEL, quarantine(), ENDING)).toMatchObject({
    ok: false,
    error: { kind: 'quarantine-unreadable' },
  });
});
