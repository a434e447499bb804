import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { keys } from '../../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import { promote, rollback } from '../../../../shared/registry/champion/promotion.ts';
import { findServedAt } from '../../../../shared/registry/champion/served-at.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { wrapStore } from '../../../support/faulty-store.ts';
import { MODEL, publishVersions } from '../../../support/version.ts';

const START = Date.parse('2026-03-01T10:00:00.000Z');
const minute = (n: number): Date => new Date(START + n * 60_000);

/** Versions 1 and 2 by turns, a minute between the moves. */
async function serveByTurns(moves: number): Promise<ObjectStore> {
  const store = createMemoryStore();
  await publishVersions(store, 'promote', 'promote');
  for (let n = 0; n < moves; n++) {
    const moved = await promote(store, MODEL, (n % 2) + 1, {
      by: 'ada',
      reason: `move ${n + 1}`,
      at: minute(n),
    });
    if (!moved.ok) throw new Error(moved.error.detail);
  }
  return store;
}

async function versionAt(store: ObjectStore, at: Date): Promise<number | string> {
  const served = await findServedAt(store, MODEL, at);
  return served.ok ? served.value.version : served.error.kind;
}

test('names the version, who had promoted it, why, on what evidence, and until when it served', async () => {
  const store = await serveByTurns(3);
  expect(await findServedAt(store, MODEL, new Date(START + 90_000))).toMatchObject({
    ok: true,
    value: {
      at: '2026-03-01T10:01:30.000Z',
      version: 2,
      move: { sequence: 2, by: 'ada', reason: 'move 2' },
      until: '2026-03-01T10:02:00.000Z',
      evidence: { run: 'run-2', verdict: 'promote', reasons: ['all checks passed'] },
      problem: null,
    },
  });
  expect(await findServedAt(store, MODEL, minute(2))).toMatchObject({ value: { version: 1, until: null } });
});

test('of a time before the first champion says so, and of a model without one', async () => {
  const store = await serveByTurns(2);
  expect(await findServedAt(store, MODEL, minute(-1))).toEqual({
    ok: false,
    error: { kind: 'nothing-served', detail: 'digits had no champion before 2026-03-01T10:00:00.000Z' },
  });
  expect(await findServedAt(createMemoryStore(), MODEL, minute(0))).toMatchObject({
    error: { detail: 'digits has had no champion' },
  });
});

test('agrees with the history at any second', async () => {
  const at = fc.integer({ min: -120, max: 1_500 });
  const store = await serveByTurns(20);
  await fc.assert(
    fc.asyncProperty(at, async (seconds) => {
      const move = Math.min(Math.floor(seconds / 60), 19);
      const expected = seconds < 0 ? 'nothing-served' : (move % 2) + 1;
      expect(await versionAt(store, new Date(START + seconds * 1_000))).toBe(expected);
    }),
  );
});

test('reads three objects at most, however long the history is', async () => {
  const store = await serveByTurns(60);
  for (const n of [0, 17.5, 58, 59, 1_000]) {
    let reads = 0;
    const counting = wrapStore(store, (name, call) => {
      if (name === 'get' || name === 'getRange') reads += 1;
      return call();
    });
    expect(await findServedAt(counting, MODEL, minute(n))).toMatchObject({ ok: true });
    expect(reads).toBeLessThanOrEqual(3);
  }
});

test('a history from before times were kept is read once, and holes are filled', async () => {
  const store = await serveByTurns(6);
  const times = await store.list(keys.moveTimes(MODEL));
  for (const key of times.slice(1, 5)) await store.delete(key);
  expect(await versionAt(store, minute(3.5))).toBe(2);
  expect(await store.list(keys.moveTimes(MODEL))).toEqual(times);
});

test('after moves on clocks that disagree the last move counts of those made until then', async () => {
  const store = await serveByTurns(3);
  const moved = await rollback(store, MODEL, { by: 'grace', reason: 'a clock behind', at: minute(0.5) });
  expect(moved.ok).toBe(true);
  expect(await versionAt(store, minute(1.5))).toBe(moved.ok ? moved.value.to : 0);
});

test('a version whose manifest is gone is named all the same, with what is wrong', async () => {
  const store = await serveByTurns(2);
  await store.delete(keys.manifest(MODEL, 1));
  expect(await findServedAt(store, MODEL, minute(0))).toMatchObject({
    ok: true,
    value: { version: 1, evidence: null, problem: expect.stringContaining('not completely published') },
  });
});
