import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRuntime } from '../../../shared/model/runtime.ts';
import { createServable } from '../../../shared/model/predictor.ts';
import { loadBase, loadHead } from '../../../shared/model/servable.ts';
import { loadWasmModule } from '../../../shared/model/wasm-node.ts';
import { createMemoryStore } from '../../../shared/registry/memory-store.ts';
import { promote } from '../../../shared/registry/promotion.ts';
import type { ObjectStore } from '../../../shared/registry/store.ts';
import { importModel, type ModelImportRequest } from '../../../trainer/node/model-import.ts';
import { runJob } from '../../../trainer/node/job.ts';
import { createBlobModel } from '../../support/tabular-model.ts';
import { loadManifest } from '../../../shared/registry/versions.ts';
import { DATA_NOTE, dataPath, hasData } from '../../support/data.ts';
import { type GraphFiles, toGraphModel } from '../../support/graph-def.ts';
import { useTempFolder } from '../../support/temp-folder.ts';
import { expectClose, randomModel, randomNumbers, saveModel, unwrap } from '../../shared/model/support.ts';

const folder = useTempFolder();
const NOW = new Date('2026-11-23T12:00:00Z');
const { layers } = tf;

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

async function write(
  name: string,
  { json, weights }: { json: GraphFiles['json'] | object; weights: Uint8Array },
) {
  const [group] = (json as { weightsManifest: { paths: string[] }[] }).weightsManifest;
  await folder.write(`${name}/model.json`, JSON.stringify(json));
  await folder.write(`${name}/${group?.paths[0]}`, weights);
  return `${folder.path}/${name}`;
}

function classifier(last: 'softmax' | 'linear' | 'sigmoid' = 'softmax'): tf.LayersModel {
  return randomModel([8, 8, 3], (input) =>
    [
      layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu', name: 'conv' }),
      layers.globalAveragePooling2d({ name: 'mean' }),
      layers.dense({ units: 6, activation: 'relu', name: 'hidden' }),
      layers.dropout({ rate: 0.5, name: 'dropped' }),
      layers.dense({ units: 3, activation: last, name: 'classes' }),
    ].reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, input),
  );
}

function mlp(): tf.LayersModel {
  return randomModel([5], (input) =>
    [
      layers.dense({ units: 4, activation: 'tanh' }),
      layers.dense({ units: 2, activation: 'softmax' }),
    ].reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, input),
  );
}

const LABELS = ['a', 'b', 'c'];

function run(store: ObjectStore, source: string, changes: Partial<ModelImportRequest> = {}) {
  return importModel({ store, model: 'things', source, labels: LABELS, now: NOW, ...changes });
}

/** What the edge answers for one raw example. */
async function answer(store: ObjectStore, imported: Awaited<ReturnType<typeof run>>, raw: Float32Array) {
  const { manifest, spec } = unwrap(imported);
  const runtime = createRuntime(await loadWasmModule());
  const base = manifest.base === null ? null : unwrap(await loadBase(store, runtime, manifest.base));
  const head = unwrap(await loadHead(store, runtime, manifest));
  return createServable(spec, manifest, base, head).predict([raw]);
}

