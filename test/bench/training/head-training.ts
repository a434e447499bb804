/**
 * The head that training is measured on, 1280-1024-10 at batch 32, as a dense stack: the same in Node and in workerd.
 */
import type { DenseLayer } from '../../../trainer/model/head.ts';
import { createDenseStack } from '../../../trainer/kernels/dense-stack.ts';
import { createRandom } from '../../../shared/random.ts';

export const INPUTS = 1280;
export const UNITS = 1024;
export const CLASSES = 10;
export const BATCH = 32;
export const LEARNING_RATE = 0.001;

/** Seeded features in [0, 1), like those of a base after its last relu, and labels. */
export function createBatch(): { features: Float32Array; labels: Int32Array } {
  const random = createRandom(2);
  return {
    features: Float32Array.from({ length: BATCH * INPUTS }, () => random.uniform()),
    labels: Int32Array.from({ length: BATCH }, () => random.below(CLASSES)),
  };
}

export function createLayers(): DenseLayer[] {
  return [createLayer(INPUTS, UNITS, 'relu'), createLayer(UNITS, CLASSES, 'softmax')];
}

/** Uniform kernels after Glorot and Bengio 2010. */
function createLayer(inputs: number, outputs: number, activation: DenseLayer['activation']): DenseLayer {
  const random = createRandom(inputs);
  const limit = Math.sqrt(6 / (inputs + outputs));
  const draw = () => (random.uniform() * 2 - 1) * limit;
  return {
    kernel: { shape: [inputs, outputs], data: Float32Array.from({ length: inputs * outputs }, draw) },
    bias: { shape: [outputs], data: new Float32Array(outputs) },
    activation,
  };
}

/** @returns one step on the batch, which gives the mean loss before it */
export function createStackStep(kernels: WebAssembly.Module): () => number {
  const stack = createDenseStack(kernels, createLayers(), BATCH);
  const { features, labels } = createBatch();
  return () => {
    stack.inputs.set(features);
    stack.targets.fill(0);
    for (const [row, label] of labels.entries()) stack.targets[row * CLASSES + label] = 1;
    stack.forward(BATCH);
    const loss = stack.loss(BATCH);
    stack.step(BATCH, LEARNING_RATE);
    return loss / BATCH;
  };
}
