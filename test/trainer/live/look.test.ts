import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Event } from '../../../shared/events/schema.ts';
import { sha256Hex } from '../../../shared/digest.ts';
import { loadHistory } from '../../../shared/registry/champion/alias.ts';
import { encodeJson } from '../../../shared/registry/store/json.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { loadSpec } from '../../../shared/model/spec/load-spec.ts';
import { loadLive, type Live } from '../../../shared/registry/live.ts';
import { promoteByRun } from '../../../shared/registry/champion/machine-promotion.ts';
import { listNotices } from '../../../shared/registry/notices.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { createRandom, shuffle } from '../../../shared/random.ts';
import { lookAtChampion } from '../../../trainer/live/look.ts';
import { actOnLook } from '../../../trainer/live/take-back.ts';
import { copyOf } from '../../support/copy-of.ts';
import {
  AS_GOOD,
  collect,
  createWorld,
  hostAt,
  MODEL,
  PROMOTED_AT,
  serveCopy,
  spoil,
  trafficOf,
} from './world.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Version 2 is 5 points worse here. */
const DRIFT = 0.8;
const FROM = PROMOTED_AT + HOUR_MS;
const WORSE = { n: 900, seed: 7, fromMs: FROM, drift: DRIFT };

/** Version 1 served, and version 2, which is worse, does. */
let world: ObjectStore;
let traffic: Event[];
let store: ObjectStore;

beforeAll(async () => {
  world = await createWorld();
  await serveCopy(world, 2, spoil(3), PROMOTED_AT);
  traffic = await trafficOf(world, 2, WORSE);
});
beforeEach(async () => {
  store = await copyOf(world);
});

async function look(ms: number) {
  const found = await lookAtChampion(await hostAt(store, ms), MODEL);
  if (found === null) throw new Error('nothing was looked at');
  return found;
}

async function lookAndAct(ms: number) {
  const found = await look(ms);
  return { ...found, ...(await actOnLook(store, found, new Date(ms))) };
}

async function setPolicy(policy: 'on' | 'tell' | 'off'): Promise<void> {
  const loaded = await loadSpec(store, MODEL);
  if (!loaded.ok) throw new Error(loaded.error.detail);
  const { spec } = loaded.value;
  await store.put(
    keys.spec(MODEL),
    encodeJson({ ...spec, gate: { ...spec.gate, rollback: { policy, level: 0.01 } } }),
  );
}

const NOON = PROMOTED_AT + 12 * HOUR_MS;