describe('importModel', () => {
  it.each([
    ['a LayersModel', saveModel],
    ['a GraphModel', (model: tf.LayersModel) => Promise.resolve(toGraphModel(model))],
  ])('publishes %s as a held version that answers as the model does', async (name, saveFiles) => {
    const model = classifier();
    const store = createMemoryStore();
    const imported = await run(store, await write(name, await saveFiles(model)), { scale: 0.01, offset: -1 });
    const { manifest, spec, addedSoftmax } = unwrap(imported);
    expect(manifest).toMatchObject({
      version: 1,
      verdict: 'hold',
      parent: null,
      snapshot: null,
      base: spec.base,
    });
    expect(manifest.reasons[0]).toMatch(
      /^imported from .*: it came trained, and the gate has not judged it$/,
    );
    expect(spec).toMatchObject({
      input: { kind: 'image', height: 8, width: 8, channels: 3, scale: 0.01, offset: -1 },
      labels: LABELS,
      head: [{ units: 6, activation: 'relu' }],
    });
    expect(addedSoftmax).toBe(false);
    const pixels = randomNumbers(192, 4).map((x) => (x + 1) * 127);
    const expected = model.predict(
      tf.tensor(
        pixels.map((x) => x * 0.01 - 1),
        [1, 8, 8, 3],
      ),
    ) as tf.Tensor;
    expectClose(await answer(store, imported, pixels), expected.dataSync<'float32'>());
  });

  it('publishes dense layers alone as a version without a base', async () => {
    const model = mlp();
    const store = createMemoryStore();
    const imported = await run(store, await write('mlp', await saveModel(model)), { labels: ['no', 'yes'] });
    expect(unwrap(imported).spec).toMatchObject({
      base: null,
      input: { kind: 'tabular', features: [{ name: 'x1' }, {}, {}, {}, { name: 'x5' }] },
      head: [{ units: 4, activation: 'tanh' }],
    });
    const row = randomNumbers(5, 6);
    const expected = model.predict(tf.tensor(row, [1, 5])) as tf.Tensor;
    expectClose(await answer(store, imported, row), expected.dataSync<'float32'>());
  });

  it('adds a softmax to logits, and says so', async () => {
    const model = classifier('linear');
    const store = createMemoryStore();
    const imported = await run(store, await write('logits', await saveModel(model)), { scale: 1 });
    expect(unwrap(imported).addedSoftmax).toBe(true);
    const pixels = randomNumbers(192, 4).map((x) => x + 1);
    const logits = model.predict(tf.tensor(pixels, [1, 8, 8, 3])) as tf.Tensor;
    expectClose(await answer(store, imported, pixels), tf.softmax(logits).dataSync<'float32'>());
  });

  it('is promoted by a person only, with force', async () => {
    const store = createMemoryStore();
    await run(store, await write('held', await saveModel(classifier())));
    const request = { by: 'ann', reason: 'it served elsewhere', at: NOW };
    expect(await promote(store, 'things', 1, request)).toMatchObject({ error: { kind: 'not-passed' } });
    expect(await promote(store, 'things', 1, { ...request, force: true })).toMatchObject({
      ok: true,
      value: { to: 1, forced: true },
    });
  });

  it('makes one version of the same files, and the next number of others', async () => {
    const store = createMemoryStore();
    const first = await write('first', await saveModel(classifier()));
    await run(store, first);
    const before = await store.list('');
    expect(await run(store, first, { now: new Date() })).toMatchObject({ value: { repeated: true } });
    expect(await store.list('')).toEqual(before);
    const other = classifier();
    other.getLayer('classes').setWeights([tf.ones([6, 3]), tf.zeros([3])]);
    const second = await run(store, await write('second', await saveModel(other)), { labels: null });
    expect(second).toMatchObject({ value: { manifest: { version: 2 }, repeated: false } });
  });

  it('is trained on in the first night after its promotion', async () => {
    const store = createMemoryStore();
    await createBlobModel(store, 'blobs', { n: 1_500, seed: 1, fromMs: NOW.getTime() - 1e8 });
    const model = randomModel([2], (input) =>
      [
        layers.dense({ units: 16, activation: 'relu' }),
        layers.dense({ units: 3, activation: 'softmax' }),
      ].reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, input),
    );
    unwrap(await run(store, await write('blobs', await saveModel(model)), { model: 'blobs', labels: null }));
    const request = { by: 'ann', reason: 'it served elsewhere', at: NOW, force: true };
    unwrap(await promote(store, 'blobs', 1, request));
    const night = unwrap(await runJob({ store, model: 'blobs', by: 'a test', promote: true }));
    expect(night).toMatchObject({ status: 'complete', championAtStart: 1, candidate: 2 });
    const manifest = unwrap(await loadManifest(store, 'blobs', 2));
    expect(manifest).toMatchObject({ parent: 1, constants: null, snapshot: night.snapshot });
  });

  it.each<[string, () => tf.LayersModel, Partial<ModelImportRequest>, RegExp]>([
    [
      'another number of labels',
      classifier,
      { labels: ['a'] },
      /expected 3 labels, one an output of the model, got 1/,
    ],
    ['no labels', classifier, { labels: null }, /expected 3 labels, .*, got none/],
    [
      'sigmoids',
      () => classifier('sigmoid'),
      {},
      /ends with sigmoid: expected a softmax over the labels, or logits/,
    ],
    [
      'what ends with no dense layer',
      () =>
        randomModel(
          [4, 4, 1],
          (x) => layers.maxPooling2d({ poolSize: 2, name: 'p' }).apply(x) as tf.SymbolicTensor,
        ),
      {},
      /ends with 'p' \(maxPool\): expected a dense layer/,
    ],
    [
      'rows of numbers that something reads before the dense layers',
      () =>
        randomModel(
          [5],
          (x) =>
            layers
              .dense({ units: 3, activation: 'softmax' })
              .apply(layers.layerNormalization({ name: 'norm' }).apply(x)) as tf.SymbolicTensor,
        ),
      {},
      /it reads \[5\], and what comes before its dense layers \('norm'\) would be a base, which reads images/,
    ],
  ])('refuses %s', async (name, make, changes, message) => {
    const source = await write(`refused-${name}`, await saveModel(make()));
    expect(await run(createMemoryStore(), source, changes)).toMatchObject({
      error: expect.stringMatching(message),
    });
  });

  it('refuses files that do not fit the model that is there', async () => {
    const store = createMemoryStore();
    await run(store, await write('there', await saveModel(classifier())));
    const refusal = async (
      name: string,
      model: tf.LayersModel,
      changes: Partial<ModelImportRequest> = {},
    ) => {
      const imported = await run(store, await write(name, await saveModel(model)), changes);
      return imported.ok ? 'imported' : imported.error;
    };
    expect(await refusal('rows', mlp())).toBe('the files read [5], the spec of things says [8,8,3]');
    expect(await refusal('there', classifier(), { labels: ['c', 'b', 'a'] })).toBe(
      'things has other labels: a, b, c',
    );
    const other = classifier();
    other.getLayer('conv').setWeights([tf.ones([3, 3, 3, 4]), tf.zeros([4])]);
    expect(await refusal('other', other)).toMatch(/^the files' base is \w{12}, that of things is \w{12}: /);
  });

  it.skipIf(!hasData)(
    `imports MobileNet v1 whole, its last convolution as the head${DATA_NOTE}`,
    async () => {
      const store = createMemoryStore();
      const labels = Array.from({ length: 1_000 }, (_, i) => `class ${i}`);
      const imported = await run(store, dataPath('models', 'mobilenet_v1_0.25_224_layers'), { labels });
      expect(imported).toMatchObject({ ok: true, value: { spec: { head: [] } } });
      const { manifest } = unwrap(imported);
      expect(manifest.base).toMatch(/^[0-9a-f]{64}$/);
    },
  );
});
