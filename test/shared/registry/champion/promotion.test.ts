import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { loadChampion, loadHistory, type Move } from '../../../../shared/registry/champion/alias.ts';
import { keys } from '../../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import { promote, type PromotionRequest, rollback } from '../../../../shared/registry/champion/promotion.ts';
import { promoteByRun } from '../../../../shared/registry/champion/machine-promotion.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { describeOrigin } from '../../../../shared/registry/champion/taken-back.ts';
import { crashEverywhere, wrapStore } from '../../../support/faulty-store.ts';
import { makeFiles, makeManifest, MODEL, publishVersions } from '../../../support/version.ts';

const AT = new Date('2026-11-23T09:00:00.000Z');

const ask = (changes: Partial<PromotionRequest> = {}): PromotionRequest => ({
  by: 'ada',
  reason: 'looks good',
  at: AT,
  ...changes,
});

let store: ObjectStore;
beforeEach(async () => {
  store = createMemoryStore();
  await publishVersions(store, 'promote', 'promote', 'reject', 'promote');
});

async function champion(from = store): Promise<number | null> {
  const loaded = await loadChampion(from, MODEL);
  if (!loaded.ok) throw new Error(loaded.error.detail);
  return loaded.value?.move.to ?? null;
}

async function history(from = store): Promise<Move[]> {
  const loaded = await loadHistory(from, MODEL);
  if (!loaded.ok) throw new Error(loaded.error.detail);
  return loaded.value;
}

/** 1, 2, 3, … without a gap, each beginning where the one before ended, the last one being the champion. */
async function expectWholeHistory(from = store): Promise<Move[]> {
  const moves = await history(from);
  expect(moves.map(({ sequence }) => sequence)).toEqual(moves.map((_, i) => i + 1));
  expect(moves.map((move) => move.from)).toEqual(moves.map((_, i) => moves[i - 1]?.to ?? null));
  expect(moves.at(-1)?.to ?? null).toBe(await champion(from));
  return moves;
}

