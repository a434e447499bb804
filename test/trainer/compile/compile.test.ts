import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as tf from '@tensorflow/tfjs';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseModelJson, type ModelJson } from '../../../trainer/compile/artifacts.ts';
import { decodeWeights, listWeightFiles } from '../../../trainer/compile/weights.ts';
import { compileLayersModel } from '../../../trainer/compile/compile.ts';
import type { CompiledPlan } from '../../../trainer/compile/emit.ts';
import { SUPPORTED_LAYERS } from '../../../trainer/compile/layers.ts';
import { createRuntime, type Runtime } from '../../../shared/model/run/runtime.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { DATA_NOTE, dataPath, hasData } from '../../support/data.ts';
import { LAYER_CASES } from './layer-cases.ts';
import { flatLayer, imageShape, spatialLayer } from './arbitrary-layers.ts';
import {
  compileFiles,
  expectClose,
  expectRowsIndependent,
  expectSameAsTfjs,
  loadCompiled,
  messageOf,
  predict,
  randomModel,
  randomNumbers,
  saveModel,
  unwrap,
  type Wiring,
} from './support.ts';

const MOBILENET = dataPath('models', 'mobilenet_v1_0.25_224_layers');
const DOODLENET = dataPath('models', 'doodlenet_layers');

const { layers } = tf;
let runtime: Runtime;

beforeAll(async () => {
  await tf.setBackend('cpu');
  runtime = createRuntime(await loadWasmModule());
});

interface Applicable {
  apply(input: tf.SymbolicTensor): tf.Tensor | tf.Tensor[] | tf.SymbolicTensor | tf.SymbolicTensor[];
}

function chain(...parts: Applicable[]): Wiring {
  return (input) => parts.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, input);
}

async function compileChain(inputShape: number[], ...parts: Applicable[]): Promise<CompiledPlan> {
  return compileFiles(await saveModel(randomModel(inputShape, chain(...parts))));
}

function opsOf({ plan }: CompiledPlan): string[] {
  return plan.nodes.map((node) => node.op);
}

describe('fusion', () => {
  test('leaves one node of padding, convolution, batch norm and activation', async () => {
    const compiled = await compileChain(
      [8, 8, 3],
      layers.zeroPadding2d({ padding: [1, 1] }),
      layers.conv2d({ filters: 4, kernelSize: 3, useBias: false }),
      layers.batchNormalization(),
      layers.dropout({ rate: 0.1 }),
      layers.reLU({ maxValue: 6 }),
    );
    expect(compiled.plan.nodes).toMatchObject([{ op: 'conv2d', pads: [1, 1, 1, 1], activation: 'relu6' }]);
  });

  test('keeps a batch norm that follows an activation', async () => {
    const conv = layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu' });
    expect(opsOf(await compileChain([8, 8, 3], conv, layers.batchNormalization()))).toEqual([
      'conv2d',
      'scale',
    ]);
  });

  test('keeps apart what another layer reads', async () => {
    const model = randomModel([4], (input) => {
      const dense = layers.dense({ units: 4 }).apply(input) as tf.SymbolicTensor;
      return layers
        .add()
        .apply([dense, layers.reLU().apply(dense) as tf.SymbolicTensor]) as tf.SymbolicTensor;
    });
    expect(opsOf(compileFiles(await saveModel(model)))).toEqual(['dense', 'relu', 'add']);
  });
});

describe('a cut', () => {
  test('gives the output of the named layer, and carries no other weights', async () => {
    const model = randomModel(
      [9],
      chain(
        layers.dense({ units: 5, activation: 'tanh', name: 'features' }),
        layers.dense({ units: 100, name: 'classes' }),
      ),
    );
    const cut = tf.model({
      inputs: model.inputs,
      outputs: model.getLayer('features').output,
    });
    const compiled = compileFiles(await saveModel(model), { output: 'features' });
    const program = loadCompiled(runtime, compiled);
    const input = randomNumbers(9, 1);
    expectClose(program.run(input, 1), predict(cut, input, 1, [9]).data);
    expect(compiled.weights.byteLength).toBe(3 * 64 + 64);
    program.dispose();
  });

  test('at a layer that is not there is refused', async () => {
    const { json, weights } = await saveModel(randomModel([2], chain(layers.dense({ units: 1 }))));
    const model = unwrap(parseModelJson(json));
    const result = compileLayersModel(model, unwrap(decodeWeights(model, weights)), { output: 'nowhere' });
    expect(messageOf(result)).toBe(
      "modelTopology: the output takes layer 'nowhere', which the model does not have",
    );
  });
});

test('compiling twice gives the same bytes', async () => {
  const files = await saveModel(randomModel([6, 6, 2], chain(layers.conv2d({ filters: 3, kernelSize: 3 }))));
  expect(compileFiles(files)).toEqual(compileFiles(files));
});

