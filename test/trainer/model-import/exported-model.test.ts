/**
 * Models with what their exporters write beside them: one step, and the same answers as in the exporter's own library.
 */
import * as tf from '@tensorflow/tfjs';
import { readFile } from 'node:fs/promises';
import { zipSync } from 'fflate';
import { beforeAll, describe, expect, it } from 'vitest';
import { createServable } from '../../../shared/model/run/predictor.ts';
import { createRuntime } from '../../../shared/model/run/runtime.ts';
import { loadBase, loadHead } from '../../../shared/model/run/servable.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { inspectModel } from '../../../trainer/model-import/inspect-model.ts';
import { importBase } from '../../../trainer/model-import/base-import.ts';
import { importModel, type ModelImportRequest } from '../../../trainer/model-import/model-import.ts';
import { expectClose, randomModel, randomNumbers, saveModel, unwrap } from '../compile/support.ts';
import { useTempFolder } from '../../support/temp-folder.ts';

const folder = useTempFolder();
const { layers } = tf;

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

function stack(shape: number[], ...parts: tf.layers.Layer[]): tf.LayersModel {
  return randomModel(shape, (input) =>
    parts.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, input),
  );
}

async function write(name: string, model: tf.LayersModel, beside: Readonly<Record<string, object>> = {}) {
  const { json, weights } = await saveModel(model);
  const files: Record<string, Uint8Array> = {
    'model.json': Buffer.from(JSON.stringify(json)),
    'weights.bin': weights,
  };
  for (const [file, content] of Object.entries(beside)) files[file] = Buffer.from(JSON.stringify(content));
  for (const [file, bytes] of Object.entries(files)) await folder.write(`${name}/${file}`, bytes);
  return { path: `${folder.path}/${name}`, files };
}

const run = (store: ObjectStore, source: string, changes: Partial<ModelImportRequest> = {}) =>
  importModel({ store, model: 'things', source, labels: null, now: new Date(0), ...changes });

async function answer(store: ObjectStore, imported: Awaited<ReturnType<typeof run>>, raw: Float32Array) {
  const { manifest, spec } = unwrap(imported);
  const runtime = createRuntime(await loadWasmModule());
  const base = manifest.base === null ? null : unwrap(await loadBase(store, runtime, manifest.base));
  return createServable(spec, manifest, base, unwrap(await loadHead(store, runtime, manifest))).predict([
    raw,
  ]);
}

function outputOf(model: tf.LayersModel, input: Float32Array, shape: number[]): Float32Array {
  return (model.predict(tf.tensor(input, [1, ...shape])) as tf.Tensor).dataSync<'float32'>();
}

const picture = () =>
  stack(
    [8, 8, 3],
    layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu' }),
    layers.globalAveragePooling2d({}),
    layers.dense({ units: 3, activation: 'softmax', useBias: false }),
  );
const pixels = randomNumbers(192, 4).map((x) => Math.round((x + 1) * 127));