describe('promote', () => {
  test('makes a version champion and records who did it, why, and on what verdict', async () => {
    const moved = await promote(store, MODEL, 1, ask());
    const expected = {
      sequence: 1,
      action: 'promote',
      from: null,
      to: 1,
      at: '2026-11-23T09:00:00.000Z',
      by: 'ada',
      reason: 'looks good',
      verdict: 'promote',
      forced: false,
      run: null,
      origin: describeOrigin(makeManifest(1)),
    };
    expect(moved).toEqual({ ok: true, value: expected });
    expect(await history()).toEqual([expected]);
  });

  test('refuses a version that the gate did not pass, and says why', async () => {
    expect(await promote(store, MODEL, 3, ask())).toEqual({
      ok: false,
      error: {
        kind: 'not-passed',
        detail: "version 3's verdict is reject (forgets the oldest window); --force promotes it all the same",
      },
    });
    expect(await champion()).toBe(null);
  });

  test('promotes a refused version when forced, and records that', async () => {
    const moved = await promote(store, MODEL, 3, ask({ force: true }));
    expect(moved).toMatchObject({ ok: true, value: { to: 3, verdict: 'reject', forced: true } });
  });

  test('does not call it forced where the gate had passed the version anyway', async () => {
    const moved = await promote(store, MODEL, 1, ask({ force: true }));
    expect(moved).toMatchObject({ ok: true, value: { forced: false } });
  });

  test('takes back without force what served by trust or the referee before, but not what was forced', async () => {
    await promote(store, MODEL, 1, ask());
    expect(await promote(store, MODEL, 3, ask({ evidence: 'trust' }))).toMatchObject({
      ok: true,
    });
    await rollback(store, MODEL, ask());
    const back = await promote(store, MODEL, 3, ask());
    expect(back).toMatchObject({ ok: true, value: { from: 1, to: 3, verdict: 'reject', forced: false } });

    const other = createMemoryStore();
    await publishVersions(other, 'promote', 'hold');
    await promote(other, MODEL, 1, ask());
    await promote(other, MODEL, 2, ask({ force: true }));
    await rollback(other, MODEL, ask());
    expect(await promote(other, MODEL, 2, ask())).toMatchObject({ error: { kind: 'not-passed' } });
  });

  test('refuses an unknown version, and says which there are', async () => {
    expect(await promote(store, MODEL, 9, ask({ force: true }))).toEqual({
      ok: false,
      error: {
        kind: 'unknown-version',
        version: 9,
        detail: 'digits has no version 9; it has versions 1, 2, 3, 4',
      },
    });
    expect(await promote(store, 'faces', 1, ask())).toMatchObject({
      ok: false,
      error: { detail: 'faces has no version 1; it has no versions yet' },
    });
  });

  test('refuses a half-published version', async () => {
    await store.delete(keys.manifest(MODEL, 2));
    expect(await promote(store, MODEL, 2, ask({ force: true }))).toMatchObject({
      ok: false,
      error: {
        kind: 'unpublished',
        detail:
          'version 2 of digits is not completely published: models/digits/versions/2/manifest.json is not there',
      },
    });
  });

  test.each(['edge.json', 'edge.bin'] as const)('refuses a version whose %s is damaged', async (file) => {
    const whole = makeFiles(2)[file];
    const key = keys.versionFile(MODEL, 2, file);
    await promote(store, MODEL, 1, ask());
    await store.put(key, whole.slice(0, -1));
    expect(await promote(store, MODEL, 2, ask({ force: true }))).toEqual({
      ok: false,
      error: {
        kind: 'damaged',
        version: 2,
        detail: `${key}: expected ${whole.length} bytes, got ${whole.length - 1}`,
      },
    });
    expect(await champion()).toBe(1);
  });

  test('refuses the version that already serves', async () => {
    await promote(store, MODEL, 1, ask());
    expect(await promote(store, MODEL, 1, ask())).toEqual({
      ok: false,
      error: { kind: 'already-champion', detail: 'version 1 already serves digits' },
    });
    expect(await history()).toHaveLength(1);
  });

  test('refuses when another version serves than the decision was based on', async () => {
    await promote(store, MODEL, 1, ask({ by: 'grace', reason: 'hotfix' }));
    const moved = await promote(store, MODEL, 2, ask({ expectedChampion: null }));
    expect(moved).toMatchObject({
      ok: false,
      error: {
        kind: 'lost-race',
        to: { to: 1, by: 'grace' },
        detail: 'lost to grace, who moved the champion to version 1 at 2026-11-23T09:00:00.000Z (hotfix)',
      },
    });
    expect(await promote(store, MODEL, 2, ask({ expectedChampion: 1 }))).toMatchObject({ ok: true });
  });

  test('refuses when the decision was based on a champion and there is none', async () => {
    expect(await promote(store, MODEL, 2, ask({ expectedChampion: 1 }))).toEqual({
      ok: false,
      error: { kind: 'alias-unreadable', detail: 'expected version 1 to be champion, there is none' },
    });
  });
});

describe('a run that promotes', () => {
  const byRun = { ...ask({ by: 'run run-2', expectedChampion: 1 }), run: 'run-2' };

  test('may repeat it: the move it made is given back', async () => {
    await promote(store, MODEL, 1, ask());
    const first = await promoteByRun(store, MODEL, 2, byRun);
    expect(await promoteByRun(store, MODEL, 2, byRun)).toEqual(first);
    expect(await history()).toHaveLength(2);
  });

  test('does not overrule the person who has rolled its promotion back since', async () => {
    await promote(store, MODEL, 1, ask());
    const first = await promoteByRun(store, MODEL, 2, byRun);
    await rollback(store, MODEL, ask({ by: 'grace', reason: 'complaints' }));
    expect(await promoteByRun(store, MODEL, 2, byRun)).toEqual(first);
    expect(await champion()).toBe(1);
    expect(await history()).toHaveLength(3);
  });

  test('knows its own move also when another promotion has followed', async () => {
    await promote(store, MODEL, 1, ask());
    const first = await promoteByRun(store, MODEL, 2, byRun);
    await promote(store, MODEL, 4, ask({ by: 'grace' }));
    expect(await promoteByRun(store, MODEL, 2, byRun)).toEqual(first);
    expect(await champion()).toBe(4);
  });
});

