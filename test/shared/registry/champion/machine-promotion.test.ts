import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  loadChampion,
  loadHistory,
  type Move,
  type Pause,
} from '../../../../shared/registry/champion/alias.ts';
import { keys } from '../../../../shared/registry/store/keys.ts';
import { describePause, promoteByRun } from '../../../../shared/registry/champion/machine-promotion.ts';
import type { Manifest } from '../../../../shared/registry/versions/manifest.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import {
  findRollbackTarget,
  promote,
  type PromotionError,
  resumePromotion,
  rollback,
} from '../../../../shared/registry/champion/promotion.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { publishVersion } from '../../../../shared/registry/versions/versions.ts';
import type { Result } from '../../../../shared/result.ts';
import { crashEverywhere } from '../../../support/faulty-store.ts';
import { makeFiles, makeManifest, MODEL } from '../../../support/version.ts';

const AT = new Date('2026-11-23T09:00:00.000Z');
const ada = { by: 'ada', reason: 'still bad', at: AT };
const night = (run: string) => ({ by: `run ${run}`, reason: 'every check passed', at: AT, run });

/** A version with the files of another number where that is given, from a snapshot and a parent of its own by default. */
async function publish(
  store: ObjectStore,
  version: number,
  changes: Partial<Manifest> = {},
  filesOf = version,
): Promise<void> {
  const manifest = makeManifest(version, { snapshot: `snapshot-${version}`, ...changes });
  await publishVersion(store, { ...manifest, files: makeManifest(filesOf).files }, makeFiles(filesOf));
}

function unwrap<T>(result: Result<T, PromotionError>): T {
  if (!result.ok) throw new Error(`${result.error.kind}: ${result.error.detail}`);
  return result.value;
}

async function alias(store: ObjectStore): Promise<Move> {
  const champion = unwrap(await loadChampion(store, MODEL));
  if (champion === null) throw new Error('no champion');
  return champion.move;
}

let store: ObjectStore;
beforeEach(async () => {
  store = createMemoryStore();
  for (const version of [1, 2, 3]) await publish(store, version);
  for (const version of [1, 2]) unwrap(await promote(store, MODEL, version, ada));
});