describe('a Teachable Machine export of pictures', () => {
  const metadata = {
    tfjsVersion: '1.3.1',
    tmVersion: '2.4.10',
    packageVersion: '0.8.4-alpha2',
    packageName: '@teachablemachine/image',
    modelName: 'tm-my-image-model',
    labels: ['Café cup', 'Mug', 'Background'],
    imageSize: 8,
  };

  it.each(['folder', 'zip'])('needs one step, as a %s: labels, scale and crop as it says', async (form) => {
    const model = picture();
    const { path, files } = await write(`tm-${form}`, model, { 'metadata.json': metadata });
    const source = form === 'zip' ? await folder.write('tm.zip', zipSync(files)) : path;
    const store = createMemoryStore();
    const imported = await run(store, source);
    expect(unwrap(imported)).toMatchObject({
      spec: { labels: metadata.labels, input: { scale: 1 / 127, offset: -1, resize: 'cover' } },
      notes: [
        expect.stringMatching(/labels from metadata\.json \(Teachable Machine/),
        expect.stringContaining('-1'),
      ],
      warnings: [],
    });
    expectClose(
      await answer(store, imported, pixels),
      outputOf(
        model,
        pixels.map((x) => x / 127 - 1),
        [8, 8, 3],
      ),
    );
  });

  it('may be contradicted by whoever asks', async () => {
    const { path } = await write('tm-asked', picture(), { 'metadata.json': metadata });
    const imported = await run(createMemoryStore(), path, {
      labels: ['a', 'b', 'c'],
      scale: 1,
      resize: 'stretch',
    });
    expect(unwrap(imported).spec).toMatchObject({ labels: ['a', 'b', 'c'], input: { scale: 1, offset: 0 } });
  });

  it.each([
    ['deaf', { tfjsSpeechCommandsVersion: '0.4.0' }, /metadata\.json: expected wordLabels/],
    [
      'pose',
      { packageName: '@teachablemachine/pose', labels: ['a', 'b'] },
      /pose model: it reads what PoseNet makes/,
    ],
    ['broken', { packageName: '@teachablemachine/image', labels: 3 }, /metadata\.json: expected labels/],
  ])('of another kind is named: %s', async (name, json, message) => {
    const { path } = await write(`tm-${name}`, picture(), { 'metadata.json': json });
    expect(await run(createMemoryStore(), path)).toMatchObject({ error: expect.stringMatching(message) });
  });
});

it('takes a Teachable Machine export of sounds in one step, for the spectrograms that its library makes', async () => {
  const model = stack(
    [43, 24, 1],
    layers.conv2d({ filters: 4, kernelSize: [2, 8], activation: 'relu' }),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.flatten(),
    layers.dense({ units: 6, activation: 'relu' }),
    layers.dense({ units: 3, activation: 'softmax' }),
  );
  const words = ['Background Noise', 'no', 'yes'];
  const { path } = await write('tm-audio', model, {
    'metadata.json': { tfjsSpeechCommandsVersion: '0.4.0', modelName: 'TMv2', wordLabels: words },
  });
  const store = createMemoryStore();
  const imported = await run(store, path);
  expect(unwrap(imported)).toMatchObject({
    spec: { labels: words, input: { kind: 'tensor', shape: [43, 24, 1] } },
    warnings: [],
  });
  const spectrogram = randomNumbers(43 * 24, 5).map((x) => 3 * x);
  expectClose(await answer(store, imported, spectrogram), outputOf(model, spectrogram, [43, 24, 1]));
});

describe('what ml5 saves', () => {
  const inputs = {
    size: { dtype: 'number', min: 10, max: 210 },
    rooms: { dtype: 'number', min: 1, max: 5 },
    kind: { dtype: 'string', legend: { flat: [1, 0], house: [0, 1] } },
  };

  it('scales and encodes its columns as ml5 does', async () => {
    const model = stack(
      [4],
      layers.dense({ units: 5, activation: 'relu' }),
      layers.dense({ units: 2, activation: 'softmax' }),
    );
    const legend = { cheap: [1, 0], dear: [0, 1] };
    const meta = {
      inputUnits: [4],
      outputUnits: 2,
      inputs,
      outputs: { label: { dtype: 'string', legend } },
      isNormalized: true,
    };
    const { path } = await write('ml5', model, { 'model_meta.json': meta });
    const store = createMemoryStore();
    const imported = await run(store, path);
    expect(unwrap(imported).spec).toMatchObject({
      labels: ['cheap', 'dear'],
      input: {
        features: [{ name: 'size' }, { name: 'rooms' }, { type: 'category', values: ['flat', 'house'] }],
      },
    });
    const encoded = Float32Array.of((60 - 10) / 200, (2 - 1) / 4, 0, 1);
    expectClose(await answer(store, imported, Float32Array.of(60, 2, 1)), outputOf(model, encoded, [4]));
  });

  it('answers a number in its own unit', async () => {
    const model = stack(
      [2],
      layers.dense({ units: 5, activation: 'relu' }),
      layers.dense({ units: 1, activation: 'sigmoid' }),
    );
    const { size, rooms } = inputs;
    const outputs = { rent: { dtype: 'number', min: 300, max: 2_300 } };
    const { path } = await write('ml5-rent', model, {
      'model_meta.json': { inputs: { size, rooms }, outputs, isNormalized: true },
    });
    const store = createMemoryStore();
    const imported = await run(store, path);
    expect(unwrap(imported).spec).toMatchObject({ task: 'regression', target: { name: 'rent' } });
    const encoded = Float32Array.of((60 - 10) / 200, (2 - 1) / 4);
    const expected = outputOf(model, encoded, [2]).map((x) => x * 2_000 + 300);
    expectClose(await answer(store, imported, Float32Array.of(60, 2)), expected);
  });
});

describe('what a model wants to see of a pixel', () => {
  const scaled = (...front: tf.layers.Layer[]) =>
    stack(
      [8, 8, 3],
      ...front,
      layers.conv2d({ filters: 4, kernelSize: 3 }),
      layers.globalAveragePooling2d({}),
      layers.dense({ units: 2, activation: 'softmax' }),
    );
  const rescaling = (scale: number, offset: number) =>
    layers.rescaling({ scale, offset, name: 'rescale' }) as unknown as tf.layers.Layer;
  const labels = ['dark', 'light'];

  it('is its own business where it scales pixels itself: bright and dark differ', async () => {
    const model = scaled(rescaling(1 / 255, 0));
    const { path } = await write('own', model);
    const store = createMemoryStore();
    const imported = await run(store, path, { labels });
    expect(unwrap(imported)).toMatchObject({
      spec: { input: { scale: 1, offset: 0 } },
      notes: [expect.stringMatching(/the model scales its own pixels \('rescale': pixel \* 0\.0039/)],
      warnings: [],
    });
    for (const level of [20, 230]) {
      const flat = new Float32Array(192).fill(level);
      expectClose(await answer(store, imported, flat), outputOf(model, flat, [8, 8, 3]));
    }
  });

  it('is warned about where somebody scales them before it, too', async () => {
    const { path } = await write('twice', scaled(rescaling(1 / 127.5, -1)));
    const imported = await run(createMemoryStore(), path, { labels, scale: 1 / 255 });
    expect(unwrap(imported).warnings).toEqual([
      expect.stringMatching(/^pixels are scaled twice: by 0\.00392157/),
    ]);
  });

  it('is not told from a layer that stretches what is small already', async () => {
    const { path } = await write('stretch', scaled(rescaling(2, -1)));
    expect(unwrap(await run(createMemoryStore(), path, { labels }))).toMatchObject({
      spec: { input: { scale: 1 / 255 } },
      warnings: [expect.stringMatching(/^nothing says .* which is a guess/)],
    });
  });

  it('is noted of a base, for whoever creates a model on it', async () => {
    const { path } = await write('own-base', scaled(rescaling(1 / 127.5, -1)));
    const request = {
      store: createMemoryStore(),
      source: path,
      output: null,
      pooling: 'auto',
      now: new Date(0),
    } as const;
    expect(await importBase(request)).toMatchObject({ value: { manifest: { wholePixels: true } } });
  });
});

describe('import-model', () => {
  it('takes one of several outputs by its layer', async () => {
    const source = 'test/fixtures/keras/two_outputs.h5';
    const store = createMemoryStore();
    const imported = await run(store, source, { labels: ['a', 'b', 'c'], layer: 'classes' });
    const answers = JSON.parse(await readFile('test/fixtures/keras/answers.json', 'utf8'));
    const { x, y } = answers.two_outputs;
    expectClose(await answer(store, imported, Float32Array.from(x[1])), Float32Array.from(y[1][1]));
    expect(await run(createMemoryStore(), source, { labels: ['a', 'b'] })).toMatchObject({
      error: expect.stringMatching(/2 outputs \(features, classes\).*--layer/),
    });
  });

  it('names labels that stand twice, and numbers them on request', async () => {
    const { path } = await write('twice-named', picture());
    const labels = ['crane', 'maillot', 'crane'];
    expect(await run(createMemoryStore(), path, { labels })).toMatchObject({
      error: expect.stringMatching(/"crane" at 0 and 2 .*--number-duplicates/),
    });
    const numbered = await run(createMemoryStore(), path, { labels, numberDuplicates: true });
    expect(unwrap(numbered).spec).toMatchObject({ labels: ['crane', 'maillot', 'crane 2'] });
  });
});

describe('inspectModel', () => {
  it('says all that can be known before anything is written', async () => {
    const inspected = unwrap(await inspectModel('test/fixtures/keras/two_outputs'));
    expect(inspected).toMatchObject({
      format: 'LayersModel',
      inputShape: [8, 8, 3],
      outputs: [
        { name: 'features', shape: [4], ending: 'logits' },
        { name: 'classes', shape: [3], ending: 'softmax' },
      ],
      unsupported: [],
      pixels: { by: 'model', scale: 1 },
    });
  });

  it('names every layer that can’t run, not the first alone', async () => {
    const model = tf.sequential({
      layers: [
        layers.embedding({ inputDim: 9, outputDim: 4, inputLength: 5, name: 'words' }),
        layers.lstm({ units: 3, name: 'memory' }),
        layers.dense({ units: 2, activation: 'softmax' }),
      ],
    });
    const { path } = await write('text', model);
    const inspected = unwrap(await inspectModel(path));
    expect(inspected.unsupported).toEqual(["'words' (Embedding)", "'memory' (LSTM)"]);
    expect(inspected.outputs[0]?.problem).toMatch(/'words' \(Embedding\) can't run/);
  });
});
