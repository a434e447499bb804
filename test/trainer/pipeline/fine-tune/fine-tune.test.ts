import { beforeAll, describe, expect, test } from 'vitest';
import { writeEvents } from '../../../../shared/events/inbox.ts';
import { createModel } from '../../../../shared/model/spec/load-spec.ts';
import { trainingSchema } from '../../../../shared/model/spec/training.ts';
import { createMemoryStore } from '../../../../shared/registry/memory-store.ts';
import type { RunRecord } from '../../../../shared/registry/runs.ts';
import type { ObjectStore } from '../../../../shared/registry/store.ts';
import { listVersionNumbers } from '../../../../shared/registry/find-version.ts';
import { runJob } from '../../../../trainer/node/job.ts';
import type { RunContext } from '../../../../trainer/pipeline/context.ts';
import { loadTrainingRecord, type TrainingRecord } from '../../../../trainer/pipeline/fine-tune/fine-tune.ts';
import { blobEvents, blobSpec, createBlobModel } from '../../../support/tabular-model.ts';

const MODEL = 'blobs';
const HISTORY = { n: 4_000, seed: 1, fromMs: Date.parse('2026-11-01T00:00:00Z') };

/** Everything at once: the parts must get along. */
const TRAINING = trainingSchema.parse({
  epochs: 6,
  learningRate: 0.01,
  warmup: 0.5,
  schedule: 'cosine',
  stopOn: 'worst',
  replay: { strategy: 'by-window' },
  distillation: { kind: 'focal', temperature: 2 },
  anchor: 0.1,
  interpolation: 'validation',
  classWeights: 'balanced',
});

async function retrain(store: ObjectStore, messages: string[] = []): Promise<RunRecord> {
  const onProgress = ({ message }: { readonly message: string }) => void messages.push(message);
  const run = await runJob({ store, model: MODEL, by: 'a test', promote: true, onProgress });
  if (!run.ok) throw new Error(run.error.detail);
  return run.value;
}

const recordOf = (store: ObjectStore, run: RunRecord): Promise<TrainingRecord> =>
  loadTrainingRecord({ store, run } as unknown as RunContext);

describe('a recipe with all its parts', () => {
  const store = createMemoryStore();
  const messages: string[] = [];
  let second: RunRecord;

  beforeAll(async () => {
    const head = blobSpec(MODEL, {
      head: [{ units: 16, activation: 'leakyRelu', dropout: 0.1, normalization: 'batch' }],
    });
    await createBlobModel(store, MODEL, HISTORY, { head: head.head, training: TRAINING });
    await retrain(store);
    const fromMs = HISTORY.fromMs + 2 * HISTORY.n * 1_000;
    await writeEvents(store, MODEL, blobEvents({ n: 2_000, seed: 2, fromMs, drift: 0.5 }), new Date(fromMs));
    second = await retrain(store, messages);
  });

  test('makes a candidate from the champion whose exported files agree with its plan', () => {
    expect(second).toMatchObject({ status: 'complete', candidate: 2, championAtStart: 1, error: null });
    expect(second.verdict).not.toBe('reject');
  });

  test('leaves behind by what recipe it was trained, and how every window fared', async () => {
    const record = await recordOf(store, second);
    expect(record).toMatchObject({ parent: 1, recipe: TRAINING, halvings: 0 });
    expect(record.part).toBeGreaterThanOrEqual(0);
    expect(record.reference).toHaveLength(record.epochs[0]?.windows.length ?? 0);
    expect(record.epochs[0]?.windows.length).toBeGreaterThan(1);
  });

  test('tells after every epoch the loss, the rate, the worst window and how long it may still take', () => {
    const epochs = messages.filter((message) => message.startsWith('epoch'));
    expect(epochs.length).toBeGreaterThan(0);
    for (const message of epochs) {
      expect(message).toMatch(
        /^epoch \d of at most 6: loss \d\.\d{4}, rate \d[\d.e-]*, validation \d+\.\d %, worst w\d.* [+-]\d\.\d{3}, \d+ s left at most$/,
      );
    }
  });
});

test('a label without an example fails the run by name, and no version is made', async () => {
  const store = createMemoryStore();
  await createModel(store, blobSpec(MODEL));
  const events = blobEvents({ n: 2_000, seed: 5, fromMs: HISTORY.fromMs }).filter(({ label }) => label !== 2);
  await writeEvents(store, MODEL, events, new Date(HISTORY.fromMs));
  const run = await retrain(store);
  expect(run.status).toBe('failed');
  expect(run.error).toBe('expected training examples of all 3 labels, got none of "blue"');
  expect(await listVersionNumbers(store, MODEL)).toEqual([]);
});
