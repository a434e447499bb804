import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRuntime } from '../../../shared/model/run/runtime.ts';
import { createServable } from '../../../shared/model/run/predictor.ts';
import { loadBase, loadHead } from '../../../shared/model/run/servable.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { promote } from '../../../shared/registry/champion/promotion.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { importModel, type ModelImportRequest } from '../../../trainer/model-import/model-import.ts';
import { runJob } from '../../../trainer/node/job.ts';
import { rentEvents } from '../../support/regression-model.ts';
import { createBlobModel } from '../../support/tabular-model.ts';
import { writeEvents } from '../../../shared/events/inbox.ts';
import { loadManifest } from '../../../shared/registry/versions/versions.ts';
import { DATA_NOTE, dataPath, hasData } from '../../support/data.ts';
import { type GraphFiles, toGraphModel } from '../../support/graph-def.ts';
import { useTempFolder } from '../../support/temp-folder.ts';
import { expectClose, randomModel, randomNumbers, saveModel, unwrap } from '../compile/support.ts';

const folder = useTempFolder();
const NOW = new Date('2026-11-23T12:00:00Z');
const { initializers, layers } = tf;

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

/** Layers one after the other. */
function stack(shape: number[], ...parts: tf.layers.Layer[]): tf.LayersModel {
  return randomModel(shape, (input) =>
    parts.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, input),
  );
}