describe('after a person rolled back', () => {
  beforeEach(async () => {
    unwrap(await rollback(store, MODEL, ada));
  });

  test('no machine promotes anything, and is told by whom, since when and what ends it', async () => {
    expect(await promoteByRun(store, MODEL, 3, night('n1'))).toEqual({
      ok: false,
      error: {
        kind: 'promotion-paused',
        detail:
          'promotion of digits is paused since ada rolled back at 2026-11-23T09:00:00.000Z (still bad); it goes on by holdfast resume-promotion digits',
      },
    });
    expect((await alias(store)).to).toBe(1);
  });

  test('it goes on once somebody resumes it, and the history keeps that it was paused', async () => {
    const resumed = unwrap(
      await resumePromotion(store, MODEL, { ...ada, reason: 'data is mended', until: 'now' }),
    );
    expect(resumed.resumed).toEqual({ by: 'ada', at: AT.toISOString(), reason: 'data is mended' });
    expect(unwrap(await promoteByRun(store, MODEL, 3, night('n1')))).toMatchObject({ to: 3, run: 'n1' });
    const moves = unwrap(await loadHistory(store, MODEL));
    expect(moves.map(({ pause }) => pause?.since ?? null)).toEqual([null, null, 3, null]);
  });

  test('what was taken back stays so after that: by number, weights, or snapshot and parent', async () => {
    unwrap(await resumePromotion(store, MODEL, { ...ada, until: 'now' }));
    await publish(store, 4, {}, 2);
    await publish(store, 5, { snapshot: 'snapshot-2' });
    await publish(store, 6, { snapshot: 'snapshot-2', parent: 1 });
    for (const [version, how] of [
      [2, 'version 2 was taken back'],
      [4, 'version 4 has the weights of version 2, which was taken back'],
      [5, 'version 5 comes from the snapshot and parent of version 2, which was taken back'],
    ] as const) {
      expect(await promoteByRun(store, MODEL, version, night(`n${version}`))).toEqual({
        ok: false,
        error: {
          kind: 'taken-back',
          detail: `${how} at 2026-11-23T09:00:00.000Z by ada (still bad); a person may promote it`,
        },
      });
    }
    expect(await promoteByRun(store, MODEL, 6, night('n6'))).toMatchObject({ ok: true });
  });

  test('versions that came trained have no snapshot in common', async () => {
    await publish(store, 4, { snapshot: null });
    await publish(store, 5, { snapshot: null });
    unwrap(await promote(store, MODEL, 4, ada));
    unwrap(await rollback(store, MODEL, { ...ada, automatic: true }));
    unwrap(await resumePromotion(store, MODEL, { ...ada, until: 'now' }));
    expect(await promoteByRun(store, MODEL, 5, night('n5'))).toMatchObject({ ok: true });
  });

  test('a person may promote it again, and then it is no longer barred; the pause stays', async () => {
    expect(unwrap(await promote(store, MODEL, 2, ada)).pause).toMatchObject({ since: 3, by: 'ada' });
    expect(await promoteByRun(store, MODEL, 3, night('n1'))).toMatchObject({
      error: { kind: 'promotion-paused' },
    });
    unwrap(await resumePromotion(store, MODEL, { ...ada, until: 'now' }));
    unwrap(await promoteByRun(store, MODEL, 3, night('n1')));
    expect(unwrap(await rollback(store, MODEL, ada)).to).toBe(2);
  });

  test('a second rollback by name does not bring it back', async () => {
    expect(await rollback(store, MODEL, { ...ada, to: 2 })).toEqual({
      ok: false,
      error: {
        kind: 'taken-back',
        detail: 'version 2 was taken back at 2026-11-23T09:00:00.000Z by ada (still bad); promote returns it',
      },
    });
  });

  test('nor does one of its weights under another number', async () => {
    await publish(store, 4, {}, 2);
    unwrap(await promote(store, MODEL, 3, ada));
    unwrap(await promote(store, MODEL, 2, ada));
    unwrap(await promote(store, MODEL, 4, ada));
    expect(unwrap(await findRollbackTarget(store, MODEL))).toBe(3);
    expect(unwrap(await rollback(store, MODEL, ada)).to).toBe(3);
  });
});

describe('a pause until something better', () => {
  beforeEach(async () => {
    unwrap(await rollback(store, MODEL, { ...ada, pauseUntil: 'better' }));
  });

  test('holds against a candidate that passed its exam, and ends with one that won forward in time', async () => {
    expect(await promoteByRun(store, MODEL, 3, night('n1'))).toMatchObject({
      error: {
        kind: 'promotion-paused',
        detail: expect.stringContaining('or a candidate that wins on what comes in after it was made'),
      },
    });
    const moved = unwrap(await promoteByRun(store, MODEL, 3, { ...night('n2'), wonForward: true }));
    expect(moved).toMatchObject({ to: 3, run: 'n2' });
    expect(moved.pause).toBeUndefined();
  });

  test('lets through nothing that was taken back, however it won', async () => {
    expect(await promoteByRun(store, MODEL, 2, { ...night('n1'), wonForward: true })).toMatchObject({
      error: { kind: 'taken-back' },
    });
  });

  test('can be asked for afterwards, of a pause that only a person would have ended', async () => {
    unwrap(await promote(store, MODEL, 3, ada));
    unwrap(await rollback(store, MODEL, ada));
    await publish(store, 4);
    const won = { ...night('n1'), wonForward: true };
    expect(await promoteByRun(store, MODEL, 4, won)).toMatchObject({ error: { kind: 'promotion-paused' } });
    unwrap(await resumePromotion(store, MODEL, { ...ada, until: 'better' }));
    expect((await alias(store)).pause).toMatchObject({ since: 5, until: 'better' });
    expect(await promoteByRun(store, MODEL, 4, won)).toMatchObject({ ok: true });
  });
});

