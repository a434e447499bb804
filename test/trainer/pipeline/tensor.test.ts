/**
 * Nights of models that read tensors: through a network, in a row, and from a base.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { writeEvents } from '../../../shared/events/inbox.ts';
import { numbersOf, openInput, storeInline } from '../../../shared/events/stored-input.ts';
import { fitConstants } from '../../../shared/model/spec/input.ts';
import { createModel } from '../../../shared/model/spec/load-spec.ts';
import { createServable } from '../../../shared/model/run/predictor.ts';
import { createRuntime } from '../../../shared/model/run/runtime.ts';
import { loadHead } from '../../../shared/model/run/servable.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import type { Spec } from '../../../shared/model/spec/spec.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { RunRecord } from '../../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { loadManifest } from '../../../shared/registry/versions/versions.ts';
import { runJob } from '../../../trainer/node/job.ts';
import { loadEvidence } from '../../../trainer/pipeline/judge/evidence-file.ts';
import { barEvents, barSpec } from '../../support/image-model.ts';
import { unwrap } from '../compile/support.ts';

const FROM = Date.parse('2026-11-01T00:00:00Z');
const gate = { edge: { latencyRatio: 100 } };

/** Bars as a spectrogram has them: numbers below 0 too, far from a deviation of 1. */
async function night(store: ObjectStore, spec: Spec, n: number): Promise<Float32Array[]> {
  const rows: Float32Array[] = [];
  const events = await Promise.all(
    barEvents({ n, seed: 3, fromMs: FROM }).map(async (event) => {
      const opened = unwrap(await openInput(event.input, undefined, 64));
      const raw = numbersOf(opened).map((pixel) => (pixel - 100) * 7);
      rows.push(raw);
      return { ...event, input: storeInline(raw) };
    }),
  );
  await createModel(store, spec);
  await writeEvents(store, spec.name, events, new Date(FROM));
  return rows;
}

async function train(store: ObjectStore, model: string): Promise<RunRecord> {
  const run = await runJob({ store, model, by: 'a test', promote: true });
  if (!run.ok) throw new Error(run.error.detail);
  return run.value;
}

const training = { epochs: 8, learningRate: 0.01, augmentation: { noise: 0.05 } };

describe('a tensor of three dimensions, through a network', () => {
  const store = createMemoryStore();
  const spec = barSpec('spectra', { input: { kind: 'tensor', shape: [8, 8, 1] }, training, gate });
  let rows: Float32Array[];
  let run: RunRecord;
  beforeAll(async () => {
    rows = await night(store, spec, 2_000);
    run = await train(store, 'spectra');
  });

  test('is trained with noise, judged and promoted', async () => {
    expect(run).toMatchObject({ status: 'complete', verdict: 'promote', candidate: 1, error: null });
    const { candidate, selfTests } = await loadEvidence({ store, run });
    expect(candidate).toMatchObject({ finite: true, reproduces: true, exportAgrees: true });
    expect(selfTests?.every(({ passed }) => passed)).toBe(true);
  });

  test('is standardised by its channel, as the edge does it', async () => {
    const manifest = unwrap(await loadManifest(store, 'spectra', 1));
    const all = fitConstants(spec.input, rows);
    expect(manifest.constants?.mean).toHaveLength(1);
    // Of the training examples, four in five of all.
    expect(Math.abs((manifest.constants?.mean[0] ?? 0) - (all?.mean[0] ?? 0))).toBeLessThan(20);
    const runtime = createRuntime(await loadWasmModule());
    const head = unwrap(await loadHead(store, runtime, manifest));
    const { windows } = await loadEvidence({ store, run });
    const answers = createServable(spec, manifest, null, head).predict(rows.slice(0, 8));
    expect(answers).toHaveLength(8 * 3);
    expect(windows.length).toBeGreaterThan(0);
  });
});

test(
  'a tensor of one dimension is learned in a row, each number by its own deviation',
  { timeout: 120_000 },
  async () => {
    const store = createMemoryStore();
    const plain = barSpec('embeddings', {
      input: { kind: 'tensor', shape: [64] },
      base: null,
      head: [{ units: 32 }],
      training: { ...training, epochs: 15 },
      gate,
    });
    await night(store, plain, 2_000);
    expect(await train(store, 'embeddings')).toMatchObject({ status: 'complete', error: null, candidate: 1 });
    const manifest = unwrap(await loadManifest(store, 'embeddings', 1));
    expect([manifest.constants?.mean.length, manifest.constants?.scale.length]).toEqual([64, 64]);
  },
);