describe('a champion that is worse than the one before it', () => {
  test('is taken back, with the numbers in the history and a notice, and promotion goes on', async () => {
    await collect(store, traffic, NOON);
    const { move, live } = await lookAndAct(NOON);
    expect(live.rollback).toMatchObject({ reference: 1, shown: true, held: null, best: 1, labels: 900 });
    expect(move).toMatchObject({ action: 'rollback', from: 2, to: 1, automatic: true, by: 'the referee' });
    expect(move?.pause).toBeUndefined();
    expect(move?.reason).toMatch(
      /^of 900 labels since .*, \d+ were right only by version 1 and \d+ only by version 2/,
    );
    const history = await loadHistory(store, MODEL);
    expect(history.ok && history.value.at(-1)).toEqual(move);
    const told = (await listNotices(store, MODEL)).find(({ kind }) => kind === 'rolled-back');
    expect(told).toMatchObject({ version: 1 });
    expect(told?.text).toContain('automatically');
  });

  test('is not promoted again by a machine', async () => {
    await collect(store, traffic, NOON);
    await lookAndAct(NOON);
    const again = {
      run: 'a-run',
      by: 'run a-run',
      reason: 'why not',
      at: new Date(NOON),
      evidence: 'exam' as const,
    };
    expect(await promoteByRun(store, MODEL, 2, again)).toMatchObject({
      ok: false,
      error: { kind: 'taken-back' },
    });
  });

  test('goes back to the best former champion on these labels, not to the last', async () => {
    await serveCopy(store, 3, spoil(6), PROMOTED_AT + 1_000);
    await collect(store, await trafficOf(store, 3, WORSE), NOON);
    const { move } = await lookAndAct(NOON);
    expect(move).toMatchObject({ from: 3, to: 1 });
    expect(move?.reason).toContain('version 1 is the best on them');
  });

  test('is noticed within some hundred labels, and never before', async () => {
    for (const n of [25, 50, 300, 600, 900]) {
      store = await copyOf(world);
      await collect(store, traffic.slice(0, 2 * n), NOON);
      expect((await look(NOON)).live.rollback.shown, `after ${n}`).toBe(n >= 300);
    }
  });

  test('stays where only somebody is to be told, once', async () => {
    await setPolicy('tell');
    await collect(store, traffic, NOON);
    for (const hours of [0, 1, 2]) expect((await lookAndAct(NOON + hours * HOUR_MS)).move).toBeNull();
    const told = (await listNotices(store, MODEL)).filter(({ kind }) => kind === 'rollback-advised');
    expect(told).toHaveLength(1);
    expect(told[0]?.text).toContain(`holdfast rollback ${MODEL}`);
  });

  test('is not looked for where nobody wants to know; the figures stay', async () => {
    await setPolicy('off');
    await collect(store, traffic, NOON);
    const { live, move } = await lookAndAct(NOON);
    expect(move).toBeNull();
    expect(live.rollback).toMatchObject({
      reference: null,
      shown: false,
      why: 'gate.rollback.policy is off',
    });
    expect(live.figures.life?.n).toBe(900);
  });

  test('two looks at once take it back once', async () => {
    await collect(store, traffic, NOON);
    const found = await look(NOON);
    const both = await Promise.all([1, 2].map(() => actOnLook(store, found, new Date(NOON))));
    expect(both.map(({ move }) => move?.sequence)).toEqual([3, 3]);
    const history = await loadHistory(store, MODEL);
    expect(history.ok && history.value.filter(({ action }) => action === 'rollback')).toHaveLength(1);
  });

  test('never swings: what was put back has nobody to go back to but who served before it', async () => {
    await collect(store, traffic, NOON);
    await lookAndAct(NOON);
    await collect(
      store,
      await trafficOf(store, 1, { ...WORSE, seed: 8, fromMs: NOON + HOUR_MS }),
      NOON + 2 * HOUR_MS,
    );
    const { live, move } = await lookAndAct(NOON + 3 * HOUR_MS);
    expect(move).toBeNull();
    expect(live.rollback).toMatchObject({ reference: null, shown: false });
    expect(live.life).toMatchObject({ sequence: 3, version: 1 });
  });
});

describe('a champion that is no worse', () => {
  beforeEach(async () => {
    await serveCopy(store, 3, AS_GOOD, PROMOTED_AT + 1_000);
  });

  test('stays, with its figures beside the last label known and what its gate had measured', async () => {
    const events = await trafficOf(store, 3, {
      ...WORSE,
      labelled: (i) => i % 2 === 0,
      delayMs: 2 * HOUR_MS,
    });
    await collect(store, events, NOON);
    const { live, move } = await lookAndAct(NOON);
    expect(move).toBeNull();
    expect(live.rollback).toMatchObject({ reference: 2, shown: false });
    const { life, lastLabel, promise, coverage, delay, predictions, classes } = live.figures;
    expect({ n: life?.n, predictions, coverage, delay }).toEqual({
      n: 450,
      predictions: 900,
      coverage: 0.5,
      delay: { half: 21_600, most: 21_600 },
    });
    const right = countRight(events);
    expect(life?.value).toBeCloseTo(right / 450, 12);
    expect(life?.lower).toBeLessThan(right / 450);
    expect(life?.upper).toBeGreaterThan(right / 450);
    // Labels come two hours late: within the first two hours none is known, and all came within 15 minutes.
    expect(lastLabel).toBeNull();
    expect(promise).toBe(1);
    expect(classes.reduce((sum, { n }) => sum + n, 0)).toBe(450);
  });

  test('keeps its figures when they are settled: a look after two weeks costs and says the same', async () => {
    const events = await trafficOf(store, 3, WORSE);
    await collect(store, events, NOON);
    const first = await look(NOON);
    for (let day = 1; day <= 14; day++) await look(NOON + day * DAY_MS);
    const last = await look(NOON + 15 * DAY_MS);
    expect(last.open.examples).toHaveLength(0);
    expect(last.live.figures).toEqual({ ...first.live.figures, recent: null });
    expect(last.live.rollback.labels).toBe(900);
    expect(last.live.rollback.wealth).toBeCloseTo(first.live.rollback.wealth, 9);
    expect(last.live.hours).toEqual([]);
    expect(last.live.days).toMatchObject([
      { from: '2026-11-10T00:00:00.000Z', version: 3, predictions: 900, n: 900 },
    ]);
    expect(JSON.stringify(last.live).length).toBeLessThan(6_000);
  });
});

