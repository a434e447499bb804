import { beforeEach, describe, expect, test } from 'vitest';
import { writeEvents } from '../../../shared/events/inbox.ts';
import { createMemoryStore } from '../../../shared/registry/memory-store.ts';
import { endQuarantine, listQuarantines, type Quarantine } from '../../../shared/registry/quarantine.ts';
import type { RunRecord } from '../../../shared/registry/runs.ts';
import type { ObjectStore } from '../../../shared/registry/store.ts';
import { resumeJob, runJob } from '../../../trainer/node/job.ts';
import { startRun } from '../../../trainer/pipeline/start.ts';
import { copyOf } from '../../support/copy-of.ts';
import { Crash, countWrites, crashAtWrite } from '../../support/faulty-store.ts';
import { blobEvents, type BlobNight, createBlobModel } from '../../support/tabular-model.ts';

const MODEL = 'blobs';
const HISTORY: BlobNight = { n: 1_500, seed: 1, fromMs: Date.parse('2026-11-01T00:00:00Z') };
const SWAPPED: BlobNight = {
  n: 300,
  seed: 2,
  fromMs: HISTORY.fromMs + 2 * HISTORY.n * 1_000,
  poisoned: true,
};

let store: ObjectStore;

beforeEach(async () => {
  store = createMemoryStore();
  await createBlobModel(store, MODEL, HISTORY);
  expect(await retrain()).toMatchObject({ promoted: true, candidate: 1 });
  await writeEvents(store, MODEL, blobEvents(SWAPPED), new Date(SWAPPED.fromMs));
});

async function retrain(): Promise<RunRecord> {
  const run = await runJob({ store, model: MODEL, by: 'a test', promote: true });
  if (!run.ok) throw new Error(run.error.detail);
  return run.value;
}

async function startAndRun(of: ObjectStore): Promise<RunRecord> {
  const cron = { trigger: 'cron', by: 'a test', now: new Date('2026-11-02T03:00:00Z'), suffix: '' } as const;
  const started = await startRun(of, MODEL, cron);
  if (!started.ok) throw new Error(started.error.detail);
  const run = await resumeJob({ store: of, model: MODEL }, started.value.id);
  if (!run.ok) throw new Error(run.error.detail);
  return run.value;
}

async function theQuarantine(): Promise<Quarantine> {
  const found = await listQuarantines(store, MODEL);
  const [only, ...others] = found.ok ? found.value : [];
  if (only === undefined || others.length > 0) throw new Error('expected one quarantine');
  return only;
}

describe('labels that are kept apart', () => {
  test('are no reason to train on the nights after, until something else comes in', async () => {
    expect(await retrain()).toMatchObject({ status: 'skipped', candidate: null });
    const next = await retrain();
    expect(next).toMatchObject({ status: 'skipped', candidate: null });
    expect(next.summary).toBe('Nothing new since the last run, which looked at the same labels');
  });

  test('are learned from on the night after somebody has released them', async () => {
    await retrain();
    const ending = { status: 'released', by: 'ann', at: new Date(), why: 'the names did change' } as const;
    await endQuarantine(store, MODEL, await theQuarantine(), ending);
    expect(await retrain()).toMatchObject({ status: 'complete', candidate: 2 });
  });

  test('are kept apart once, wherever the run that found them is killed', async () => {
    const before = await copyOf(store);
    const whole = countWrites(await copyOf(before));
    const expected = await startAndRun(whole);
    expect(expected.status).toBe('skipped');
    for (let write = 2; write < whole.writes(); write++) {
      store = await copyOf(before);
      const side = write % 2 === 0 ? 'before' : 'after';
      await expect(startAndRun(crashAtWrite(store, write, side))).rejects.toThrow(Crash);
      const resumed = await startAndRun(store);
      const place = `${side} write ${write}`;
      expect(resumed, place).toMatchObject({ status: 'skipped', candidate: null, summary: expected.summary });
      expect(await theQuarantine(), place).toMatchObject({ status: 'held', examples: SWAPPED.n });
    }
  });
});