describe('rollback', () => {
  test('puts back the version that served before, and a second one goes further back', async () => {
    await promote(store, MODEL, 4, ask());
    await promote(store, MODEL, 1, ask());
    await promote(store, MODEL, 2, ask());
    expect(await rollback(store, MODEL, ask({ reason: 'complaints' }))).toMatchObject({
      ok: true,
      value: { action: 'rollback', from: 2, to: 1, reason: 'complaints', sequence: 4 },
    });
    expect(await champion()).toBe(1);
    await rollback(store, MODEL, ask());
    expect(await champion()).toBe(4);
    expect(await rollback(store, MODEL, ask())).toMatchObject({
      ok: false,
      error: {
        detail: 'version 4 is the first champion of digits: there is no earlier version to put back',
      },
    });
    await expectWholeHistory();
  });

  test('puts back a named earlier champion', async () => {
    for (const version of [1, 2, 4]) await promote(store, MODEL, version, ask());
    expect(await rollback(store, MODEL, { ...ask(), to: 1 })).toMatchObject({
      ok: true,
      value: { from: 4, to: 1 },
    });
  });

  test('refuses a version that never served', async () => {
    for (const version of [1, 2]) await promote(store, MODEL, version, ask());
    expect(await rollback(store, MODEL, { ...ask(), to: 4 })).toEqual({
      ok: false,
      error: {
        kind: 'nothing-to-roll-back',
        detail: 'version 4 never served digits; use promote to make it champion for the first time',
      },
    });
  });

  test('refuses when there is no earlier version', async () => {
    expect(await rollback(store, MODEL, ask())).toEqual({
      ok: false,
      error: {
        kind: 'nothing-to-roll-back',
        detail: 'digits has had no champion: there is no earlier version to put back',
      },
    });
    await promote(store, MODEL, 1, ask());
    expect(await rollback(store, MODEL, ask())).toMatchObject({
      ok: false,
      error: { detail: 'digits has had one champion only: there is no earlier version to put back' },
    });
    expect(await rollback(store, MODEL, { ...ask(), to: 1 })).toMatchObject({
      ok: false,
      error: { kind: 'already-champion' },
    });
  });

  test('refuses a version whose files are damaged: what serves now is better than that', async () => {
    for (const version of [1, 2]) await promote(store, MODEL, version, ask());
    await store.delete(keys.versionFile(MODEL, 1, 'edge.bin'));
    expect(await rollback(store, MODEL, ask())).toEqual({
      ok: false,
      error: {
        kind: 'damaged',
        version: 1,
        detail: 'models/digits/versions/1/edge.bin is not there',
      },
    });
    expect(await champion()).toBe(2);
  });

  test('refuses when another version serves than the decision was based on', async () => {
    for (const version of [1, 2]) await promote(store, MODEL, version, ask());
    expect(await rollback(store, MODEL, ask({ expectedChampion: 2 }))).toMatchObject({ ok: true });
    expect(await rollback(store, MODEL, ask({ expectedChampion: 2 }))).toMatchObject({
      ok: false,
      error: { kind: 'lost-race', to: { to: 1 } },
    });
    expect(await champion()).toBe(1);
  });

  test('goes back along the way that led here, past whatever was taken back', async () => {
    const step = fc.oneof(fc.constantFrom(1, 2, 4), fc.constant('back' as const));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const store = createMemoryStore();
        await publishVersions(store, 'promote', 'promote', 'reject', 'promote');
        const served: number[] = [];
        const back = new Set<number>();
        let way: number[] = [];
        for (const step of steps) {
          const moved =
            step === 'back' ? await rollback(store, MODEL, ask()) : await promote(store, MODEL, step, ask());
          if (!moved.ok) continue;
          if (step === 'back') way = way.slice(0, way.lastIndexOf(before(way, back)) + 1);
          else way.push(step);
          if (step === 'back') back.add(moved.value.from ?? 0);
          back.delete(moved.value.to);
          expect(moved.value.to).toBe(way.at(-1));
          served.push(moved.value.to);
          expect(await champion(store)).toBe(moved.value.to);
        }
        expect((await expectWholeHistory(store)).map(({ to }) => to)).toEqual(served);
      }),
      { numRuns: 60 },
    );
  });
});

/** The last on the way that is neither the champion nor taken back. */
function before(way: readonly number[], back: ReadonlySet<number>): number {
  const current = way.at(-1);
  return way.slice(0, -1).findLast((version) => version !== current && !back.has(version)) ?? 0;
}

