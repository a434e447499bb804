/**
 * A small base over 8x8 pictures, made by TensorFlow.js and imported as any other: two blocks of convolution,
 * normalisation and activation, the second with a way around it.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { encodeJson } from '../../shared/registry/store/json.ts';
import type { BaseManifest } from '../../shared/registry/versions/base-manifest.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import type { LayerJson } from '../../trainer/compile/artifacts.ts';
import { sizeOf, type Shape, type Tensor } from '../../shared/model/plan/tensor.ts';
import { inputLayer, toLayersModel } from '../../trainer/model/trunk.ts';
import { createRandom } from '../../shared/random.ts';
import { importBase } from '../../trainer/model-import/base-import.ts';
import { toGraphModel } from './graph-def.ts';

const SHAPES: readonly (readonly [weight: string, shape: Shape, low: number, high: number])[] = [
  ['stem/kernel', [3, 3, 1, 6], -0.5, 0.5],
  ['stem_bn/gamma', [6], 0.5, 1.5],
  ['stem_bn/beta', [6], -0.2, 0.2],
  ['stem_bn/moving_mean', [6], -0.2, 0.2],
  ['stem_bn/moving_variance', [6], 0.5, 1.5],
  ['block_dw/depthwise_kernel', [3, 3, 6, 1], -0.5, 0.5],
  ['block_bn/gamma', [6], 0.5, 1.5],
  ['block_bn/beta', [6], -0.2, 0.2],
  ['block_bn/moving_mean', [6], -0.2, 0.2],
  ['block_bn/moving_variance', [6], 0.5, 1.5],
  ['block_pw/kernel', [1, 1, 6, 6], -0.5, 0.5],
  ['block_pw/bias', [6], -0.1, 0.1],
  ['top/kernel', [3, 3, 6, 8], -0.3, 0.3],
  ['top/bias', [8], -0.1, 0.1],
];

/** Layers and weights by themselves. */
export function barBase(): {
  readonly layers: readonly LayerJson[];
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly output: string;
} {
  const random = createRandom(11);
  const tensors = new Map(
    SHAPES.map(([name, shape, low, high]) => {
      const data = Float32Array.from({ length: sizeOf(shape) }, () => low + random.uniform() * (high - low));
      return [name, { shape, data }];
    }),
  );
  const input = inputLayer([8, 8, 1]);
  const layer = (className: string, name: string, config: object, inputs: readonly string[]): LayerJson => ({
    className,
    name,
    config: { name, ...config },
    inputs,
  });
  const same = { strides: [1, 1], padding: 'same' };
  const layers = [
    input,
    layer(
      'Conv2D',
      'stem',
      { filters: 6, kernel_size: [3, 3], strides: [2, 2], padding: 'same', use_bias: false },
      [input.name],
    ),
    layer('BatchNormalization', 'stem_bn', { axis: -1, epsilon: 0.001 }, ['stem']),
    layer('ReLU', 'stem_relu', { max_value: 6 }, ['stem_bn']),
    layer('DepthwiseConv2D', 'block_dw', { kernel_size: [3, 3], ...same, use_bias: false }, ['stem_relu']),
    layer('BatchNormalization', 'block_bn', { axis: -1, epsilon: 0.001 }, ['block_dw']),
    layer('ReLU', 'block_relu', {}, ['block_bn']),
    layer('Conv2D', 'block_pw', { filters: 6, kernel_size: [1, 1], ...same, use_bias: true }, ['block_relu']),
    layer('Add', 'block_add', {}, ['stem_relu', 'block_pw']),
    layer('Conv2D', 'top', { filters: 8, kernel_size: [3, 3], ...same, use_bias: true, activation: 'relu' }, [
      'block_add',
    ]),
  ];
  return { layers, tensors, output: 'top' };
}

export function importBarBase(store: ObjectStore): Promise<BaseManifest> {
  const { modelJson, weights } = toLayersModel(barBase());
  return importFiles(store, modelJson, weights, 'weights.bin');
}

/** The same as a GraphModel. */
export async function importBarGraph(store: ObjectStore): Promise<BaseManifest> {
  const { modelJson, weights } = toLayersModel(barBase());
  await tf.setBackend('cpu');
  const model = await tf.loadLayersModel(
    tf.io.fromMemory({
      modelTopology: modelJson.modelTopology,
      weightSpecs: modelJson.weightsManifest.flatMap((group) => [...group.weights]),
      weightData: weights.buffer,
    }),
  );
  const files = toGraphModel(model);
  model.dispose();
  return importFiles(store, files.json, files.weights, files.json.weightsManifest[0]?.paths[0] ?? '');
}

async function importFiles(
  store: ObjectStore,
  modelJson: object,
  weights: Uint8Array,
  weightsFile: string,
): Promise<BaseManifest> {
  const folder = await mkdtemp(join(tmpdir(), 'bar-base-'));
  try {
    await writeFile(join(folder, 'model.json'), encodeJson(modelJson));
    await writeFile(join(folder, weightsFile), weights);
    const imported = await importBase({
      store,
      source: folder,
      output: null,
      pooling: 'auto',
      now: new Date('2026-11-01T00:00:00Z'),
    });
    if (!imported.ok) throw new Error(imported.error);
    return imported.value.manifest;
  } finally {
    await rm(folder, { recursive: true });
  }
}
