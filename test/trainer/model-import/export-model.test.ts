import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { createServable } from '../../../shared/model/run/predictor.ts';
import { createRuntime } from '../../../shared/model/run/runtime.ts';
import { loadBase, loadHead } from '../../../shared/model/run/servable.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { exportModel } from '../../../trainer/model-import/export-model.ts';
import { importModel } from '../../../trainer/model-import/model-import.ts';
import { expectClose, randomModel, randomNumbers, saveModel, unwrap } from '../compile/support.ts';
import { toGraphModel } from '../../support/graph-def.ts';
import { useTempFolder } from '../../support/temp-folder.ts';

const folder = useTempFolder();
const { layers } = tf;
const NOW = new Date(0);

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

async function write(name: string, files: Iterable<readonly [string, Uint8Array]>): Promise<string> {
  for (const [path, bytes] of files) await folder.write(`${name}/${path}`, bytes);
  return `${folder.path}/${name}`;
}

async function answer(
  store: ObjectStore,
  imported: Awaited<ReturnType<typeof importModel>>,
  raw: Float32Array,
) {
  const { manifest, spec } = unwrap(imported);
  const runtime = createRuntime(await loadWasmModule());
  const base = manifest.base === null ? null : unwrap(await loadBase(store, runtime, manifest.base));
  return createServable(spec, manifest, base, unwrap(await loadHead(store, runtime, manifest))).predict([
    raw,
  ]);
}

const stack = (shape: number[], ...parts: tf.layers.Layer[]) =>
  randomModel(shape, (input) => parts.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, input));
const classifier = () =>
  stack(
    [8, 8, 3],
    // A name that the head's layers have, too.
    layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu', name: 'dense_1' }),
    layers.globalAveragePooling2d({ name: 'mean' }),
    layers.dense({ units: 6, activation: 'relu', name: 'hidden' }),
    layers.dense({ units: 3, activation: 'softmax', name: 'classes' }),
  );
const rows = () =>
  stack(
    [4],
    layers.batchNormalization({}),
    layers.dense({ units: 6, activation: 'relu' }),
    layers.dense({ units: 2, activation: 'softmax' }),
  );
const pixels = randomNumbers(192, 4).map((x) => Math.round((x + 1) * 127));

it.each([
  [
    'a LayersModel',
    classifier,
    saveModel,
    pixels,
    [8, 8, 3],
    { labels: ['a', 'b', 'c'], scale: 0.01, offset: -1, resize: 'contain' },
  ],
  [
    'a GraphModel',
    classifier,
    async (model: tf.LayersModel) => toGraphModel(model),
    pixels,
    [8, 8, 3],
    { labels: ['a', 'b', 'c'], scale: 0.01, offset: -1 },
  ],
  [
    'rows with constants',
    rows,
    saveModel,
    randomNumbers(4, 3),
    [4],
    { labels: ['no', 'yes'], features: ['p', 'q', 'r', 's'] },
  ],
] as const)(
  '%s is exported whole, loads in TensorFlow.js, and is imported again whole',
  async (name, make, save, raw, shape, asked) => {
    const model = make();
    const { json, weights } = await save(model);
    const [group] = (json as unknown as { weightsManifest: { paths: string[] }[] }).weightsManifest;
    const path = await write(name, [
      ['model.json', Buffer.from(JSON.stringify(json))],
      [group?.paths[0] ?? '', weights],
    ]);
    const store = createMemoryStore();
    const request = { store, model: 'First_1.5', source: path, now: NOW, ...asked };
    const first = await importModel(request);
    const expected = await answer(store, first, raw);

    const exported = unwrap(await exportModel(store, 'First_1.5', 1));
    expect(exported.apart).toBeNull();
    const whole = await write(`${name}-exported`, exported.files);
    const modelJson = JSON.parse(Buffer.from(exported.files.get('model.json') ?? []).toString());
    const loaded = await tf.loadLayersModel(
      tf.io.fromMemory({
        modelTopology: modelJson.modelTopology,
        weightSpecs: modelJson.weightsManifest[0].weights,
        weightData: new Uint8Array(exported.files.get('weights.bin') ?? []).buffer,
      }),
    );
    if (shape.length === 3) {
      const encoded = raw.map((x) => x * 0.01 - 1);
      expectClose(
        (loaded.predict(tf.tensor(encoded, [1, ...shape])) as tf.Tensor).dataSync<'float32'>(),
        expected,
      );
    }

    const other = createMemoryStore();
    const second = await importModel({
      store: other,
      model: 'second',
      source: whole,
      labels: null,
      now: NOW,
    });
    expectClose(await answer(other, second, raw), expected);
    const { input, labels } = unwrap(first).spec as { input: object; labels: string[] };
    expect(unwrap(second)).toMatchObject({ spec: { input, labels }, warnings: [] });
    const again = await importModel({
      ...request,
      source: whole,
      labels: null,
      features: null,
      scale: undefined,
      offset: undefined,
      resize: undefined,
    });
    // The base of a GraphModel comes back as layers, which is another base.
    const same = { ok: true, value: { spec: { name: 'First_1.5' } } };
    const another = { error: expect.stringMatching(/the files' base is .*create another model/) };
    expect(again).toMatchObject(name === 'a GraphModel' ? another : same);
  },
);