/** One layer on ten numbers. */
function modelOf(className: string, config: Record<string, unknown>): ModelJson {
  const input = {
    className: 'InputLayer',
    name: 'in',
    config: { batch_input_shape: [null, 10] },
    inputs: [],
  };
  const layer = { className, name: 'layer', config, inputs: ['in'] };
  return { name: 'm', layers: [input, layer], output: 'layer', weightGroups: [] };
}

test('writes the fields of a node in one order, whoever put it together', async () => {
  const { plan } = await compileChain(
    [8, 8, 3],
    layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu' }),
  );
  expect(Object.keys(plan.nodes[0] ?? {})).toEqual([
    'op',
    'name',
    'inputs',
    'shape',
    'kernel',
    'bias',
    'activation',
    'strides',
    'dilations',
    'pads',
  ]);
});

test('there is a case of every layer', () => {
  const covered = new Set(
    LAYER_CASES.flatMap(([, inputShape, wire]) =>
      randomModel(inputShape, wire).layers.map((layer) => layer.getClassName()),
    ),
  );
  expect(SUPPORTED_LAYERS.filter((name) => !covered.has(name))).toEqual([]);
});

describe('what the edge cannot run is refused with its layer', () => {
  test.each<[string, number[], Applicable, string]>([
    [
      'an LSTM',
      [4, 3],
      layers.lstm({ units: 2, name: 'memory' }),
      "layer 'memory' (LSTM) can't run at the edge",
    ],
    [
      'channels first',
      [3, 8, 8],
      layers.conv2d({ filters: 1, kernelSize: 3, dataFormat: 'channelsFirst', name: 'c' }),
      "layer 'c' (Conv2D) can't run at the edge: data_format",
    ],
    [
      'an unknown activation',
      [3],
      layers.activation({ activation: 'logSoftmax' as 'softmax', name: 'd' }),
      "layer 'd' (Activation) can't run at the edge: activation: the edge does not know 'log_softmax'",
    ],
    [
      'a dilated depthwise convolution',
      [8, 8, 2],
      layers.depthwiseConv2d({ kernelSize: 3, dilationRate: 2, name: 'w' }),
      "layer 'w' (DepthwiseConv2D) can't run at the edge: dilation_rate: expected 1",
    ],
    [
      'a batch norm along the rows',
      [8, 8, 2],
      layers.batchNormalization({ axis: 1, name: 'b' }),
      "layer 'b' (BatchNormalization) can't run at the edge: axis: expected the last, got 1",
    ],
    [
      'a softmax along the rows',
      [8, 2],
      layers.softmax({ axis: 1, name: 's' }),
      "layer 's' (Softmax) can't run at the edge: axis: expected the last, got 1",
    ],
    [
      'a permutation that moves numbers',
      [8, 4, 2],
      layers.permute({ dims: [2, 1, 3], name: 'p' }),
      "layer 'p' (Permute) can't run at the edge: dims: expected an order that moves axes of 1 only, got [2,1,3]",
    ],
    [
      'an input of any size',
      [null as unknown as number, 8, 3],
      layers.conv2d({ filters: 1, kernelSize: 3 }),
      'expected a fixed batch_input_shape',
    ],
    ['nothing but a pass', [3], layers.dropout({ rate: 0.5, name: 'd' }), "layer 'd' computes nothing"],
  ])('%s', async (_, inputShape, layer, message) => {
    const { json, weights } = await saveModel(randomModel(inputShape, chain(layer)));
    const model = unwrap(parseModelJson(json));
    expect(messageOf(compileLayersModel(model, unwrap(decodeWeights(model, weights))))).toContain(message);
  });

  test('a weight that is missing', async () => {
    const { json } = await saveModel(randomModel([2], chain(layers.dense({ units: 1, name: 'd' }))));
    expect(messageOf(compileLayersModel(unwrap(parseModelJson(json)), new Map()))).toBe(
      "layer 'd' (Dense): expected the weight 'd/kernel', the file has none",
    );
  });

  test('a weight of another shape', async () => {
    const { json } = await saveModel(randomModel([2], chain(layers.dense({ units: 1, name: 'd' }))));
    const tensor = { shape: [3, 1], data: new Float32Array(3) };
    const weights = new Map([
      ['d/kernel', tensor],
      ['d/bias', tensor],
    ]);
    expect(messageOf(compileLayersModel(unwrap(parseModelJson(json)), weights))).toContain(
      'expected 3 features',
    );
  });

  test('a reshape to a fraction', () => {
    const model = modelOf('Reshape', { target_shape: [4, -1] });
    expect(messageOf(compileLayersModel(model, new Map()))).toContain(
      "layer 'layer' (Reshape) can't run at the edge: target_shape: [4,-1] does not fit [10]",
    );
  });

  test('a batch norm whose weights differ in length', () => {
    const tensor = (length: number) => ({ shape: [length], data: new Float32Array(length) });
    const weights = new Map([
      ['layer/moving_mean', tensor(10)],
      ['layer/moving_variance', tensor(10)],
      ['layer/gamma', tensor(9)],
      ['layer/beta', tensor(10)],
    ]);
    expect(messageOf(compileLayersModel(modelOf('BatchNormalization', {}), weights))).toContain(
      'its weights have the shapes [10] and [9]',
    );
  });

  test('layers in a ring', () => {
    const ring = (name: string, input: string) => ({ className: 'ReLU', name, config: {}, inputs: [input] });
    const model = { name: 'm', layers: [ring('a', 'b'), ring('b', 'a')], output: 'a', weightGroups: [] };
    expect(messageOf(compileLayersModel(model, new Map()))).toBe(
      "modelTopology: layer 'a' depends on itself",
    );
  });
});

