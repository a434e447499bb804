import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadBase } from '../../../shared/model/servable.ts';
import { createRuntime } from '../../../shared/model/runtime.ts';
import { loadWasmModule } from '../../../shared/model/wasm-node.ts';
import { createMemoryStore } from '../../../shared/registry/memory-store.ts';
import { keys } from '../../../shared/registry/keys.ts';
import type { ObjectStore } from '../../../shared/registry/store.ts';
import { type BaseImportRequest, importBase, listBases } from '../../../trainer/node/base-import.ts';
import { DATA_NOTE, dataPath, hasData } from '../../support/data.ts';
import { useTempFolder } from '../../support/temp-folder.ts';

const folder = useTempFolder();
const NOW = new Date('2026-11-23T12:00:00Z');

/** Saves a model as `model.json` and one shard, as tfjs does. */
async function save(name: string, model: tf.LayersModel): Promise<string> {
  const saved = model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const weightsManifest = [{ paths: ['shard.bin'], weights: weightSpecs }];
      await folder.write(
        `${name}/model.json`,
        JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest }),
      );
      await folder.write(`${name}/shard.bin`, new Uint8Array(weightData as ArrayBuffer));
      return { modelArtifactsInfo: { dateSaved: NOW, modelTopologyType: 'JSON' as const } };
    }),
  );
  await saved;
  return `${folder.path}/${name}`;
}

function convolutional(): tf.Sequential {
  return tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [8, 8, 1],
        filters: 4,
        kernelSize: 3,
        activation: 'relu',
        name: 'conv',
        kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
      }),
      tf.layers.batchNormalization({ name: 'norm' }),
      tf.layers.flatten({ name: 'flat' }),
      tf.layers.dense({ units: 3, activation: 'softmax', name: 'out' }),
    ],
  });
}

function run(store: ObjectStore, source: string, changes: Partial<BaseImportRequest> = {}) {
  return importBase({ store, source, output: null, pooling: 'none', now: NOW, ...changes });
}

let convolution: string;
beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
  convolution = await save('convolution', convolutional());
});

