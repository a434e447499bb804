import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadBase } from '../../../shared/model/run/servable.ts';
import { createRuntime } from '../../../shared/model/run/runtime.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { type BaseImportRequest, importBase, listBases } from '../../../trainer/model-import/base-import.ts';
import { DATA_NOTE, dataPath, hasData } from '../../support/data.ts';
import { createGraph, type GraphFiles, loadGraph, toGraphModel } from '../../support/graph-def.ts';
import { quantise } from '../../support/quantise.ts';
import { wireMobileNetV2 } from '../../support/mobilenet-v2.ts';
import { useTempFolder } from '../../support/temp-folder.ts';
import { randomModel } from '../compile/support.ts';

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

async function saveGraph(name: string, { json, weights }: GraphFiles): Promise<string> {
  await folder.write(`${name}/model.json`, JSON.stringify(json));
  await folder.write(`${name}/group1-shard1of1.bin`, weights);
  return `${folder.path}/${name}`;
}

/** @returns the server's address; it is closed after the tests */
async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  afterAll(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function convolutional(inputShape: [number, number, number] = [8, 8, 1], filters = 4): tf.Sequential {
  return tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape,
        filters,
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
    const url = await serve((request, response) => {
      readFile(`${folder.path}${request.url}`).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    expect(await run(createMemoryStore(), `${url}/convolution`)).toMatchObject({ ok: true });
    expect(await run(createMemoryStore(), `${url}/nothing`)).toEqual({
      ok: false,
      error: `${url}/nothing/model.json: expected status 200, got 404: nothing is there`,
    });
  });

  it('says what is wrong with a download', async () => {
    const url = await serve((request, response) => {
      const name = request.url ?? '';
      if (name.startsWith('/page/')) response.setHeader('content-type', 'text/html; charset=utf-8');
      if (name.startsWith('/page/') || name.startsWith('/plain/'))
        return void response.end('<html>front</html>');
      if (name.startsWith('/broken/')) {
        response.writeHead(200, { 'content-length': '1000' });
        return void response.write('{', () => response.destroy());
      }
      if (name.startsWith('/secret/') && !name.endsWith('?token=1'))
        return void response.writeHead(403).end();
      const file = name
        .replace(/\?.*/, '')
        .replace('/secret/', '/convolution/')
        .replace('/short/', '/convolution/');
      return readFile(`${folder.path}${file}`).then((bytes) =>
        response.end(name === '/short/shard.bin' ? bytes.subarray(0, 100) : bytes),
      );
    });
    const refusal = async (path: string) => {
      const imported = await run(createMemoryStore(), `${url}${path}`);
      return imported.ok ? 'imported' : imported.error;
    };
    expect(await refusal('/page')).toBe(
      `${url}/page/model.json: expected a file of the model, got a web page (text/html)`,
    );
    expect(await refusal('/plain')).toBe(`${url}/plain/model.json: expected JSON, got a web page`);
    expect(await refusal('/broken')).toMatch(/broken\/model.json: the download broke off: /);
    expect(await refusal('/short')).toMatch(
      /^shard.bin: model.json describes \d+ bytes, the shards hold 100$/,
    );
    expect(await refusal('/secret')).toBe(`${url}/secret/model.json: expected status 200, got 403`);
    expect(await refusal('/secret/model.json?token=1')).toBe('imported');
  });

  it('stops reading what is too large', async () => {
    const limits = { maxJsonBytes: 1_000_000, maxWeightsBytes: 100 };
    const imported = await run(createMemoryStore(), convolution, { limits });
    expect(imported).toMatchObject({
      error: expect.stringMatching(/at most 100 bytes, model.json describes \d+/),
    });
    const small = await run(createMemoryStore(), convolution, { limits: { ...limits, maxJsonBytes: 10 } });
    expect(small).toMatchObject({ error: expect.stringMatching(/model.json: expected at most 10 bytes/) });
    const url = await serve((_, response) => void response.end('x'.repeat(1_000)));
    expect(await run(createMemoryStore(), url, { limits: { ...limits, maxJsonBytes: 10 } })).toMatchObject({
      error: expect.stringMatching(/model.json: expected at most 10 bytes, got \d+ or more/),
    });
  });

  it('reads a model from a bucket, a folder of it or its model.json', async () => {
    const bucket = createMemoryStore();
    for (const file of ['model.json', 'shard.bin'])
      await bucket.put(file, new Uint8Array(await readFile(`${convolution}/${file}`)));
    const opened: unknown[] = [];
    const openBucket: BaseImportRequest['openBucket'] = (location) => {
      opened.push(location);
      return bucket;
    };
    const store = createMemoryStore();
    for (const source of ['s3://models', 's3://models/my/net/', 's3://models/my/net/model.json'])
      expect(await run(store, source, { openBucket })).toMatchObject({ ok: true });
    expect(opened).toEqual([
      { bucket: 'models', prefix: '' },
      { bucket: 'models', prefix: 'my/net' },
      { bucket: 'models', prefix: 'my/net' },
    ]);
    expect(await listBases(store)).toMatchObject([{ source: 's3://models/model.json' }]);
    expect(await run(store, 's3://models/x/other.json', { openBucket })).toMatchObject({
      error: 's3://models/x/other.json: there is no such object',
    });
  });

  it('reads quantised weights in several shards, and says how far it is', async () => {
    const model = JSON.parse(await readFile(`${convolution}/model.json`, 'utf8'));
    const shard = new Uint8Array(await readFile(`${convolution}/shard.bin`));
    const { specs: weights, bytes } = quantise(model.weightsManifest[0].weights, shard);
    const cut = Math.floor(bytes.byteLength / 3);
    const paths = ['group1-shard1of3.bin', 'group1-shard2of3.bin', 'group1-shard3of3.bin'];
    await folder.write(
      'quantised/model.json',
      JSON.stringify({ ...model, weightsManifest: [{ paths, weights }] }),
    );
    for (const [i, path] of paths.entries())
      await folder.write(
        `quantised/${path}`,
        bytes.subarray(i * cut, i === 2 ? bytes.byteLength : (i + 1) * cut),
      );
    const told: string[] = [];
    const imported = await run(createMemoryStore(), `${folder.path}/quantised`, {
      onProgress: (text) => told.push(text),
    });
    expect(imported.ok && imported.value.relativeError).toBeLessThan(1e-5);
    expect(told.filter((text) => text.startsWith('weights: '))).toHaveLength(3);
    expect(told).toContain('comparing with TensorFlow.js: input 3 of 3');
  });

  it.each([
    ['by its own name', 'inner_conv'],
    ['by the name of the model around it', 'inner'],
  ])('cuts at a layer of a nested model %s', async (_, output) => {
    const inner = tf.sequential({
      name: 'inner',
      layers: [
        tf.layers.conv2d({ inputShape: [6, 6, 2], filters: 3, kernelSize: 3, name: 'inner_conv' }),
        tf.layers.reLU({ name: 'inner_relu' }),
      ],
    });
    const model = tf.sequential({
      layers: [
        tf.layers.zeroPadding2d({ inputShape: [4, 4, 2], padding: [1, 1] }),
        inner,
        tf.layers.flatten(),
        tf.layers.dense({ units: 2 }),
      ],
    });
    const imported = await run(createMemoryStore(), await save('nested', model), { output, pooling: 'auto' });
    expect(imported).toMatchObject({ ok: true, value: { manifest: { featureSize: 3, pooling: 'average' } } });
    expect(imported.ok && imported.value.relativeError).toBeLessThan(1e-5);
  });

  describe('of a GraphModel', () => {
    it.each([
      ['auto', 'average', 5],
      ['flatten', 'flatten', 80],
    ] as const)(
      'with pooling %s cuts at a node and keeps files that TensorFlow.js loads',
      async (pooling, used, size) => {
        const store = createMemoryStore();
        const files = toGraphModel(convolutional([6, 6, 1], 5));
        const imported = await run(store, await saveGraph('graph', files), { output: 'norm', pooling });
        if (!imported.ok) throw new Error(imported.error);
        const { digest, ...manifest } = imported.value.manifest;
        expect(manifest).toMatchObject({
          output: 'norm',
          pooling: used,
          inputShape: [6, 6, 1],
          featureSize: size,
        });
        expect(imported.value.relativeError).toBeLessThan(1e-5);
        const read = async (file: 'model.json' | 'weights.bin') =>
          new Uint8Array((await store.get(keys.base(digest, file)))?.bytes ?? []);
        const json = JSON.parse(Buffer.from(await read('model.json')).toString());
        const kept = await loadGraph({ json, weights: await read('weights.bin') });
        const input = Float32Array.from({ length: 36 }, (_, i) => Math.sin(i));
        const expected = (kept.predict(tf.tensor(input, [1, 6, 6, 1])) as tf.Tensor).dataSync();
        const base = await loadBase(store, createRuntime(await loadWasmModule()), digest);
        const actual = base.ok ? base.value.program.run(input, 1) : [];
        expect(expected).toHaveLength(size);
        for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 5);
      },
    );

    it('names the nodes nearest to one that is not there', async () => {
      const files = toGraphModel(convolutional([6, 6, 1], 5));
      const imported = await run(createMemoryStore(), await saveGraph('graph', files), { output: 'nrom' });
      expect(imported).toMatchObject({
        error: expect.stringMatching(/no layer "nrom"; the nearest names are norm, /),
      });
    });

    it('names an operation that cannot run at the edge, and writes nothing', async () => {
      const graph = createGraph();
      const x = graph.placeholder([-1, 4, 4, 1]);
      const files = graph.finish(graph.add('SpaceToBatchND', [x], {}, 'dilate'));
      const store = createMemoryStore();
      expect(await run(store, await saveGraph('dilated', files))).toMatchObject({
        error: "node 'dilate' (SpaceToBatchND) can't run at the edge",
      });
      expect(await store.list('')).toEqual([]);
    });
  });

  it('imports MobileNetV2 in both formats, cut at its last activation', async () => {
    const model = randomModel([96, 96, 3], wireMobileNetV2(0.35, 5));
    const sources = [await save('v2', model), await saveGraph('v2-graph', toGraphModel(model))];
    const store = createMemoryStore();
    for (const source of sources) {
      const imported = await run(store, source, { output: 'out_relu', pooling: 'auto' });
      expect(imported).toMatchObject({
        ok: true,
        value: { manifest: { featureSize: 1_280, pooling: 'average' } },
      });
      expect(imported.ok && imported.value.relativeError).toBeLessThan(1e-4);
    }
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
