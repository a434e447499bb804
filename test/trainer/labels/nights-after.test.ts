import { beforeEach, describe, expect, test } from 'vitest';
import { writeEvents } from '../../../shared/events/inbox.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { endQuarantine, listQuarantines, type Quarantine } from '../../../shared/registry/quarantine.ts';
import type { RunRecord } from '../../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { runJob } from '../../../trainer/node/job.ts';
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
});
