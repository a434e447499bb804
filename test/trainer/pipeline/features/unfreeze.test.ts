import { beforeAll, describe, expect, test } from 'vitest';
import { writeEvents } from '../../../../shared/events/inbox.ts';
import { loadSpec, replaceSpec } from '../../../../shared/model/spec/load-spec.ts';
import { createServable } from '../../../../shared/model/run/predictor.ts';
import { createRuntime } from '../../../../shared/model/run/runtime.ts';
import { loadBase, loadHead } from '../../../../shared/model/run/servable.ts';
import { specSchema } from '../../../../shared/model/spec/spec.ts';
import { loadWasmModule } from '../../../../shared/model/run/wasm-node.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import type { RunRecord } from '../../../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { loadManifest } from '../../../../shared/registry/versions/versions.ts';
import { runJob } from '../../../../trainer/node/job.ts';
import { loadEvidence } from '../../../../trainer/pipeline/judge/evidence-file.ts';
import { loadTrainingRecord } from '../../../../trainer/pipeline/fine-tune/fine-tune.ts';
import { findNights, recipeOf } from '../../../../trainer/referee/contenders.ts';
import { findRefereeRecord } from '../../../../trainer/referee/record.ts';
import { loadRunSpec } from '../../../../trainer/run/record.ts';
import { checkMemory, cutBase } from '../../../../trainer/pipeline/features/unfreeze.ts';
import { barBase, importBarBase, importBarGraph } from '../../../support/bar-base.ts';
import { barEvents, barSet, barSpec, createBarModel } from '../../../support/image-model.ts';

const MODEL = 'bars';
const HISTORY = { n: 2_000, seed: 1, fromMs: Date.parse('2026-11-01T00:00:00Z') };
const DAY = 86_400_000;
/** Plans of microseconds: on a busy machine their times say nothing. */
const GATE = { edge: { latencyRatio: 100 } };
const TRAINING = { epochs: 4, learningRate: 0.01 };

async function retrain(store: ObjectStore): Promise<RunRecord> {
  const run = await runJob({ store, model: MODEL, by: 'a test', promote: true });
  if (!run.ok) throw new Error(run.error.detail);
  return run.value;
}

async function respecify(store: ObjectStore, changes: object): Promise<void> {
  const seen = await loadSpec(store, MODEL);
  if (!seen.ok) throw new Error(seen.error.detail);
  await replaceSpec(store, seen.value, specSchema.parse({ ...seen.value.spec, ...changes }));
}

async function collect(store: ObjectStore, day: number, n: number): Promise<void> {
  const fromMs = HISTORY.fromMs + day * DAY;
  await writeEvents(store, MODEL, barEvents({ n, seed: day + 10, fromMs, noise: 100 }), new Date(fromMs));
}

const contextOf = (store: ObjectStore, run: RunRecord) => ({ store, run });