describe('an automatic rollback', () => {
  test('pauses nothing, and what it took back is barred all the same', async () => {
    const moved = unwrap(
      await rollback(store, MODEL, { by: 'referee', reason: 'worse', at: AT, automatic: true }),
    );
    expect(moved).toMatchObject({ to: 1, automatic: true });
    expect(moved.pause).toBeUndefined();
    expect(await promoteByRun(store, MODEL, 2, night('n1'))).toMatchObject({ error: { kind: 'taken-back' } });
    expect(await promoteByRun(store, MODEL, 3, night('n2'))).toMatchObject({ ok: true });
  });

  test('leaves a pause that a person began', async () => {
    unwrap(await promote(store, MODEL, 3, ada));
    unwrap(await rollback(store, MODEL, { ...ada, by: 'grace' }));
    const moved = unwrap(await rollback(store, MODEL, { ...ada, by: 'referee', automatic: true }));
    expect(moved).toMatchObject({ to: 1, pause: { by: 'grace', since: 4 } });
  });
});

test('resuming what is not paused says so, and changes nothing', async () => {
  expect(await resumePromotion(store, MODEL, { ...ada, until: 'now' })).toEqual({
    ok: false,
    error: { kind: 'not-paused', detail: 'promotion of digits is not paused' },
  });
});

test('a crash while resuming leaves promotion paused or resumed, and never a history with a hole', async () => {
  await crashEverywhere(
    async () => {
      const world = createMemoryStore();
      for (const version of [1, 2]) await publish(world, version);
      for (const version of [1, 2]) unwrap(await promote(world, MODEL, version, ada));
      unwrap(await rollback(world, MODEL, ada));
      await world.delete(keys.history(MODEL, 3));
      return { store: world };
    },
    (crashing) => resumePromotion(crashing, MODEL, { ...ada, until: 'now' }),
    async ({ store: world }, place) => {
      const paused = (await alias(world)).pause !== undefined;
      const again = await resumePromotion(world, MODEL, { ...ada, until: 'now' });
      expect(again.ok, place).toBe(paused);
      const moves = unwrap(await loadHistory(world, MODEL));
      expect(
        moves.map(({ pause }) => pause !== undefined),
        place,
      ).toEqual([false, false, true]);
    },
  );
});

test('a history from before origins were recorded is compared by the manifests', async () => {
  const old: Move[] = [
    { sequence: 1, action: 'promote', from: null, to: 1 },
    { sequence: 2, action: 'promote', from: 1, to: 2 },
    { sequence: 3, action: 'rollback', from: 2, to: 1 },
  ].map((move) => ({
    ...move,
    action: move.action as Move['action'],
    at: AT.toISOString(),
    by: 'ada',
    reason: 'still bad',
    verdict: 'promote' as const,
    forced: false,
    run: null,
  }));
  for (const move of old) {
    const bytes = new TextEncoder().encode(JSON.stringify(move));
    await store.put(keys.history(MODEL, move.sequence), bytes);
    await store.put(keys.alias(MODEL, 'champion'), bytes);
  }
  await publish(store, 4, {}, 2);
  expect(await promoteByRun(store, MODEL, 4, night('n1'))).toMatchObject({ error: { kind: 'taken-back' } });
  await store.delete(keys.manifest(MODEL, 2));
  expect(await promoteByRun(store, MODEL, 2, night('n2'))).toMatchObject({ ok: false });
  expect(await promoteByRun(store, MODEL, 3, night('n3'))).toMatchObject({ ok: true });
});

/** Versions 1 to 8: which share their weights, and which their snapshot and parent. */
const WEIGHTS = [1, 2, 3, 2, 5, 6, 3, 8];
const TRAININGS = [1, 2, 3, 4, 2, 6, 7, 6];
const weightsOf = (version: number): number => WEIGHTS[version - 1] as number;
const trainingOf = (version: number): number => TRAININGS[version - 1] as number;

type Step =
  | { readonly do: 'person' | 'machine' | 'winner' | 'to'; readonly version: number }
  | { readonly do: 'back' | 'back until better' | 'automatic' | 'resume' };

