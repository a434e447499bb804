import { beforeEach, describe, expect, test } from 'vitest';
import { writeEvents } from '../../../shared/events/inbox.ts';
import { createModel } from '../../../shared/model/spec/load-spec.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { Schedule } from '../../../shared/registry/schedule.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { tick } from '../../../trainer/schedule/tick.ts';
import { wrapStore } from '../../support/faulty-store.ts';
import { blobEvents, blobSpec } from '../../support/tabular-model.ts';

const at = (time: string): Date => new Date(`2026-11-24T${time}:00.000Z`);

let store: ObjectStore;
let started: string[];
let looked: string[];
let logged: object[];
beforeEach(() => {
  store = createMemoryStore();
  [started, looked, logged] = [[], [], []];
});

const add = (name: string, schedule?: Schedule, scheduled = true): Promise<unknown> =>
  createModel(store, blobSpec(name, { scheduled, ...(schedule && { schedule }) }));

function run(now: Date, on = store, start?: (model: string) => Promise<void>): Promise<string[]> {
  return tick(
    {
      store: on,
      log: (facts) => logged.push(facts),
      look: async (model) => void looked.push(model),
      start: async (model, due) => {
        await start?.(model);
        started.push(`${model} ${due.toISOString().slice(11, 16)}`);
      },
    },
    now,
  );
}

test('each model is started by its own schedule, under the time at which it was due', async () => {
  await add('by-default');
  await add('hourly', { every: 'hour' });
  await add('berlin', { every: 'day', at: '03:30', zone: 'Europe/Berlin' });
  await add('never', undefined, false);
  for (const time of ['02:20', '02:25', '02:30', '02:35', '03:00', '03:05']) await run(at(time));
  expect(started).toEqual(['berlin 02:30', 'by-default 03:00', 'hourly 03:00']);
});

test('where nothing is due a tick reads one object and writes none', async () => {
  for (const name of ['a', 'b', 'c']) await add(name);
  await run(at('10:00'));
  const calls: string[] = [];
  const counting = wrapStore(store, (name, call) => {
    calls.push(name);
    return call();
  });
  await run(at('10:05'), counting);
  expect(calls).toEqual(['get']);
});

test('a time that was missed is made up for once', async () => {
  await add('hourly', { every: 'hour' });
  await run(at('10:10'));
  await run(at('15:20'));
  await run(at('15:25'));
  expect(started).toEqual(['hourly 11:00']);
  await run(at('16:00'));
  expect(started).toEqual(['hourly 11:00', 'hourly 16:00']);
});

test('what can not be started leaves a line, keeps no other from its run, and is tried again', async () => {
  await add('a', { every: 'hour' });
  await add('b', { every: 'hour' });
  await run(at('10:10'));
  await run(at('11:00'), store, async (model) => {
    if (model === 'a') throw new Error('no trainer');
  });
  expect(started).toEqual(['b 11:00']);
  expect(logged).toEqual([{ event: 'run not started', model: 'a', error: 'Error: no trainer' }]);
  await run(at('11:05'));
  expect(started).toEqual(['b 11:00', 'a 11:00']);
});

test('a crash before it was noted starts the same run again, under the same time', async () => {
  await add('a', { every: 'hour' });
  await run(at('10:10'));
  const crashing = wrapStore(store, (name, call) =>
    name === 'put' ? Promise.reject(new Error('gone')) : call(),
  );
  await expect(run(at('11:00'), crashing)).rejects.toThrow('gone');
  await run(at('11:05'));
  expect(started).toEqual(['a 11:00', 'a 11:00']);
});

test('every model is looked at once an hour, and new ones are found then', async () => {
  await add('a');
  for (const time of ['10:00', '10:05', '10:55']) await run(at(time));
  expect(looked).toEqual(['a']);
  await add('b', { every: 'hour' });
  await run(at('11:00'));
  expect(looked).toEqual(['a', 'a', 'b']);
  await run(at('12:00'));
  expect(started).toEqual(['b 12:00']);
});

test('a spec that can not be read keeps the time at which its model was due', async () => {
  await add('a', { every: 'hour' });
  await run(at('10:10'));
  await store.put(keys.spec('a'), new TextEncoder().encode('{'));
  await run(at('11:00'));
  expect(started).toEqual(['a 11:00']);
});

describe('after so many labels', () => {
  const label = async (n: number, seed: number, day = '10:00'): Promise<void> => {
    await writeEvents(store, 'counted', blobEvents({ n, seed, fromMs: at(day).getTime() }), at(day));
  };

  test('a run begins once they have come, whichever batches brought them, and counts anew', async () => {
    await add('counted', { every: 'labels', count: 100 });
    await run(at('10:00'));
    await label(60, 1);
    await run(at('10:05'));
    await run(at('10:10'));
    expect(started).toEqual([]);
    await label(40, 2);
    await run(at('10:15'));
    expect(started).toEqual(['counted 10:15']);
    await label(99, 3);
    await run(at('10:20'));
    expect(started).toHaveLength(1);
    await label(1, 4);
    await run(at('10:25'));
    expect(started).toHaveLength(2);
  });

  test('each batch is read once', async () => {
    await add('counted', { every: 'labels', count: 1_000 });
    await label(60, 1);
    await run(at('10:00'));
    let reads = 0;
    const counting = wrapStore(store, (name, call) => {
      reads += name === 'get' ? 1 : 0;
      return call();
    });
    await run(at('10:05'), counting);
    expect(reads).toBe(1);
  });
});
