import { beforeEach, describe, expect, test } from 'vitest';
import { keys } from '../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { loadRun, type RunRecord, saveRun } from '../../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { createJournal } from '../../../trainer/run/journal.ts';
import { createProgressWriter } from '../../../trainer/run/progress-writer.ts';
import { giveUpRun } from '../../../trainer/run/record.ts';
import { reopenRun } from '../../../trainer/run/start.ts';

const RUN: RunRecord = {
  format: 'holdfast-run/1',
  id: 'r',
  model: 'm',
  trigger: 'api',
  by: 'ann',
  status: 'running',
  startedAt: '2026-11-30T12:00:00.000Z',
  finishedAt: null,
  cutoffMs: 0,
  step: null,
  steps: [],
  specDigest: '',
  mayPromote: true,
  wantedSnapshot: null,
  snapshot: null,
  championAtStart: null,
  candidate: null,
  verdict: null,
  promoted: false,
  why: null,
  summary: null,
  error: null,
};
const PACE_MS = 1_100;

/** A clock that sleeping moves on, and a store that takes a write a second of a key, as R2 does. */
function createPickyStore() {
  const clock = { nowMs: 0 };
  const puts: { atMs: number; refused: boolean }[] = [];
  const store = createMemoryStore();
  let takenMs = Number.NEGATIVE_INFINITY;
  const picky: ObjectStore = {
    ...store,
    async put(key, bytes, condition) {
      const refused = clock.nowMs - takenMs < 1_000;
      puts.push({ atMs: clock.nowMs, refused });
      if (refused) throw new Error('put: Reduce your concurrent request rate for the same object. (10058)');
      takenMs = clock.nowMs;
      return store.put(key, bytes, condition);
    },
  };
  const sleep = async (ms: number): Promise<void> => {
    if (ms > 0) await Promise.resolve();
    clock.nowMs += ms;
  };
  return { clock, puts, store, picky, sleep };
}