describe('the end of a base unfrozen, after a night with all of it frozen', () => {
  const store = createMemoryStore();
  let whole: string;
  let nights: RunRecord[];

  beforeAll(async () => {
    whole = (await importBarBase(store)).digest;
    await createBarModel(store, MODEL, HISTORY, {
      base: whole,
      head: [{ units: 8 }],
      training: TRAINING,
      gate: GATE,
    });
    nights = [await retrain(store)];
    const unfreeze = { from: 'top', epochs: 3, rateFactor: 0.3 };
    await respecify(store, { training: { ...TRAINING, unfreeze } });
    for (const day of [1, 2]) {
      await collect(store, day, 1_000);
      nights.push(await retrain(store));
    }
  });

  const manifestOf = async (version: number) => {
    const manifest = await loadManifest(store, MODEL, version);
    if (!manifest.ok) throw new Error(manifest.error.detail);
    return manifest.value;
  };

  test('every night makes a candidate that the gate promotes', () => {
    expect(nights.map(({ error, promoted }) => ({ error, promoted }))).toEqual(
      [1, 2, 3].map(() => ({ error: null, promoted: true })),
    );
  });

  test('the head is trained first, then the end of the base lowers the validation loss at the lower rate', async () => {
    const { epochs, bestEpoch, parent } = await loadTrainingRecord(contextOf(store, nights[1] as RunRecord));
    expect(parent).toBe(1);
    const [first, second] = [epochs.slice(0, -3), epochs.slice(-3)];
    expect(first.every(({ rate }) => rate === 0.01)).toBe(true);
    expect(second.every(({ rate }) => Math.abs(rate - 0.003) < 1e-9)).toBe(true);
    expect(bestEpoch).toBeGreaterThan(first.length);
    const losses = (part: typeof epochs) => part.map(({ validationLoss }) => validationLoss ?? Infinity);
    expect(Math.min(...losses(second))).toBeLessThan(Math.min(...losses(first)));
  });

  test('the next night goes on from the champion, base end and head, in one phase', async () => {
    const { epochs, parent } = await loadTrainingRecord(contextOf(store, nights[2] as RunRecord));
    expect(parent).toBe(2);
    expect(epochs.every(({ rate }) => rate < 0.004)).toBe(true);
  });

  test('the manifest says up to where the version reads the base', async () => {
    expect((await manifestOf(1)).unfrozen).toBeUndefined();
    const { base, unfrozen } = await manifestOf(2);
    expect(unfrozen).toEqual({ base: whole, from: 'top' });
    expect(base).not.toBe(whole);
    expect((await manifestOf(3)).base).toBe(base);
  });

  test('the referee knows a recipe again by its nights, whatever of the base each of them read', async () => {
    const ctx = contextOf(store, nights[2] as RunRecord);
    const record = await findRefereeRecord(ctx);
    expect(record?.recipe).toBe(recipeOf(await loadRunSpec(store, MODEL, ctx.run.id)));
    expect(await findNights(ctx, record?.recipe ?? '')).toMatchObject([{ version: 2, rival: 1 }]);
  });

  test('the exported files agree with the edge plan', async () => {
    const { candidate, selfTests } = await loadEvidence(contextOf(store, nights[2] as RunRecord));
    expect(candidate).toMatchObject({ finite: true, reproduces: true, exportAgrees: true });
    expect(selfTests?.every(({ passed }) => passed)).toBe(true);
  });

  test('serves as any other version', async () => {
    const runtime = createRuntime(await loadWasmModule());
    const manifest = await manifestOf(3);
    const base = await loadBase(store, runtime, manifest.base as string);
    const head = await loadHead(store, runtime, manifest);
    const spec = await loadSpec(store, MODEL);
    if (!base.ok || !head.ok || !spec.ok) throw new Error('it does not load');
    const servable = createServable(spec.value.spec, manifest, base.value, head.value);
    const { features, labels } = barSet(60, 77, 60);
    const answers = servable.predict(
      Array.from(labels, (_, i) => features.slice(i * 64, (i + 1) * 64).map((pixel) => pixel * 255)),
    );
    const right = labels.filter((label, i) => {
      const own = [...answers.subarray(3 * i, 3 * i + 3)];
      return own.indexOf(Math.max(...own)) === label;
    });
    expect(right.length).toBeGreaterThan(45);
  });

  test('unfrozen from another layer, it starts afresh beside a champion that reads further', async () => {
    await respecify(store, { training: { ...TRAINING, unfreeze: { blocks: 3, epochs: 2 } } });
    await collect(store, 3, 900);
    const run = await retrain(store);
    expect(run).toMatchObject({ error: null, candidate: 4 });
    expect(await loadTrainingRecord(contextOf(store, run))).toMatchObject({ parent: null });
    expect((await manifestOf(4)).unfrozen).toEqual({ base: whole, from: 'block_dw' });
    const { selfTests } = await loadEvidence(contextOf(store, run));
    expect(selfTests?.map(({ passed }) => passed)).toEqual([true, true]);
  });
});

