/**
 * A whole model in training: a trunk and its head, through TensorFlow.js's autodiff on the WASM backend with our
 * gradients, our losses and our Adam, as the loop wants it.
 */
import type { Tensor } from '@tensorflow/tfjs';
import type { LayerJson } from '../../compile/artifacts.ts';
import { type DenseLayer, namedWeights } from '../../model/head.ts';
import { createLossFunction, type LossFunction } from '../../kernels/loss.ts';
import { attachKernels } from '../../kernels/tfjs/tfjs-heap.ts';
import { sizeOf } from '../../../shared/model/plan/tensor.ts';
import { composeModel, HEAD_PREFIX, type ModelLayers, shapeRead, type Trunk } from '../../model/trunk.ts';
import type { Random } from '../../../shared/random.ts';
import { runLayer } from './layer-forward.ts';
import { createWeights } from './layer-weights.ts';
import { holdTrainingKernels, type Tensorflow } from './tensorflow.ts';
import type { Trainable } from './trainable.ts';
import type { HeadOptions } from './trainable-head.ts';

export interface WholeModel extends ModelLayers {
  readonly trunk: Trunk;
}

export interface LayersOptions extends HeadOptions {
  /**
   * Whether the trunk's normalisations keep the running statistics they came with. Those of a pretrained base do, as
   * its weights were made for them; a network that is trained from the start goes by the batch.
   */
  readonly keepsStatistics: boolean;
}

export interface TrainableLayers extends Trainable {
  /** The weights as they are now. */
  whole(): { readonly trunk: Trunk; readonly head: DenseLayer[] };
}

/** @param tf  as `startTensorflow` gives it */
export function createTrainableLayers(
  tf: Tensorflow,
  kernels: WebAssembly.Module,
  initial: WholeModel,
  { task, dropout, capacity, teacher, anchor, keepsStatistics }: LayersOptions,
): TrainableLayers {
  const outputSize = initial.head.at(-1)?.bias.data.length ?? 0;
  const kind = task === 'classification' ? 'cross-entropy' : 'squared-error';
  // First: where there is no room for it, nothing else is held.
  const unit = createLossFunction(kernels, kind, capacity, outputSize);
  const giveBack = holdTrainingKernels(tf, kernels);
  const heap = attachKernels(tf.backend(), kernels);
  const { layers, tensors, output } = composeModel(initial.trunk, asLogits(initial.head), dropout);
  const weights = createWeights(tf, heap, tensors, anchor > 0);
  const inputShape = shapeRead(initial.trunk);
  const inputSize = sizeOf(inputShape);
  const inputs = new Float32Array(capacity * inputSize);
  const trunkNames = new Set(initial.trunk.layers.map(({ name }) => name));
  const byBatch = (name: string): boolean => !(keepsStatistics && trunkNames.has(name));

  const forward = (rows: number, random: Random | null): Tensor => {
    const x = tf.tensor(inputs.subarray(0, rows * inputSize), [rows, ...inputShape]);
    return runLayers(layers, output, x, { tf, heap, weight: weights.of, random, byBatch });
  };
  const lossOf = createLossOp(tf, unit, outputSize, teacher);
  return {
    task,
    inputSize,
    outputSize,
    capacity,
    batch: batchOf(inputs, unit),
    get outputs() {
      return unit.outputs;
    },
    step: (rows, { rate, random }) =>
      tf.tidy(() => {
        const { value, grads } = tf.variableGrads(
          () => lossOf(forward(rows, random), rows).asScalar(),
          weights.trained,
        );
        weights.move(grads, rate);
        if (anchor > 0) weights.pull(Math.min(1, rate * anchor));
        return value.dataSync()[0] as number;
      }),
    evaluate: (rows) => {
      tf.tidy(() => unit.outputs.set(forward(rows, null).dataSync()));
      return unit.loss(rows);
    },
    readState: () => weights.readState(),
    writeState: (bytes) => weights.writeState(bytes),
    readWeights: () => weights.read(),
    writeWeights: (values) => weights.write(values),
    whole: () => takeApart(initial, weights.values()),
    release: () => {
      weights.dispose();
      unit.release();
      giveBack();
    },
  };
}

/** Our loss of the outputs as an operation of TensorFlow.js; its gradient is computed with it. */
function createLossOp(
  tf: Tensorflow,
  unit: LossFunction,
  outputSize: number,
  teacher: LayersOptions['teacher'],
): (outputs: Tensor, rows: number) => Tensor {
  return (outputs, rows) => {
    const op = tf.customGrad((y) => {
      unit.outputs.set((y as Tensor).dataSync());
      const taught = (): number => (teacher ? unit.teacherLoss(rows, teacher.temperature) : 0);
      const value = tf.scalar(unit.loss(rows) + taught());
      return {
        value,
        gradFunc: () => tf.tensor(unit.gradient.subarray(0, rows * outputSize), [rows, outputSize]),
      };
    });
    return op(outputs);
  };
}

/** Read anew each time: the memory below may have grown. */
function batchOf(inputs: Float32Array, unit: LossFunction): Trainable['batch'] {
  return {
    inputs,
    get targets() {
      return unit.targets;
    },
    get weights() {
      return unit.weights;
    },
    get teacher() {
      return unit.teacher;
    },
    get teacherWeights() {
      return unit.teacherWeights;
    },
  };
}

/** The softmax is the loss's affair. */
function asLogits(head: readonly DenseLayer[]): DenseLayer[] {
  return head.map((layer, i) => (i < head.length - 1 ? layer : { ...layer, activation: 'linear' }));
}

function runLayers(
  layers: readonly LayerJson[],
  output: string,
  x: Tensor,
  pass: Parameters<typeof runLayer>[2],
): Tensor {
  const values = new Map<string, Tensor>([[layers[0]?.name ?? '', x]]);
  for (const layer of layers.slice(1)) {
    const inputs = layer.inputs.map((name) => values.get(name) as Tensor);
    values.set(layer.name, runLayer(layer, inputs, pass));
  }
  return values.get(output) as Tensor;
}

/** The model of before with these values in its weights. */
function takeApart(
  { trunk, head }: WholeModel,
  values: ReadonlyMap<string, Float32Array>,
): ReturnType<TrainableLayers['whole']> {
  const tensors = new Map(
    [...trunk.tensors].map(([name, { shape, data }]) => [name, { shape, data: values.get(name) ?? data }]),
  );
  return {
    trunk: { layers: trunk.layers, tensors },
    head: head.map((layer, i) => withValues(layer, i, values)),
  };
}

function withValues(layer: DenseLayer, index: number, values: ReadonlyMap<string, Float32Array>): DenseLayer {
  const own = namedWeights(layer, index).map(([name, { shape, data }]) => ({
    shape,
    data: values.get(`${HEAD_PREFIX}${name}`) ?? data,
  }));
  const [kernel, bias, gamma, beta, mean, variance] = own;
  if (!kernel || !bias) return layer;
  const { activation } = layer;
  if (!gamma || !beta || !mean || !variance) return { kernel, bias, activation };
  return { kernel, bias, normalization: { gamma, beta, mean, variance }, activation };
}
