import { beforeEach, describe, expect, test } from 'vitest';
import {
  ask,
  type LedgerState,
  levelOf,
  NEW_LEDGER,
  withTrust,
} from '../../../shared/continuity/referee/ledger.ts';
import { decideTrust, UNTRIED } from '../../../shared/continuity/referee/trust.ts';
import { tallyOf } from '../../../shared/continuity/statistics/e-process.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { appendLedger, loadLedger } from '../../../trainer/referee/ledger-file.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { crashEverywhere } from '../../support/faulty-store.ts';
import { MODEL } from '../../support/version.ts';

const AT = new Date('2026-11-30T03:00:05.250Z');
const by = (run: string, event = 'asked') => ({ run, event, at: AT });
const asking =
  (question: string) =>
  (state: LedgerState): LedgerState =>
    ask(state, question, 0.05);
const bytes = new TextEncoder();

let store: ObjectStore;
beforeEach(() => {
  store = createMemoryStore();
});

async function entries(): Promise<string[]> {
  return store.list(keys.ledgerPrefix(MODEL));
}

async function newest(): Promise<LedgerState | null> {
  const loaded = await loadLedger(store, MODEL);
  if (!loaded.ok) throw new Error(loaded.error.detail);
  return loaded.value?.state ?? null;
}

describe('a ledger', () => {
  test('that nobody wrote to is none', async () => {
    expect(await loadLedger(store, MODEL)).toEqual({ ok: true, value: null });
  });

  test('gives back the whole state after the last entry, with who wrote it', async () => {
    const nights = [{ version: 3, units: tallyOf([1, 0, -1, 1]) }];
    const { trust } = decideTrust({ ...UNTRIED, trusted: true }, Array(9).fill(nights[0]), null, 0.05);
    await appendLedger(store, MODEL, by('one'), asking('a'));
    const written = await appendLedger(store, MODEL, by('one', 'decided'), (state) =>
      withTrust({ ...state, subject: 'seen' }, 'recipe', trust),
    );
    expect(await loadLedger(store, MODEL)).toEqual({
      ok: true,
      value: {
        format: 'holdfast-ledger/1',
        sequence: 2,
        at: AT.toISOString(),
        run: 'one',
        event: 'decided',
        state: written.ok && written.value,
      },
    });
  });

  test('only grows: what was written stays as it was', async () => {
    await appendLedger(store, MODEL, by('one'), asking('a'));
    const [first] = await entries();
    const before = await store.get(first as string);
    for (const run of ['two', 'three', 'four']) await appendLedger(store, MODEL, by(run), asking(run));
    expect((await entries()).length).toBe(4);
    expect((await store.get(first as string))?.bytes).toEqual(before?.bytes);
    expect((await newest())?.tests).toBe(4);
  });

  test('keeps the order of more than nine entries, and of their questions', async () => {
    for (let i = 1; i <= 12; i++) await appendLedger(store, MODEL, by(`run ${i}`), asking(`q ${i}`));
    const state = await newest();
    expect(state?.tests).toBe(12);
    expect(Object.keys(state?.levels ?? {})).toEqual(Array.from({ length: 12 }, (_, i) => `q ${i + 1}`));
  });
});

describe('the same run and event', () => {
  test('writes once, and is told what it wrote then, also after others wrote', async () => {
    const first = await appendLedger(store, MODEL, by('one'), asking('a'));
    await appendLedger(store, MODEL, by('two'), asking('b'));
    expect(await appendLedger(store, MODEL, by('one'), asking('something else'))).toEqual(first);
    expect((await entries()).length).toBe(2);
  });

  test('twice at once is one entry', async () => {
    const results = await Promise.all(
      Array.from({ length: 10 }, () => appendLedger(store, MODEL, by('one'), asking('a'))),
    );
    expect((await entries()).length).toBe(1);
    for (const result of results) expect(result).toEqual(results[0]);
  });

  test('crashed at any call and begun again, is one entry', async () => {
    const places = await crashEverywhere(
      async () => {
        store = createMemoryStore();
        await appendLedger(store, MODEL, by('one'), asking('a'));
        return { store };
      },
      (crashing) => appendLedger(crashing, MODEL, by('two'), asking('b')),
      async (world, place) => {
        const state = await appendLedger(world.store, MODEL, by('two'), asking('b'));
        expect(state.ok && state.value.tests, place).toBe(2);
        expect((await world.store.list(keys.ledgerPrefix(MODEL))).length, place).toBe(2);
      },
    );
    expect(places).toBeGreaterThanOrEqual(3);
  });
});

test('of fifty who ask at once each gets a level of its own, and none is lost', async () => {
  const names = Array.from({ length: 50 }, (_, i) => `run ${i}`);
  const results = await Promise.all(names.map((name) => appendLedger(store, MODEL, by(name), asking(name))));
  expect((await entries()).length).toBe(50);
  expect((await newest())?.tests).toBe(50);
  const levels = results.map((result, i) =>
    result.ok ? levelOf(result.value, names[i] as string) : Number.NaN,
  );
  expect(new Set(levels).size).toBe(50);
  expect(levels.reduce((sum, level) => sum + level, 0)).toBeLessThanOrEqual(0.05);
});

describe('a damaged entry', () => {
  test.each([
    ['no JSON', '{"format": "holdfast', 'expected JSON in UTF-8'],
    ['another form', '{"format": "holdfast-ledger/2"}', 'format: '],
    [
      'a level of 0',
      JSON.stringify({
        format: 'holdfast-ledger/1',
        sequence: 2,
        at: AT.toISOString(),
        run: 'two',
        event: 'asked',
        state: { ...NEW_LEDGER, tests: 1, levels: { a: 0 } },
      }),
      'state.levels.a: ',
    ],
  ])(
    'with %s is an error by name: nobody decides on a guess, and nothing is written',
    async (_, text, why) => {
      await appendLedger(store, MODEL, by('one'), asking('a'));
      await store.put(keys.ledger(MODEL, 2), bytes.encode(text));
      const loaded = await loadLedger(store, MODEL);
      const appended = await appendLedger(store, MODEL, by('three'), asking('c'));
      for (const result of [loaded, appended]) {
        expect(result).toMatchObject({ ok: false, error: { kind: 'ledger-unreadable' } });
        expect(!result.ok && result.error.detail).toContain(keys.ledger(MODEL, 2));
        expect(!result.ok && result.error.detail).toContain(why);
      }
      expect((await entries()).length).toBe(2);
    },
  );
});
