import { beforeEach, describe, expect, test } from 'vitest';
import {
  loadChampion,
  loadHistory,
  type Move,
  moveChampion,
} from '../../../../shared/registry/champion/alias.ts';
import { keys } from '../../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import { promote, rollback } from '../../../../shared/registry/champion/promotion.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { MODEL, publishVersions } from '../../../support/version.ts';

const ALIAS = keys.alias(MODEL, 'champion');

const facts = (to: number, by = 'ada'): Omit<Move, 'sequence' | 'from'> => ({
  action: 'promote',
  to,
  at: '2026-11-23T09:00:00.000Z',
  by,
  reason: 'looks good',
  verdict: 'promote',
  forced: false,
  run: null,
});

let store: ObjectStore;
beforeEach(() => {
  store = createMemoryStore();
});

async function moveTo(to: number, on = store): Promise<Move> {
  const seen = await loadChampion(on, MODEL);
  if (!seen.ok) throw new Error(seen.error.detail);
  const moved = await moveChampion(on, MODEL, seen.value, facts(to));
  if (!moved.ok) throw new Error(moved.error.detail);
  return moved.value;
}

test('a model that was never promoted has no champion and no history', async () => {
  expect(await loadChampion(store, MODEL)).toEqual({ ok: true, value: null });
  expect(await loadHistory(store, MODEL)).toEqual({ ok: true, value: [] });
});

test('moves are numbered, and each says where it came from', async () => {
  expect(await moveTo(1)).toEqual({ sequence: 1, from: null, ...facts(1) });
  expect(await moveTo(5)).toEqual({ sequence: 2, from: 1, ...facts(5) });
});

test('the history stays in order past ten moves', async () => {
  for (let version = 1; version <= 12; version++) await moveTo(version);
  const history = await loadHistory(store, MODEL);
  expect(history.ok && history.value.map(({ to }) => to)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test('a move from what no longer serves is refused and changes nothing', async () => {
  const seen = await loadChampion(store, MODEL);
  const winner = await moveTo(1);
  expect(await moveChampion(store, MODEL, seen.ok ? seen.value : null, facts(2, 'grace'))).toEqual({
    ok: false,
    error: {
      kind: 'lost-race',
      to: winner,
      detail: 'lost to ada, who moved the champion to version 1 at 2026-11-23T09:00:00.000Z (looks good)',
    },
  });
  expect(await loadHistory(store, MODEL)).toEqual({ ok: true, value: [winner] });
});

test('a move whose put was repeated by the client of the store, and refused the second time, has not lost', async () => {
  await moveTo(1);
  const repeating: ObjectStore = {
    ...store,
    async put(key, bytes, condition) {
      await store.put(key, bytes, condition);
      return store.put(key, bytes, condition);
    },
  };
  const move = await moveTo(2, repeating);
  expect(move).toEqual({ sequence: 2, from: 1, ...facts(2) });
  const history = await loadHistory(store, MODEL);
  expect(history.ok && history.value.at(-1)).toEqual(move);
});

describe('an alias that can not be read', () => {
  const damages: readonly (readonly [string, string])[] = [
    ['is empty', ''],
    ['was cut short', '{"sequence": 1, "action": "pro'],
    ['is of another form', '{"version": 3}'],
    ['names no version', JSON.stringify({ sequence: 1, from: null, ...facts(0) })],
  ];

  test.each(damages)('is an error and never overwritten: it %s', async (_name, text) => {
    await publishVersions(store, 'promote', 'promote');
    await store.put(ALIAS, new TextEncoder().encode(text));
    const request = { by: 'ada', reason: 'why', at: new Date(0), force: true, run: 'run-1' };
    const outcomes = [
      await loadChampion(store, MODEL),
      await loadHistory(store, MODEL),
      await promote(store, MODEL, 2, request),
      await promote(store, MODEL, 2, { ...request, expectedChampion: null }),
      await rollback(store, MODEL, request),
      await moveChampion(store, MODEL, null, facts(2)),
    ];
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ ok: false, error: { kind: 'alias-unreadable' } });
      expect(!outcome.ok && outcome.error.detail).toContain(`${ALIAS}: `);
    }
    expect(new TextDecoder().decode((await store.get(ALIAS))?.bytes)).toBe(text);
  });

  test('is one that was deleted while its history is there', async () => {
    await publishVersions(store, 'promote', 'promote');
    await moveTo(1);
    await store.delete(ALIAS);
    const moved = await promote(store, MODEL, 2, { by: 'ada', reason: 'why', at: new Date(0) });
    expect(moved).toEqual({
      ok: false,
      error: {
        kind: 'alias-unreadable',
        detail:
          'models/digits/aliases/champion.json: expected the last move of the history, got an older one or none, while models/digits/history/00000001.json exists; copy the last history entry there',
      },
    });
    expect(await store.get(ALIAS)).toBe(null);
  });

  test('is one that was put back to an older state than its history, until the last entry is copied there', async () => {
    await moveTo(1);
    const old = (await store.get(ALIAS))?.bytes ?? new Uint8Array();
    await moveTo(2);
    const newest = (await store.get(keys.history(MODEL, 2)))?.bytes ?? new Uint8Array();
    await store.put(ALIAS, old);
    await expect(moveTo(3)).rejects.toThrow('expected the last move of the history');
    await store.put(ALIAS, newest);
    expect(await moveTo(3)).toMatchObject({ sequence: 3, from: 2 });
  });
});

test('a history entry that can not be read is named', async () => {
  await moveTo(1);
  await moveTo(2);
  await store.put(keys.history(MODEL, 1), new TextEncoder().encode('{'));
  expect(await loadHistory(store, MODEL)).toEqual({
    ok: false,
    error: {
      kind: 'alias-unreadable',
      detail: 'models/digits/history/00000001.json: expected JSON in UTF-8',
    },
  });
});
