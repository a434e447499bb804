/**
 * A GraphModel's operations as layers: what TensorFlow.js makes of them, once as the graph and once as the layers.
 */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { graphOf } from '../../../trainer/compile/compile.ts';
import { layersOf } from '../../../trainer/model/graph-layers.ts';
import { parseGraphModelJson } from '../../../trainer/compile/graph-model.ts';
import { toLayersModel } from '../../../trainer/model/trunk.ts';
import { decodeWeights } from '../../../trainer/compile/weights.ts';
import { attr, createGraph, type GraphFiles, loadGraph, toGraphModel } from '../../support/graph-def.ts';
import { wireMobileNetV2 } from '../../support/mobilenet-v2.ts';
import { expectClose, randomModel, randomNumbers, unwrap } from '../compile/support.ts';

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

function convert({ json, weights }: GraphFiles) {
  const model = unwrap(parseGraphModelJson(json));
  return layersOf(unwrap(graphOf(model, unwrap(decodeWeights(model, weights)))));
}

async function loadLayers(files: GraphFiles): Promise<tf.LayersModel> {
  const converted = convert(files);
  if (!converted.ok) throw new Error(converted.error);
  const { model, tensors } = converted.value;
  const { modelJson, weights } = toLayersModel({ layers: model.layers, output: model.output, tensors });
  return tf.loadLayersModel(
    tf.io.fromMemory({
      modelTopology: modelJson.modelTopology,
      weightSpecs: modelJson.weightsManifest.flatMap((group) => [...group.weights]),
      weightData: weights.buffer,
    }),
  );
}

async function expectSame(files: GraphFiles, shape: readonly number[]): Promise<tf.LayersModel> {
  const [graph, layers] = [await loadGraph(files), await loadLayers(files)];
  const x = tf.tensor(randomNumbers(2 * shape.reduce((size, dim) => size * dim, 1), 5), [2, ...shape]);
  const [expected, actual] = [graph.predict(x) as tf.Tensor, layers.predict(x) as tf.Tensor];
  expect(actual.shape).toEqual(expected.shape);
  expectClose(actual.dataSync<'float32'>(), expected.dataSync<'float32'>());
  return layers;
}

describe('a GraphModel as layers computes the same', () => {
  const { conv2d, depthwiseConv2d, batchNormalization, reLU, maxPooling2d, averagePooling2d } = tf.layers;

  test.each(['same', 'valid'] as const)('with pictures in %s windows', async (padding) => {
    const chain: tf.layers.Layer[] = [
      conv2d({ filters: 6, kernelSize: 3, strides: 2, padding, useBias: false }),
      batchNormalization(),
      reLU({ maxValue: 6 }),
      depthwiseConv2d({ kernelSize: 3, strides: 1, padding, depthMultiplier: 2 }),
      batchNormalization(),
      reLU(),
      averagePooling2d({ poolSize: 2, strides: 1, padding }),
      maxPooling2d({ poolSize: 2, strides: 2, padding }),
      conv2d({ filters: 4, kernelSize: [1, 2], activation: 'elu', padding }),
      batchNormalization(),
      tf.layers.flatten(),
      tf.layers.dense({ units: 5, activation: 'tanh' }),
      tf.layers.dense({ units: 3, activation: 'softmax' }),
    ];
    const wire = (x: tf.SymbolicTensor) =>
      chain.reduce((value, layer) => layer.apply(value) as tf.SymbolicTensor, x);
    await expectSame(toGraphModel(randomModel([17, 15, 3], wire)), [17, 15, 3]);
  });

  test('of a MobileNetV2, whose borders are of one side and whose blocks have a way around them', async () => {
    const model = randomModel([32, 32, 3], wireMobileNetV2(0.35, 4));
    const layers = await expectSame(toGraphModel(model), [32, 32, 3]);
    const kinds = new Set(layers.layers.map((layer) => layer.getClassName()));
    // Normalisations are in the weights.
    expect(kinds).not.toContain('BatchNormalization');
    expect([...kinds]).toEqual(expect.arrayContaining(['Conv2D', 'DepthwiseConv2D', 'Add', 'Dense']));
  });
});

test('layers have the names of their nodes, the convolution before its bias and activation', async () => {
  const graph = createGraph();
  const x = graph.placeholder([-1, 4, 4, 1]);
  const kernel = graph.floats([3, 3, 1, 2], new Float32Array(18).fill(0.1));
  const paddings = {
    strides: attr.ints(1, 1, 1, 1),
    dilations: attr.ints(1, 1, 1, 1),
    padding: attr.text('SAME'),
    data_format: attr.text('NHWC'),
  };
  const convolved = graph.add('Conv2D', [x, kernel], paddings, 'net/block_1/conv');
  const biased = graph.add('BiasAdd', [convolved, graph.floats([2], [0.5, 1])], {}, 'net/block_1/bias');
  const files = graph.finish(graph.add('Relu6', [biased], {}, 'net/block_1/relu'));
  const { model, tensors } = unwrap(convert(files));
  expect(model.layers.map(({ className, name }) => [className, name])).toEqual([
    ['InputLayer', 'trunk_input'],
    ['Conv2D', 'net/block_1/conv'],
  ]);
  expect(model.layers[1]?.config).toMatchObject({ activation: 'relu6', padding: 'same', use_bias: true });
  expect([...tensors.keys()]).toEqual(['net/block_1/conv/kernel', 'net/block_1/conv/bias']);
  await expectSame(files, [4, 4, 1]);
});

test('what no layer computes is refused by the name of its node', () => {
  const graph = createGraph();
  const x = graph.placeholder([-1, 4]);
  const converted = convert(graph.finish(graph.add('Exp', [x], {}, 'net/exp')));
  expect(converted).toEqual({ ok: false, error: "node 'net/exp': 'exp' is the operation of no layer" });
});