describe('the record of a run', () => {
  let world: ReturnType<typeof createPickyStore>;
  let said: Readonly<Record<string, unknown>>[];
  beforeEach(async () => {
    world = createPickyStore();
    said = [];
    await saveRun(world.store, RUN);
  });
  const open = () =>
    createJournal('m', 'r', {
      store: world.picky,
      paceMs: PACE_MS,
      nowMs: () => world.clock.nowMs,
      sleep: world.sleep,
      log: (facts) => void said.push(facts),
    });

  test('is written at most once a second, by a run of steps that take no time, and misses nothing', async () => {
    const journal = open();
    for (let i = 0; i < 20; i++) {
      await journal.note((run) => ({ ...run, step: `step ${i}` }));
      await journal.note((run) => ({
        ...run,
        steps: [...run.steps, { name: `step ${i}`, finishedAt: RUN.startedAt, seconds: 0, note: '' }],
      }));
      if (i % 7 === 0) await journal.write((run) => ({ ...run, snapshot: `s${i}` }));
      expect((await journal.read()).steps).toHaveLength(i + 1);
    }
    await journal.write((run) => ({ ...run, status: 'complete' }));
    const run = await loadRun(world.store, 'm', 'r');
    expect(run).toMatchObject({ value: { status: 'complete', snapshot: 's14' } });
    expect(run.ok && run.value.steps.map(({ name }) => name)).toEqual(
      Array.from({ length: 20 }, (_, i) => `step ${i}`),
    );
    expect(world.puts.filter(({ refused }) => refused)).toEqual([]);
    expect(said).toEqual([]);
  });

  test('waits where it is refused, says so, and goes on', async () => {
    await world.picky.put(
      keys.run('m', 'r', 'run.json'),
      (await world.store.get(keys.run('m', 'r', 'run.json')))?.bytes ?? new Uint8Array(),
    );
    const journal = open();
    await journal.write((run) => ({ ...run, step: 'snapshot' }));
    expect(await loadRun(world.store, 'm', 'r')).toMatchObject({ value: { step: 'snapshot' } });
    expect(said).toEqual([
      {
        event: 'run-state-refused',
        model: 'm',
        run: 'r',
        cause: expect.stringContaining('10058'),
        retryInMs: PACE_MS,
      },
    ]);
  });

  test('that can not be written at all ends the step, and what was noted is kept for the next one', async () => {
    let isDown = true;
    const store: ObjectStore = {
      ...world.store,
      put: (...args) => (isDown ? Promise.reject(new Error('down')) : world.store.put(...args)),
    };
    const { clock, sleep } = world;
    const journal = createJournal('m', 'r', {
      store,
      paceMs: PACE_MS,
      nowMs: () => clock.nowMs,
      sleep,
      log: (facts) => void said.push(facts),
    });
    await expect(journal.note((run) => ({ ...run, step: 'split' }))).rejects.toThrow('down');
    expect(said).toHaveLength(5);
    isDown = false;
    await journal.write((run) => ({ ...run, snapshot: 's' }));
    expect(await loadRun(store, 'm', 'r')).toMatchObject({ value: { snapshot: 's' } });
  });

  test('says that its host gave it up, and leaves one alone that has ended', async () => {
    await giveUpRun(world.store, 'm', 'r', 'the bucket does not answer', new Date('2026-11-30T13:00:00Z'));
    expect(await loadRun(world.store, 'm', 'r')).toMatchObject({
      value: {
        status: 'failed',
        error: 'the bucket does not answer',
        finishedAt: '2026-11-30T13:00:00.000Z',
      },
    });
    await saveRun(world.store, { ...RUN, status: 'complete' });
    await giveUpRun(world.store, 'm', 'r', 'late', new Date());
    expect(await loadRun(world.store, 'm', 'r')).toMatchObject({
      value: { status: 'complete', error: null },
    });
  });

  test.each([
    ['given up in the middle of a step goes on with it', 'split', ['snapshot']],
    ['failed by name begins again', null, []],
  ])('a run that %s', async (_, step, kept) => {
    const steps = [{ name: 'snapshot', finishedAt: RUN.startedAt, seconds: 1, note: '' }];
    await world.store.put(keys.runSteps('m', 'r', 'snapshot'), new TextEncoder().encode('{}'));
    await saveRun(world.store, {
      ...RUN,
      status: 'failed',
      error: 'down',
      summary: 'Failed: down',
      step,
      steps,
    });
    expect(await reopenRun(world.store, 'm', 'r')).toMatchObject({
      value: { status: 'running', step, error: null, summary: null, steps: kept.map((name) => ({ name })) },
    });
    expect(await world.store.list(keys.runStepsOf('m', 'r'))).toHaveLength(kept.length);
  });
});

test('progress is written at most once a second, and a write that fails or hangs costs nothing', async () => {
  let nowMs = 0;
  const saved: string[] = [];
  const said: unknown[] = [];
  let fate: 'takes' | 'fails' | 'hangs' = 'takes';
  const write = createProgressWriter({
    nowMs: () => nowMs,
    log: (facts) => said.push(facts),
    save: async ({ message }) => {
      if (fate === 'fails') throw new Error('429');
      if (fate === 'hangs') await new Promise(() => {});
      saved.push(message);
    },
  });
  const tell = (message: string) => write({ step: 's', at: '', fraction: 0, message });
  for (let i = 0; i < 66; i++, nowMs += 50) await tell(String(i));
  expect(saved).toEqual(['0', '22', '44']);
  fate = 'fails';
  for (let i = 0; i < 100; i++, nowMs += 1_200) await tell('x');
  expect(said).toHaveLength(2);
  fate = 'hangs';
  for (let i = 0; i < 10; i++, nowMs += 1_200) await tell('x');
  expect(saved).toHaveLength(3);
});