describe('any small architecture gives what tfjs gives', () => {
  test('CNNs', async () => {
    await fc.assert(
      fc.asyncProperty(
        imageShape,
        fc.array(spatialLayer, { minLength: 1, maxLength: 3 }),
        fc.array(flatLayer, { maxLength: 2 }),
        async (shape, body, tail) => {
          const parts = [...body, () => layers.flatten(), ...tail];
          await expectSameAsTfjs(runtime, shape, chain(...parts.map((make) => make())));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('MLPs', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 70 }),
        fc.array(flatLayer, { minLength: 1, maxLength: 4 }),
        async (inputs, body) => {
          await expectSameAsTfjs(runtime, [inputs], chain(...body.map((make) => make())));
        },
      ),
      { numRuns: 60 },
    );
  });
});

async function compileFolder(folder: string): Promise<CompiledPlan> {
  const model = unwrap(parseModelJson(JSON.parse(await readFile(path.join(folder, 'model.json'), 'utf8'))));
  const shards = await Promise.all(listWeightFiles(model).map((file) => readFile(path.join(folder, file))));
  return unwrap(compileLayersModel(model, unwrap(decodeWeights(model, Buffer.concat(shards)))));
}

function topOf(probabilities: Float32Array, count: number): { index: number; probability: number }[] {
  return [...probabilities]
    .map((probability, index) => ({ index, probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, count);
}

/** The first MNIST test images, ink 1 on 0: [count, 28, 28, 1]. */
async function readDigits(count: number): Promise<Float32Array> {
  const file = gunzipSync(await readFile(dataPath('images', 'mnist', 't10k-images-idx3-ubyte.gz')));
  return Float32Array.from(file.subarray(16, 16 + count * 28 * 28), (pixel) => (pixel >= 128 ? 1 : 0));
}

describe('pretrained models', () => {
  test.skipIf(!hasData)(`MobileNet names the photographs as tfjs does${DATA_NOTE}`, async () => {
    const compiled = await compileFolder(MOBILENET);
    expect(compiled.plan.nodes).toHaveLength(33);
    const program = loadCompiled(runtime, compiled);
    const expected = JSON.parse(await readFile(dataPath('photos', 'expected.json'), 'utf8')).models;
    for (const [name, { top5 }] of Object.entries<{ top5: { index: number; probability: number }[] }>(
      expected['mobilenet_v1_0.25_224_layers'],
    )) {
      const pixels = await readFile(dataPath('photos', 'rgb224', `${name}.rgb`));
      const top = topOf(
        program.run(
          Float32Array.from(pixels, (value) => value / 127.5 - 1),
          1,
        ),
        5,
      );
      expect(top.map(({ index }) => index)).toEqual(top5.map(({ index }) => index));
      for (const [i, { probability }] of top.entries())
        expect(probability).toBeCloseTo(top5[i]?.probability ?? NaN, 4);
    }
    expectRowsIndependent(program, [3]);
    program.dispose();
  });

  test.skipIf(!hasData)(`DoodleNet names the digits as tfjs does${DATA_NOTE}`, async () => {
    const program = loadCompiled(runtime, await compileFolder(DOODLENET));
    const { cases } = JSON.parse(await readFile(path.join(DOODLENET, 'expected.json'), 'utf8'));
    const images = await readDigits(cases.length);
    const output = program.run(images, cases.length);
    for (const [i, { top3 }] of cases.entries()) {
      const top = topOf(output.subarray(i * 345, (i + 1) * 345), 3);
      expect(top.map(({ index }) => index)).toEqual(top3.map(({ index }: { index: number }) => index));
      expect(top[0]?.probability).toBeCloseTo(top3[0].probability, 4);
    }
    program.dispose();
  });
});