describe('the end of a GraphModel', () => {
  const store = createMemoryStore();
  let night: RunRecord;
  let whole: string;

  beforeAll(async () => {
    whole = (await importBarGraph(store)).digest;
    const training = { ...TRAINING, unfreeze: { blocks: 1, epochs: 3, rateFactor: 0.3 } };
    const spec = { base: whole, head: [{ units: 8 }], training, gate: GATE };
    await createBarModel(store, MODEL, HISTORY, spec);
    night = await retrain(store);
  });

  test('is unfrozen like that of a LayersModel, and promoted by the same gate', async () => {
    expect(night).toMatchObject({ error: null, promoted: true });
    const { epochs } = await loadTrainingRecord(contextOf(store, night));
    const losses = epochs.map(({ validationLoss }) => validationLoss ?? Infinity);
    expect(Math.min(...losses.slice(-3))).toBeLessThan(Math.min(...losses.slice(0, -3)));
    const manifest = await loadManifest(store, MODEL, 1);
    if (!manifest.ok) throw new Error(manifest.error.detail);
    expect(manifest.value.unfrozen).toMatchObject({ base: whole });
    const { candidate } = await loadEvidence(contextOf(store, night));
    expect(candidate).toMatchObject({ finite: true, reproduces: true, exportAgrees: true });
  });

  test('a node that is not there is named', async () => {
    await respecify(store, { training: { ...TRAINING, unfreeze: { from: 'top' } } });
    await collect(store, 1, 500);
    const run = await retrain(store);
    expect(run.error).toMatch(/^training\.unfreeze: from: there is no layer "top"; the nearest names are /);
  });
});

describe('room', () => {
  const ctx = (memoryBudgetBytes: number) => ({ spec: barSpec('bars'), memoryBudgetBytes });

  test('that the examples of a network do not fit is told before the training', () => {
    expect(() => checkMemory(ctx(256 * 10), 10)).not.toThrow();
    expect(() => checkMemory(ctx(2_000_000), 10_000)).toThrow(
      'network: 10000 examples of 64 numbers take 3 MB, and here is room for 2 MB: lower training.maxExamples, to leave 7812',
    );
  });
});

describe('dividing a base', () => {
  const { layers, tensors, output } = barBase();
  const model = { name: 'base', layers, output, weightGroups: [] };
  const cut = (unfreeze: { from?: string; blocks?: number }) => cutBase(model, tensors, unfreeze);

  test('before the layer that is named', () => {
    const divided = cut({ from: 'top' });
    expect(divided).toMatchObject({ ok: true, value: { from: 'top', shape: [4, 4, 6] } });
    if (!divided.ok) return;
    const { prefix, trunk } = divided.value;
    expect(prefix.output).toBe('block_add');
    expect([...trunk.tensors.keys()]).toEqual(['top/kernel', 'top/bias']);
  });

  test('before the last so many convolutions', () => {
    expect(cut({ blocks: 1 })).toMatchObject({ ok: true, value: { from: 'top' } });
  });

  test.each([
    [{ from: 'topp' }, 'from: there is no layer "topp"; the nearest names are top'],
    [{ from: 'block_pw' }, "layer 'block_add' also reads 'stem_relu', which is before 'block_pw'"],
    [{ from: 'stem' }, "layer 'stem' reads the image itself"],
    [{ from: 'block_add' }, "layer 'block_add' takes 2 inputs"],
    [{ blocks: 9 }, 'blocks: expected at most 4, which the base has, got 9'],
  ])('refuses %j by name', (unfreeze, message) => {
    const divided = cut(unfreeze);
    expect(divided.ok ? '' : divided.error).toContain(message);
  });

  test('refuses a layer that has no gradient, by name', () => {
    const strange = layers.map((layer) =>
      layer.name === 'top' ? { ...layer, config: { ...layer.config, dilation_rate: [2, 2] } } : layer,
    );
    const divided = cutBase({ ...model, layers: strange }, tensors, { from: 'top' });
    expect(divided.ok ? '' : divided.error).toBe(
      "layer 'top' (Conv2D) can't be trained: dilation_rate: expected 1: TensorFlow.js has no gradient of dilations",
    );
  });
});