describe('importBase', () => {
  it('stores a cut and pooled base that the edge can load', async () => {
    const store = createMemoryStore();
    const imported = await run(store, convolution, { output: 'norm', pooling: 'average' });
    if (!imported.ok) throw new Error(imported.error);
    const { manifest, relativeError } = imported.value;
    expect(manifest).toMatchObject({
      output: 'norm',
      pooling: 'average',
      inputShape: [8, 8, 1],
      featureSize: 4,
    });
    expect(relativeError).toBeLessThan(1e-4);
    const base = await loadBase(store, createRuntime(await loadWasmModule()), manifest.digest);
    expect(base.ok && base.value.program.outputSize).toBe(4);
    expect(await listBases(store)).toEqual([manifest]);
  });

  it('keeps tfjs files that TensorFlow.js loads and that compute the same', async () => {
    const store = createMemoryStore();
    const imported = await run(store, convolution, { output: 'norm', pooling: 'flatten' });
    if (!imported.ok) throw new Error(imported.error);
    const { digest, featureSize } = imported.value.manifest;
    const load = async (file: 'model.json' | 'weights.bin') =>
      (await store.get(keys.base(digest, file)))?.bytes ?? new Uint8Array();
    const { modelTopology, weightsManifest } = JSON.parse(Buffer.from(await load('model.json')).toString());
    const weightData = new Uint8Array(await load('weights.bin')).buffer;
    const weightSpecs = weightsManifest[0].weights;
    const model = await tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
    const input = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i));
    const expected = (model.predict(tf.tensor(input, [1, 8, 8, 1])) as tf.Tensor).dataSync();
    const base = await loadBase(store, createRuntime(await loadWasmModule()), digest);
    const actual = base.ok ? base.value.program.run(input, 1) : [];
    expect(actual).toHaveLength(featureSize);
    for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 5);
  });

  it('writes nothing the second time, and says so', async () => {
    const store = createMemoryStore();
    const first = await run(store, convolution);
    const before = await store.list('');
    const again = await run(store, `${convolution}/model.json`, { now: new Date() });
    expect(again).toMatchObject({ ok: true, value: { repeated: true } });
    expect(again.ok && first.ok && again.value.manifest).toEqual(first.ok && first.value.manifest);
    expect(await store.list('')).toEqual(before);
  });

  it('gives another cut another digest', async () => {
    const store = createMemoryStore();
    await run(store, convolution);
    await run(store, convolution, { output: 'flat' });
    expect(await listBases(store)).toHaveLength(2);
  });

  it('reads a model over HTTP', async () => {
    const server = createServer((request, response) => {
      readFile(`${folder.path}${request.url}`).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    afterAll(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await run(createMemoryStore(), `${url}/convolution`)).toMatchObject({ ok: true });
    expect(await run(createMemoryStore(), `${url}/nothing`)).toEqual({
      ok: false,
      error: `${url}/nothing/model.json: expected status 200, got 404: nothing is there`,
    });
  });

  it('names a layer that cannot run at the edge, and writes nothing', async () => {
    const recurrent = tf.sequential({
      layers: [
        tf.layers.lstm({ inputShape: [4, 2], units: 3, name: 'memory' }),
        tf.layers.dense({ units: 2, name: 'out' }),
      ],
    });
    const store = createMemoryStore();
    const imported = await run(store, await save('recurrent', recurrent));
    expect(imported).toMatchObject({
      error: expect.stringMatching(/layer 'memory' \(LSTM\) can't run at the edge/),
    });
    expect(await store.list('')).toEqual([]);
  });

  it.each([
    [
      'a layer that is not there',
      { output: 'nowhere' },
      /no layer "nowhere"; the nearest names are norm, .*; the last ones are .*flat, out$/,
    ],
    ['an output that is not flat', { output: 'norm' }, /shape \[6,6,4\].*--pooling average/],
  ])('refuses %s', async (_, changes, message) => {
    const store = createMemoryStore();
    expect(await run(store, convolution, changes)).toMatchObject({ error: expect.stringMatching(message) });
    expect(await store.list('')).toEqual([]);
  });

  it('refuses files that are missing, truncated, or no model', async () => {
    const json = await readFile(`${convolution}/model.json`, 'utf8');
    const shard = await readFile(`${convolution}/shard.bin`);
    await folder.write('no-shard/model.json', json);
    await folder.write('cut/model.json', json);
    await folder.write('cut/shard.bin', shard.subarray(4));
    await folder.write('text/model.json', 'hello');
    await folder.write('outside/model.json', json.replace('shard.bin', '../convolution/shard.bin'));
    await folder.write('far/model.json', json.replace('shard.bin', 'http://127.0.0.1:1/shard.bin'));
    const refusal = async (name: string) => {
      const imported = await run(createMemoryStore(), `${folder.path}/${name}`);
      return imported.ok ? 'imported' : imported.error;
    };
    expect(await refusal('nowhere')).toMatch(/nowhere\/model.json: there is no such file/);
    expect(await refusal('no-shard')).toMatch(/no-shard\/shard.bin: there is no such file/);
    expect(await refusal('cut')).toMatch(/model.json describes \d+ bytes, the shards hold \d+/);
    expect(await refusal('text')).toMatch(/text\/model.json: expected JSON/);
    expect(await refusal('outside')).toMatch(/leaves the model's folder/);
    expect(await refusal('far')).toMatch(/leaves the model's folder/);
  });

  it.skipIf(!hasData).each([
    ['mobilenet_v1_0.25_224_layers', 'conv_pw_13_relu', 'average' as const, 256],
    ['doodlenet_layers', 'flatten', 'none' as const, 576],
  ])(
    `imports %s, cut at %s with pooling %s, as %i features${DATA_NOTE}`,
    async (name, output, pooling, featureSize) => {
      const imported = await run(createMemoryStore(), dataPath('models', name), { output, pooling });
      expect(imported).toMatchObject({ ok: true, value: { manifest: { featureSize } } });
      expect(imported.ok && imported.value.relativeError).toBeLessThan(1e-4);
    },
  );
});
