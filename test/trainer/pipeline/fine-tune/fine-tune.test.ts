import { beforeAll, describe, expect, test } from 'vitest';
import { writeEvents } from '../../../../shared/events/inbox.ts';
import type { ExampleEvent } from '../../../../shared/events/schema.ts';
import { loadInput } from '../../../../shared/events/stored-input.ts';
import { createServable } from '../../../../shared/model/run/predictor.ts';
import { createRuntime } from '../../../../shared/model/run/runtime.ts';
import { loadHead } from '../../../../shared/model/run/servable.ts';
import { loadWasmModule } from '../../../../shared/model/run/wasm-node.ts';
import { createModel } from '../../../../shared/model/spec/load-spec.ts';
import { trainingSchema } from '../../../../shared/model/spec/training.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import type { RunRecord } from '../../../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { loadManifest } from '../../../../shared/registry/versions/versions.ts';
import { runJob } from '../../../../trainer/node/job.ts';
import { loadTrainingRecord, type TrainingRecord } from '../../../../trainer/pipeline/fine-tune/fine-tune.ts';
import { BLOBS, blobEvents, blobSpec, createBlobModel } from '../../../support/tabular-model.ts';

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
  distillation: { kind: 'focal', temperature: 2, base: 1, right: 5 },
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
  loadTrainingRecord({ store, run });

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

describe('a label without an example', () => {
  const store = createMemoryStore();
  const BLUE = 2;
  const { fromMs } = HISTORY;
  let first: RunRecord;

  /** Probabilities of a version for events, as it answers in production: rows of [labels]. */
  async function answersOf(version: number, events: readonly ExampleEvent[]): Promise<Float32Array[]> {
    const manifest = await loadManifest(store, MODEL, version);
    if (!manifest.ok) throw new Error(manifest.error.detail);
    const head = await loadHead(store, createRuntime(await loadWasmModule()), manifest.value);
    if (!head.ok) throw new Error(head.error.detail);
    const servable = createServable(blobSpec(MODEL), manifest.value, null, head.value);
    const inputs = await Promise.all(
      events.map(async ({ input }) => {
        const read = await loadInput(store, MODEL, input, 2);
        if (!read.ok) throw new Error(read.error);
        return read.value;
      }),
    );
    const probabilities = servable.predict(inputs);
    return inputs.map((_, i) => probabilities.slice(i * BLOBS.length, (i + 1) * BLOBS.length));
  }

  beforeAll(async () => {
    await createModel(store, blobSpec(MODEL));
    const events = blobEvents({ n: 2_000, seed: 5, fromMs }).filter(({ label }) => label !== BLUE);
    await writeEvents(store, MODEL, events, new Date(fromMs));
    first = await retrain(store);
  });

  test('is part of the version all the same, and is never predicted', async () => {
    expect(first).toMatchObject({ status: 'complete', promoted: true, candidate: 1, error: null });
    expect(await loadManifest(store, MODEL, 1)).toMatchObject({ ok: true, value: { labels: BLOBS } });
    const rows = await answersOf(1, blobEvents({ n: 300, seed: 6, fromMs }));
    for (const [red = NaN, green = NaN, blue = NaN] of rows) {
      expect(blue).toBeLessThan(1e-6);
      expect(red + green).toBeCloseTo(1, 5);
    }
  });

  test('is learned on the first night that has examples of it, from the champion', async () => {
    const night = blobEvents({ n: 2_000, seed: 7, fromMs: fromMs + 4_000_000 });
    await writeEvents(store, MODEL, night, new Date(fromMs));
    expect(await retrain(store)).toMatchObject({ status: 'complete', promoted: true, candidate: 2 });
    expect(await loadManifest(store, MODEL, 2)).toMatchObject({ ok: true, value: { parent: 1 } });
    const fresh = blobEvents({ n: 300, seed: 8, fromMs }).filter(({ label }) => label === BLUE);
    const rows = await answersOf(2, fresh);
    const right = rows.filter((row) => row.indexOf(Math.max(...row)) === BLUE).length;
    expect(right / rows.length).toBeGreaterThan(0.9);
  });
});