function countRight(events: readonly Event[]): number {
  const said = new Map(
    events.flatMap((event) => (event.kind === 'prediction' ? [[event.id, event.predicted]] : [])),
  );
  return events.filter((event) => event.kind === 'label' && said.get(event.prediction) === event.label)
    .length;
}

describe('what came in wrong', () => {
  test('labels in any order, on several looks, give the same verdict, digest for digest', async () => {
    const random = createRandom(3);
    const predictions = traffic.filter(({ kind }) => kind === 'prediction');
    const labels = traffic.filter(({ kind }) => kind === 'label');
    const digests = new Set<string>();
    for (let order = 0; order < 8; order++) {
      store = await copyOf(world);
      const shuffled = shuffle([...labels.keys()], random).map((i) => labels[i] as Event);
      await collect(store, predictions, NOON);
      await collect(store, shuffled.slice(0, 300), NOON);
      await look(NOON + 1_000);
      await collect(store, shuffled.slice(300), NOON + 2_000);
      const { rollback } = (await look(NOON + HOUR_MS)).live;
      const { bets: _, ...verdict } = rollback;
      digests.add(sha256Hex(JSON.stringify(verdict)));
    }
    expect(digests.size).toBe(1);
  });

  test('labels that came twice count once, those of no class and those without a prediction not at all', async () => {
    const bad: Event[] = [
      { kind: 'label', id: 'l-x', at: FROM, prediction: 'nobody', label: 1 },
      { kind: 'label', id: 'l-y', at: FROM + HOUR_MS, prediction: 'p-7-0', label: 17 },
      { kind: 'label', id: 'l-z', at: FROM + HOUR_MS, prediction: 'p-7-1', label: Number.NaN },
    ];
    await collect(store, traffic, NOON);
    await collect(store, traffic, NOON + 1);
    await collect(store, bad.slice(0, 2), NOON + 2);
    expect((await look(NOON)).live.figures.life?.n).toBe(899);
  });

  test('labels of one class alone say what they say', async () => {
    const blues = traffic.filter((event, i) =>
      event.kind === 'prediction'
        ? (traffic[i + 1] as { label: number }).label === 0
        : event.kind === 'label' && event.label === 0,
    );
    await collect(store, blues, NOON);
    const { live } = await look(NOON);
    expect(live.figures.classes).toHaveLength(1);
    expect(live.rollback.shown).toBe(false);
  });

  test('no labels at all are no evidence', async () => {
    await collect(
      store,
      traffic.filter(({ kind }) => kind === 'prediction'),
      NOON,
    );
    const { live, move } = await lookAndAct(NOON);
    expect(move).toBeNull();
    expect(live.figures).toMatchObject({ life: null, predictions: 900, coverage: 0 });
    expect(live.rollback).toMatchObject({ shown: false, progress: 0 });
  });

  test('labels that have changed places take nothing back, though the version before it agrees with them', async () => {
    await serveCopy(store, 3, spoil(4, 0), PROMOTED_AT + 1_000);
    await serveCopy(store, 4, AS_GOOD, PROMOTED_AT + 2_000);
    // What version 3 gets wrong is what these labels say.
    await collect(store, await trafficOf(store, 4, { ...WORSE, drift: 1.2, poisoned: true }), NOON);
    const { move, live } = await lookAndAct(NOON);
    expect(live.rollback).toMatchObject({ reference: 3, shown: true });
    expect(live.rollback.held).toContain('labels themselves look renamed');
    expect(move).toBeNull();
    const told = (await listNotices(store, MODEL)).find(({ kind }) => kind === 'rollback-advised');
    expect(told?.text).toContain('nothing is taken back, as the labels themselves');
  });

  test('labels that come for wrong answers take nothing back, where all of them would speak for the champion', async () => {
    // Version 3 is worse than version 4, and wrong elsewhere.
    await serveCopy(store, 3, (bin) => spoil(1.5, 1)(spoil(6, 0)(bin)), PROMOTED_AT + 1_000);
    await serveCopy(store, 4, AS_GOOD, PROMOTED_AT + 2_000);
    const all = { ...WORSE, n: 4_000, drift: 1.2 };
    const angry = { ...all, labelled: (i: number, right: boolean) => !right || i % 20 === 0 };
    await collect(store, await trafficOf(store, 4, angry), NOON);
    const { move, live } = await lookAndAct(NOON);
    expect(live.rollback).toMatchObject({ reference: 3, shown: true });
    expect(live.rollback.held).toContain('of the wrong answers');
    expect(move).toBeNull();
  });

  test('a version before it that can’t be loaded is passed over, by name; without any nothing is judged', async () => {
    await store.put(keys.versionFile(MODEL, 1, 'edge.bin'), new Uint8Array(10));
    await collect(store, traffic, NOON);
    const { live, move } = await lookAndAct(NOON);
    expect(move).toBeNull();
    expect(live.rollback.why).toMatch(/version 1 can't be put back: .*expected 448 bytes, got 10/);
  });

  test('a champion that can’t be loaded is judged by what it served', async () => {
    await store.put(keys.versionFile(MODEL, 2, 'edge.bin'), new Uint8Array(10));
    await collect(store, traffic, NOON);
    const { live } = await look(NOON);
    expect(live.figures.life?.value).toBeCloseTo(countRight(traffic) / 900, 12);
    expect(live.rollback).toMatchObject({ reference: null, shown: false });
  });

  test('inputs that were altered are counted, and left out', async () => {
    const broken = traffic.map((event) =>
      event.kind === 'prediction' && event.id === 'p-7-5'
        ? { ...event, input: { ...event.input, base64: 'AAAA' } }
        : event,
    );
    await collect(store, broken, NOON);
    expect((await look(NOON)).live).toMatchObject({ unreadable: 1, figures: { life: { n: 899 } } });
  });

  test('a clock that was a year ahead for one look keeps nobody from looking', async () => {
    await collect(store, traffic.slice(0, 100), NOON);
    await look(NOON + 365 * DAY_MS);
    await collect(store, traffic, NOON);
    expect((await lookAndAct(NOON + HOUR_MS)).move).toMatchObject({ to: 1 });
  });

  test('a file of the last look that was altered is named, and nothing is decided', async () => {
    await look(NOON);
    await store.put(keys.live(MODEL), new TextEncoder().encode('{'));
    await expect(look(NOON)).rejects.toThrow(/live\.json: expected JSON in UTF-8; delete it/);
  });

  test('of two looks at once one writes, and the other says nothing', async () => {
    await collect(store, traffic, NOON);
    const host = await hostAt(store, NOON);
    const both = await Promise.all([lookAtChampion(host, MODEL), lookAtChampion(host, MODEL)]);
    expect(both.filter((one) => one !== null)).toHaveLength(1);
    const kept = await loadLive(store, MODEL);
    expect(kept.ok && (kept.value.value satisfies Live).figures.life?.n).toBe(900);
  });
});
