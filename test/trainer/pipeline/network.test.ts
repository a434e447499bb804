import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { writeEvents } from '../../../shared/events/inbox.ts';
import { loadSpec, replaceSpec } from '../../../shared/model/spec/load-spec.ts';
import { specSchema } from '../../../shared/model/spec/spec.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { RunRecord } from '../../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { runJob } from '../../../trainer/node/job.ts';
import { loadEvidence } from '../../../trainer/pipeline/judge/evidence-file.ts';
import { loadTrainingRecord } from '../../../trainer/pipeline/fine-tune/fine-tune.ts';
import { barEvents, createBarModel } from '../../support/image-model.ts';

const MODEL = 'bars';
const HISTORY = { n: 2_000, seed: 1, fromMs: Date.parse('2026-11-01T00:00:00Z') };
const DAY = 86_400_000;

async function retrain(store: ObjectStore): Promise<RunRecord> {
  const run = await runJob({ store, model: MODEL, by: 'a test', promote: true });
  if (!run.ok) throw new Error(run.error.detail);
  return run.value;
}

const contextOf = (store: ObjectStore, run: RunRecord) => ({ store, run });

describe('a network, night after night', () => {
  const store = createMemoryStore();
  let first: RunRecord;
  let second: RunRecord;

  beforeAll(async () => {
    // Plans of microseconds: on a busy machine their times say nothing.
    await createBarModel(store, MODEL, HISTORY, { gate: { edge: { latencyRatio: 100 } } });
    first = await retrain(store);
    const fromMs = HISTORY.fromMs + DAY;
    await writeEvents(store, MODEL, barEvents({ n: 1_000, seed: 2, fromMs, noise: 120 }), new Date(fromMs));
    second = await retrain(store);
  });

  test('is trained whole and promoted', () => {
    expect(first).toMatchObject({ status: 'complete', verdict: 'promote', candidate: 1, error: null });
  });

  test('the next night goes on from the champion, network and head', async () => {
    expect(second).toMatchObject({ status: 'complete', candidate: 2, error: null });
    const record = await loadTrainingRecord(contextOf(store, second));
    expect(record.parent).toBe(1);
    expect(record.reference).not.toBeNull();
  });

  test('the exported files agree with the edge plan, and give the plan again', async () => {
    for (const run of [first, second]) {
      const { candidate } = await loadEvidence(contextOf(store, run));
      expect(candidate).toMatchObject({ finite: true, reproduces: true, exportAgrees: true });
      expect(candidate.exportDifference).toBeLessThan(1e-4);
    }
  });

  test('the judge refuses the candidate with its classes in the wrong order', async () => {
    const { selfTests } = await loadEvidence(contextOf(store, second));
    expect(selfTests?.map(({ passed }) => passed)).toEqual([true, true]);
  });

  test('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    const copy = createMemoryStore();
    await createBarModel(copy, MODEL, HISTORY, { training: { epochs: 1 } });
    await retrain(copy);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('another network starts afresh', async () => {
    const seen = await loadSpec(store, MODEL);
    if (!seen.ok) throw new Error(seen.error.detail);
    const network = [{ type: 'conv2d', filters: 4, strides: 2 }, { type: 'flatten' }];
    const wanted = specSchema.parse({ ...seen.value.spec, network, training: { epochs: 1 } });
    await replaceSpec(store, seen.value, wanted);
    const fromMs = HISTORY.fromMs + 2 * DAY;
    await writeEvents(store, MODEL, barEvents({ n: 900, seed: 3, fromMs }), new Date(fromMs));
    const third = await retrain(store);
    expect(third).toMatchObject({ status: 'complete', error: null });
    expect(await loadTrainingRecord(contextOf(store, third))).toMatchObject({ parent: null });
  });
});