const version = fc.integer({ min: 1, max: 8 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('person', 'machine', 'winner', 'to'), version }),
  fc.record({ do: fc.constantFrom('back', 'back until better', 'automatic', 'resume') }),
);

/** What the words of the rule say, kept beside the registry: nothing here reads a move or a manifest. */
interface Expected {
  champion: number | null;
  back: number[];
  pause: Pause['until'] | null;
}

async function take(world: ObjectStore, step: Step, n: number): Promise<Result<Move, PromotionError>> {
  switch (step.do) {
    case 'person':
      return promote(world, MODEL, step.version, ada);
    case 'machine':
      return promoteByRun(world, MODEL, step.version, night(`n${n}`));
    case 'winner':
      return promoteByRun(world, MODEL, step.version, { ...night(`n${n}`), wonForward: true });
    case 'to':
      return rollback(world, MODEL, { ...ada, to: step.version });
    case 'back':
      return rollback(world, MODEL, ada);
    case 'back until better':
      return rollback(world, MODEL, { ...ada, pauseUntil: 'better' });
    case 'automatic':
      return rollback(world, MODEL, { ...ada, automatic: true });
    case 'resume':
      return resumePromotion(world, MODEL, { ...ada, until: 'now' });
  }
}

/** What must hold of a step that was carried out, by what was so before it. */
function checkStep({ champion, back, pause }: Expected, step: Step, { to }: Move): void {
  const repeats = (version: number): boolean =>
    back.some((taken) => taken === version || weightsOf(taken) === weightsOf(version));
  if (step.do === 'machine' || step.do === 'winner') {
    expect(repeats(to)).toBe(false);
    expect(back.some((taken) => trainingOf(taken) === trainingOf(to))).toBe(false);
    expect(pause === null || (pause === 'better' && step.do === 'winner')).toBe(true);
  }
  if (step.do === 'back' || step.do === 'back until better' || step.do === 'automatic') {
    expect(repeats(to)).toBe(false);
    expect(weightsOf(to)).not.toBe(weightsOf(champion ?? 0));
  }
  if (step.do === 'to') expect(back).not.toContain(to);
}

function follow(expected: Expected, step: Step, { to }: Move): void {
  if (step.do === 'resume') {
    expected.pause = null;
    return;
  }
  expected.back = expected.back.filter((taken) => taken !== to && weightsOf(taken) !== weightsOf(to));
  const isRollback = step.do !== 'person' && step.do !== 'machine' && step.do !== 'winner';
  if (isRollback && expected.champion !== null) expected.back.push(expected.champion);
  if (step.do === 'back' || step.do === 'to') expected.pause = 'resumed';
  if (step.do === 'back until better') expected.pause = 'better';
  if (step.do === 'winner') expected.pause = null;
  expected.champion = to;
}

test('over any history: nothing returns by a machine, no pause is overrun, no rollback goes forth', async () => {
  let promotedByMachine = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 24 }), async (steps) => {
      const world = createMemoryStore();
      for (let n = 1; n <= 8; n++) {
        await publish(world, n, { snapshot: `snapshot-${trainingOf(n)}` }, weightsOf(n));
      }
      const expected: Expected = { champion: null, back: [], pause: null };
      for (const [n, step] of steps.entries()) {
        const moved = await take(world, step, n);
        if (!moved.ok) continue;
        checkStep(expected, step, moved.value);
        if (moved.value.run !== null) promotedByMachine += 1;
        follow(expected, step, moved.value);
        const now = await alias(world);
        expect(now.to).toBe(expected.champion);
        expect(now.pause?.until ?? null).toBe(expected.pause);
      }
      const moves = unwrap(await loadHistory(world, MODEL));
      expect(moves.map(({ sequence }) => sequence)).toEqual(moves.map((_, i) => i + 1));
    }),
    { numRuns: 300 },
  );
  expect(promotedByMachine).toBeGreaterThan(100);
});

test('says of a pause what ends it', () => {
  const pause = { since: 3, at: AT.toISOString(), by: 'ada', reason: 'still bad', until: 'better' as const };
  expect(describePause('digits', pause)).toMatch(/resume-promotion digits, or a candidate that wins/);
});