describe('a race', () => {
  test('is won by exactly one, and the others are told by whom', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.boolean(), async (scheduler, hasChampion) => {
        const store = createMemoryStore();
        await publishVersions(store, 'promote', 'promote', 'promote', 'promote');
        if (hasChampion) await promote(store, MODEL, 4, ask());
        const expectedChampion = hasChampion ? 4 : null;
        const slow = wrapStore(store, (name, call) => scheduler.schedule(Promise.resolve(), name).then(call));
        const racing = Promise.all(
          [1, 2, 3].map((version) =>
            promote(slow, MODEL, version, ask({ by: `person ${version}`, expectedChampion })),
          ),
        );
        await scheduler.waitFor(racing);
        const outcomes = await racing;
        const won = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : []));
        expect(won).toHaveLength(1);
        for (const outcome of outcomes) {
          if (outcome.ok) continue;
          expect(outcome.error).toMatchObject({ kind: 'lost-race', to: won[0] });
          expect(outcome.error.detail).toMatch(`lost to ${won[0]?.by}, who moved the champion to version`);
        }
        const moves = await expectWholeHistory(store);
        expect(moves).toHaveLength(hasChampion ? 2 : 1);
        expect(moves.at(-1)).toEqual(won[0]);
      }),
      { numRuns: 150 },
    );
  });

  test('between promotions and rollbacks that expect nothing loses no move and invents none', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const store = createMemoryStore();
        await publishVersions(store, 'promote', 'promote', 'promote', 'promote');
        for (const version of [1, 2]) await promote(store, MODEL, version, ask());
        const slow = wrapStore(store, (name, call) => scheduler.schedule(Promise.resolve(), name).then(call));
        const reading = loadHistory(slow, MODEL);
        const racing = Promise.all([
          promote(slow, MODEL, 3, ask({ by: 'ada' })),
          rollback(slow, MODEL, ask({ by: 'grace' })),
          promoteByRun(slow, MODEL, 4, { ...ask({ by: 'run' }), run: 'run-4' }),
        ]);
        await scheduler.waitFor(Promise.all([reading, racing]));
        const won = (await racing).flatMap((outcome) => (outcome.ok ? [outcome.value] : []));
        expect((await reading).ok).toBe(true);
        const moves = await expectWholeHistory(store);
        expect(moves.slice(2)).toHaveLength(won.length);
        expect(moves.slice(2)).toEqual(expect.arrayContaining(won));
      }),
      { numRuns: 150 },
    );
  });
});

describe('a crash at any call', () => {
  const setUp = async () => {
    const store = createMemoryStore();
    await publishVersions(store, 'promote', 'promote');
    await promote(store, MODEL, 1, ask());
    return { store };
  };
  const byRun = { ...ask({ expectedChampion: 1 }), run: 'run-2' };

  test('of a promotion by a run leaves a repeat that promotes exactly once', async () => {
    const places = await crashEverywhere(
      setUp,
      (store) => promoteByRun(store, MODEL, 2, byRun),
      async ({ store }, place) => {
        const again = await promoteByRun(store, MODEL, 2, byRun);
        expect(again, place).toMatchObject({ ok: true, value: { to: 2, run: 'run-2', sequence: 2 } });
        expect(await expectWholeHistory(store), place).toHaveLength(2);
      },
    );
    expect(places).toBeGreaterThan(6);
  });

  test('of a promotion by a person is either before the move or after it, and its record is there', async () => {
    await crashEverywhere(
      setUp,
      (store) => promote(store, MODEL, 2, ask()),
      async ({ store }, place) => {
        const moved = (await champion(store)) === 2;
        expect(await expectWholeHistory(store), place).toHaveLength(moved ? 2 : 1);
        const again = await promote(store, MODEL, 2, ask());
        expect(again.ok ? 'moved' : again.error.kind, place).toBe(moved ? 'already-champion' : 'moved');
        expect(await expectWholeHistory(store), place).toHaveLength(2);
      },
    );
  });

  test('is mended by the next move too: the entry that was not written is written first', async () => {
    await crashEverywhere(
      setUp,
      (store) => promote(store, MODEL, 2, ask()),
      async ({ store }, place) => {
        if ((await champion(store)) !== 2) return;
        await rollback(store, MODEL, ask());
        const entries = await store.list(keys.historyPrefix(MODEL));
        expect(entries, place).toEqual([1, 2, 3].map((sequence) => keys.history(MODEL, sequence)));
        await expectWholeHistory(store);
      },
    );
  });

  test('of a rollback changes no entry that was there', async () => {
    await crashEverywhere(
      async () => {
        const { store } = await setUp();
        await promote(store, MODEL, 2, ask());
        return { store, before: await history(store) };
      },
      (store) => rollback(store, MODEL, ask()),
      async ({ store, before }, place) => {
        const after = await expectWholeHistory(store);
        expect(after.slice(0, 2), place).toEqual(before);
        expect(after.length, place).toBe((await champion(store)) === 1 ? 3 : 2);
      },
    );
  });
});