function outputOf(model: tf.LayersModel, input: Float32Array, shape: number[]): Float32Array {
  return (model.predict(tf.tensor(input, [1, ...shape])) as tf.Tensor).dataSync<'float32'>();
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
    const { manifest, spec, ending } = unwrap(imported);
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
    expect(ending).toBe('softmax');
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
    expect(unwrap(imported).ending).toBe('logits');
    const pixels = randomNumbers(192, 4).map((x) => x + 1);
    const logits = model.predict(tf.tensor(pixels, [1, 8, 8, 3])) as tf.Tensor;
    expectClose(await answer(store, imported, pixels), tf.softmax(logits).dataSync<'float32'>());
  });

  it.each([
    ['one sigmoid', 'sigmoid', true],
    ['one logit', 'logit', false],
  ] as const)('reads %s as the probability of the second of two labels', async (name, ending, own) => {
    const model = stack(
      [5],
      layers.dense({ units: 4, activation: 'relu' }),
      layers.dense({ units: 1, activation: own ? 'sigmoid' : 'linear' }),
    );
    const store = createMemoryStore();
    const imported = await run(store, await write(name, await saveModel(model)), {
      labels: ['no', 'yes'],
    });
    expect(unwrap(imported)).toMatchObject({ ending, spec: { head: [{ units: 4, activation: 'relu' }] } });
    const row = randomNumbers(5, 6);
    const [output = 0] = outputOf(model, row, [5]);
    const yes = own ? output : 1 / (1 + Math.exp(-output));
    expectClose(await answer(store, imported, row), Float32Array.of(1 - yes, yes));
  });

  it('publishes a regression, which answers in its own unit', async () => {
    const model = stack(
      [3],
      layers.dense({ units: 8, activation: 'elu' }),
      layers.leakyReLU({ alpha: 0.3 }),
      layers.dense({ units: 1 }),
    );
    const store = createMemoryStore();
    const imported = await run(store, await write('rents', await saveModel(model)), {
      labels: null,
      target: { name: 'rent', unit: 'EUR' },
      features: ['size', 'distance', 'rooms'],
    });
    const { manifest, spec } = unwrap(imported);
    expect(manifest).toMatchObject({ verdict: 'hold', labels: [], target: { name: 'rent', unit: 'EUR' } });
    expect(spec).toMatchObject({
      task: 'regression',
      target: { name: 'rent', unit: 'EUR' },
      input: { features: [{ name: 'size' }, { name: 'distance' }, { name: 'rooms' }] },
    });
    const row = randomNumbers(3, 6);
    expectClose(await answer(store, imported, row), outputOf(model, row, [3]));
  });

  it('publishes a regression of pictures, its dense layer on a base', async () => {
    const model = stack(
      [6, 6, 1],
      layers.conv2d({ filters: 3, kernelSize: 3, activation: 'relu' }),
      layers.flatten(),
      layers.dense({ units: 1 }),
    );
    const store = createMemoryStore();
    const source = await write('weights', await saveModel(model));
    const imported = await run(store, source, { labels: null, target: { name: 'kg' }, scale: 1 });
    expect(unwrap(imported)).toMatchObject({ ending: 'number', endsWith: null, spec: { head: [] } });
    const pixels = randomNumbers(36, 2).map((x) => x + 1);
    expectClose(await answer(store, imported, pixels), outputOf(model, pixels, [6, 6, 1]));
  });

  it('keeps what scales the rows as constants, and folds what scales between two dense layers', async () => {
    const model = stack(
      [4],
      layers.batchNormalization({ name: 'standardise' }),
      layers.dense({ units: 6, activation: 'relu' }),
      layers.batchNormalization(),
      layers.dense({ units: 3, activation: 'softmax' }),
    );
    const store = createMemoryStore();
    const imported = await run(store, await write('scaled', await saveModel(model)));
    const { manifest, spec } = unwrap(imported);
    expect(spec).toMatchObject({ base: null, head: [{ units: 6, activation: 'relu' }] });
    const [, , mean, variance] = model
      .getLayer('standardise')
      .getWeights()
      .map((t) => t.dataSync<'float32'>());
    const [gamma, beta] = model
      .getLayer('standardise')
      .getWeights()
      .map((t) => t.dataSync<'float32'>());
    const wanted = Array.from({ length: 4 }, (_, i) => {
      const factor = (gamma?.[i] as number) / Math.sqrt((variance?.[i] as number) + 0.001);
      return { factor, mean: (mean?.[i] as number) - (beta?.[i] as number) / factor };
    });
    expectClose(
      Float32Array.from(manifest.constants?.scale ?? []),
      Float32Array.from(wanted, (w) => w.factor),
    );
    expectClose(
      Float32Array.from(manifest.constants?.mean ?? []),
      Float32Array.from(wanted, (w) => w.mean),
    );
    const row = randomNumbers(4, 6);
    expectClose(await answer(store, imported, row), outputOf(model, row, [4]));
  });

  it.each<[string, number[], tf.layers.Layer[]]>([
    ['normalised rows', [5], [layers.layerNormalization({ name: 'norm' }), layers.dense({ units: 3 })]],
    [
      'a series',
      [8, 2],
      [layers.conv1d({ filters: 4, kernelSize: 3 }), layers.flatten(), layers.dense({ units: 3 })],
    ],
    [
      'an activation of its own',
      [5],
      [layers.dense({ units: 6, activation: 'selu' }), layers.dense({ units: 3 })],
    ],
  ])('makes a base of what reads %s', async (name, shape, parts) => {
    const model = stack(shape, ...parts, layers.softmax());
    const store = createMemoryStore();
    const imported = await run(store, await write(name, await saveModel(model)));
    const { spec } = unwrap(imported);
    expect(spec).toMatchObject({ base: expect.stringMatching(/^[0-9a-f]{64}$/), head: [] });
    const size = shape.reduce((a, b) => a * b, 1);
    expect(spec.input).toMatchObject(
      shape.length === 1 ? { features: { length: size } } : { kind: 'tensor', shape },
    );
    const row = randomNumbers(size, 6);
    expectClose(await answer(store, imported, row), outputOf(model, row, shape));
  });

  it.each<[string, number[], tf.layers.Layer[]]>([
    ['features of another model', [3, 3, 8], [layers.globalAveragePooling2d({}), layers.dense({ units: 3 })]],
    [
      'a spectrogram of two channels',
      [6, 5, 2],
      [layers.conv2d({ filters: 2, kernelSize: 3 }), layers.flatten(), layers.dense({ units: 3 })],
    ],
    ['a window of sensors, in a row', [4, 2], [layers.flatten(), layers.dense({ units: 3 })]],
  ])('serves what reads %s as a tensor', async (name, shape, parts) => {
    const model = stack(shape, ...parts, layers.softmax());
    const store = createMemoryStore();
    const imported = await run(store, await write(name, await saveModel(model)));
    expect(unwrap(imported).spec.input).toEqual({ kind: 'tensor', shape });
    const numbers = randomNumbers(
      shape.reduce((a, b) => a * b, 1),
      6,
    ).map((x) => 40 * x);
    expectClose(await answer(store, imported, numbers), outputOf(model, numbers, shape));
  });

  it('takes for a tensor, or for rows, what is asked to be', async () => {
    const store = createMemoryStore();
    const grey = stack([4, 4, 1], layers.flatten(), layers.dense({ units: 3, activation: 'softmax' }));
    const source = await write('grey', await saveModel(grey));
    const imported = await run(store, source, { kind: 'tensor' });
    expect(unwrap(imported).spec.input).toEqual({ kind: 'tensor', shape: [4, 4, 1] });
    const numbers = randomNumbers(16, 3).map((x) => -5 * x);
    expectClose(await answer(store, imported, numbers), outputOf(grey, numbers, [4, 4, 1]));
    expect(await run(createMemoryStore(), source, { kind: 'tabular' })).toMatchObject({
      error: expect.stringMatching(/expected a model of rows, the files read \[4,4,1\]/),
    });
    const series = stack([4, 2], layers.flatten(), layers.dense({ units: 3, activation: 'softmax' }));
    const rows = await run(createMemoryStore(), await write('rows', await saveModel(series)), {
      features: 'abcdefgh'.split(''),
    });
    expect(unwrap(rows).spec.input).toMatchObject({ kind: 'tabular', features: { length: 8 } });
    expect(
      await run(createMemoryStore(), await write('rows', await saveModel(series)), { kind: 'image' }),
    ).toMatchObject({ error: expect.stringMatching(/expected a model of pictures/) });
  });

  it('puts a dense layer that changes nothing behind a model that ends with none', async () => {
    const model = stack(
      [6, 6, 1],
      layers.conv2d({ filters: 3, kernelSize: 3, activation: 'relu' }),
      layers.globalAveragePooling2d({ name: 'mean' }),
      layers.softmax(),
    );
    const store = createMemoryStore();
    const imported = await run(store, await write('squeeze', await saveModel(model)), { scale: 1 });
    expect(unwrap(imported)).toMatchObject({ ending: 'softmax', endsWith: expect.stringMatching(/^'mean/) });
    const pixels = randomNumbers(36, 2).map((x) => x + 1);
    expectClose(await answer(store, imported, pixels), outputOf(model, pixels, [6, 6, 1]));
  });

  it('serves a number that is cut off at 0', async () => {
    const model = stack(
      [5],
      layers.dense({ units: 4 }),
      layers.dense({ units: 1, activation: 'relu', name: 'cut' }),
    );
    const store = createMemoryStore();
    const source = await write('relu', await saveModel(model));
    const imported = await run(store, source, { labels: null, target: { name: 'kg' } });
    expect(unwrap(imported)).toMatchObject({ endsWith: "'cut' (dense with relu)" });
    for (const seed of [1, 2, 3]) {
      const row = randomNumbers(5, seed);
      expectClose(await answer(store, imported, row), outputOf(model, row, [5]));
    }
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

  it('is trained on, as a regression, behind the constants it came with', async () => {
    const store = createMemoryStore();
    const model = stack(
      [2],
      layers.batchNormalization({ name: 'standardise', scale: false, center: false }),
      layers.dense({
        units: 16,
        activation: 'relu',
        kernelInitializer: initializers.glorotUniform({ seed: 3 }),
      }),
      layers.dense({ units: 1, name: 'rent' }),
    );
    model.getLayer('standardise').setWeights([tf.tensor([60, 10]), tf.tensor([500, 33])]);
    model.getLayer('rent').setWeights([tf.ones([16, 1]).mul(100), tf.tensor([900])]);
    const target = { name: 'rent', unit: 'EUR' };
    const source = await write('night', await saveModel(model));
    const imported = await run(store, source, { model: 'rents', labels: null, target });
    const events = rentEvents({ n: 3_000, seed: 1, fromMs: NOW.getTime() - 1e8 });
    await writeEvents(store, 'rents', events, new Date(NOW.getTime() - 1e8));
    unwrap(
      await promote(store, 'rents', 1, { by: 'ann', reason: 'it served elsewhere', at: NOW, force: true }),
    );
    const night = unwrap(await runJob({ store, model: 'rents', by: 'a test', promote: true }));
    expect(night).toMatchObject({ status: 'complete', championAtStart: 1, candidate: 2, verdict: 'promote' });
    const { constants } = unwrap(imported).manifest;
    expect(constants?.mean[0]).toBeCloseTo(60);
    expect(unwrap(await loadManifest(store, 'rents', 2))).toMatchObject({ parent: 1, constants, target });
  });

  it('is trained on behind a base that reads rows', async () => {
    const store = createMemoryStore();
    const model = stack([2], layers.dense({ units: 8, activation: 'swish' }), layers.dense({ units: 1 }));
    const target = { name: 'rent', unit: 'EUR' };
    const source = await write('rows', await saveModel(model));
    unwrap(await run(store, source, { model: 'rents', labels: null, target }));
    const events = rentEvents({ n: 3_000, seed: 1, fromMs: NOW.getTime() - 1e8 });
    await writeEvents(store, 'rents', events, new Date(NOW.getTime() - 1e8));
    unwrap(
      await promote(store, 'rents', 1, { by: 'ann', reason: 'it served elsewhere', at: NOW, force: true }),
    );
    const night = unwrap(await runJob({ store, model: 'rents', by: 'a test', promote: true }));
    expect(night).toMatchObject({ status: 'complete', championAtStart: 1, candidate: 2 });
    expect(unwrap(await loadManifest(store, 'rents', 2))).toMatchObject({ parent: 1, constants: null });
  });

  it('writes nothing where it refuses', async () => {
    const store = createMemoryStore();
    const source = await write('refused', await saveModel(classifier()));
    expect(await run(store, source, { labels: ['a', 'b'] })).toMatchObject({ ok: false });
    expect(await run(store, source, { model: 'No Name' })).toMatchObject({
      error: expect.stringMatching(/^the spec of No Name: name: expected 1 to 128 of letters/),
    });
    const broken = classifier();
    broken.getLayer('classes').setWeights([tf.ones([6, 3]).mul(Number.NaN), tf.zeros([3])]);
    expect(await run(store, await write('broken', await saveModel(broken)))).toMatchObject({
      error: 'TensorFlow.js itself answers with NaN or an infinity: the weights are damaged',
    });
    expect(await store.list('')).toEqual([]);
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
      'one output of which nothing is said',
      () => stack([5], layers.dense({ units: 1 })),
      { labels: null },
      /^the model has 1 output: expected a target, .*, or 2 labels, .*; got neither$/,
    ],
    [
      'three labels of one output',
      () => stack([5], layers.dense({ units: 1, activation: 'sigmoid' })),
      {},
      /^expected 2 labels \(the one output is the probability of the second\), got 3$/,
    ],
    ['labels and a target', mlp, { target: { name: 'kg' } }, /^expected labels .* or a target .*, got both$/],
    [
      'several sigmoids',
      () => classifier('sigmoid'),
      {},
      /it ends with 'classes' \(sigmoid\) over 3 outputs: expected a softmax over the labels, logits, or one sigmoid: labels that do not exclude each other are not offered$/,
    ],
    [
      'a classifier that ends with another activation',
      () => stack([5], layers.dense({ units: 3, activation: 'relu', name: 'end' })),
      {},
      /it ends with 'end' \(dense with relu\) over 3 outputs: expected a softmax/,
    ],
    [
      'several numbers',
      () => stack([5], layers.dense({ units: 2 })),
      { labels: null, target: { name: 'kg' } },
      /it gives the shape \[2\]: a regression predicts one number$/,
    ],
    [
      'what has no number a label',
      () => stack([4, 4, 1], layers.maxPooling2d({ poolSize: 2, name: 'p' })),
      {},
      /it ends with 'p' \(maxPool\) in the shape \[2,2,1\]: expected a number a label$/,
    ],
    [
      'names of features for pictures',
      classifier,
      { features: ['a'] },
      /^the model reads images: expected no names of features$/,
    ],
    [
      'another number of names',
      () => stack([5], layers.dense({ units: 3 })),
      { features: ['a'] },
      /^expected 5 names of features, one a number that the model reads, got 1$/,
    ],
    [
      'a scale of pixels for rows',
      () => stack([5], layers.dense({ units: 3 })),
      { scale: 1 },
      /^the model reads rows of numbers: scale, offset and resize are for images$/,
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
    expect(await refusal('there', classifier(), { labels: null, target: { name: 'kg' } })).toBe(
      'things says which of its 3 labels an example has, and predicts no number',
    );
    expect(await refusal('there', classifier(), { scale: 1 })).toBe(
      'things is there already, and says itself how its input is read',
    );
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
