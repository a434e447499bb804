/**
 * A whole model in training: a trunk and its head, through TensorFlow.js's autodiff on the WASM backend with our
 * gradients, our losses and our Adam, as the loop wants it.
 */
import type { Tensor, Variable } from '@tensorflow/tfjs';
import { floatBytes } from '../../shared/bytes.ts';
import type { LayerJson } from '../../shared/model/artifacts.ts';
import { type DenseLayer, namedWeights } from '../../shared/model/head.ts';
import { ADAM_SETTINGS, type AdamClock, createAdamClock } from '../../shared/model/kernels/adam.ts';
import { createLossUnit } from '../../shared/model/kernels/loss.ts';
import { attachKernels, type TfjsHeap } from '../../shared/model/kernels/tfjs-heap.ts';
import { sizeOf } from '../../shared/model/tensor.ts';
import {
  composeModel,
  HEAD_PREFIX,
  type ModelLayers,
  shapeRead,
  type Trunk,
} from '../../shared/model/trunk.ts';
import type { Random } from '../../shared/random.ts';
import { runLayer } from './layer-forward.ts';
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
  const giveBack = holdTrainingKernels(tf, kernels);
  const heap = attachKernels(tf.backend(), kernels);
  const { layers, tensors, output } = composeModel(initial.trunk, asLogits(initial.head), dropout);
  const weights = createWeights(tf, heap, tensors, anchor > 0);
  const inputShape = shapeRead(initial.trunk);
  const inputSize = sizeOf(inputShape);
  const outputSize = initial.head.at(-1)?.bias.data.length ?? 0;
  const inputs = new Float32Array(capacity * inputSize);
  const kind = task === 'classification' ? 'cross-entropy' : 'squared-error';
  const unit = createLossUnit(kernels, kind, capacity, outputSize);
  const trunkNames = new Set(initial.trunk.layers.map(({ name }) => name));
  const byBatch = (name: string): boolean => !(keepsStatistics && trunkNames.has(name));

  const forward = (rows: number, random: Random | null): Tensor => {
    const x = tf.tensor(inputs.subarray(0, rows * inputSize), [rows, ...inputShape]);
    return runLayers(layers, output, x, { tf, heap, weight: weights.of, random, byBatch });
  };
  /** Our loss of the outputs; its gradient is computed with it. */
  const lossOf = (outputs: Tensor, rows: number): Tensor => {
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
  return {
    task,
    inputSize,
    outputSize,
    capacity,
    batch: {
      inputs,
      targets: unit.targets,
      weights: unit.weights,
      teacher: unit.teacher,
      teacherWeights: unit.teacherWeights,
    },
    outputs: unit.outputs,
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

interface Weight {
  readonly name: string;
  readonly variable: Variable;
  /** Of Adam, and where the training started; null for statistics, which no gradient moves. */
  readonly moments: readonly [m: Tensor, v: Tensor] | null;
  readonly anchor: Tensor | null;
}

/** The model's weights as variables on the backend's heap, with what Adam keeps of them. */
interface Weights {
  readonly of: (layer: string, name: string) => Tensor | null;
  readonly trained: Variable[];
  /** @param gradients  by the variable's name */
  readonly move: (gradients: Readonly<Record<string, Tensor>>, rate: number) => void;
  readonly pull: (share: number) => void;
  readonly read: () => Float32Array<ArrayBuffer>;
  readonly write: (values: Float32Array) => void;
  readonly readState: () => Uint8Array<ArrayBuffer>;
  readonly writeState: (bytes: Uint8Array) => void;
  /** By `layer/weight`. */
  readonly values: () => Map<string, Float32Array>;
  readonly dispose: () => void;
}

/** The clock of Adam, in front of the weights. */
const CLOCK_BYTES = 2 * 8;

function createWeights(
  tf: Tensorflow,
  heap: TfjsHeap,
  tensors: WholeModel['trunk']['tensors'],
  anchored: boolean,
): Weights {
  const all = [...tensors].map(([name, { shape, data }]): Weight => {
    const trained = !/\/moving_(mean|variance)$/.test(name);
    const own = (values: Float32Array): Tensor => tf.keep(tf.tensor(values, [...shape]));
    const initial = own(data);
    const variable = tf.variable(initial, trained);
    // What changes in place shares its values with nobody.
    initial.dispose();
    const zeros = (): Tensor => own(new Float32Array(data.length));
    return {
      name,
      variable,
      moments: trained ? [zeros(), zeros()] : null,
      anchor: trained && anchored ? own(data) : null,
    };
  });
  const byName = new Map(all.map(({ name, variable }) => [name, variable]));
  const settings = new Float32Array(ADAM_SETTINGS);
  const clock = createAdamClock(settings);
  const count = all.reduce((sum, { variable }) => sum + variable.size, 0);
  const moving = all.filter(({ moments }) => moments !== null);
  const moments = (): Tensor[] => moving.flatMap(({ moments: both }) => [...(both ?? [])]);
  const { kernels, address } = heap;
  const read = (): Float32Array<ArrayBuffer> =>
    concatenate(
      count,
      all.map(({ variable }) => variable),
    );
  const write = (values: Float32Array): void => {
    checkLength('weights', values.length, count);
    overwrite(
      heap,
      all.map(({ variable }) => variable),
      values,
    );
  };
  return {
    of: (layer, name) => byName.get(`${layer}/${name}`) ?? null,
    trained: moving.map(({ variable }) => variable),
    move: (gradients, rate) => {
      clock.advance(rate);
      const at = heap.settings([...settings]);
      for (const { variable, moments: both } of moving) {
        const gradient = gradients[variable.name];
        if (gradient === undefined || both === null) continue;
        const [m, v] = both;
        kernels.adam_update(address(variable), address(m), address(v), address(gradient), variable.size, at);
        heap.forgetPacked(variable);
      }
    },
    pull: (share) => {
      for (const { variable, anchor } of moving) {
        if (anchor === null) continue;
        kernels.pull_towards(address(variable), address(anchor), share, variable.size);
        heap.forgetPacked(variable);
      }
    },
    read,
    write,
    readState: () => {
      const own = moments();
      const size = own.reduce((sum, tensor) => sum + tensor.size, 0);
      const bytes = new Uint8Array(CLOCK_BYTES + 4 * (count + size));
      writeClock(clock, bytes);
      bytes.set(floatBytes(read()), CLOCK_BYTES);
      bytes.set(floatBytes(concatenate(size, own)), CLOCK_BYTES + 4 * count);
      return bytes;
    },
    writeState: (bytes) => {
      const own = moments();
      const size = own.reduce((sum, tensor) => sum + tensor.size, 0);
      checkLength('bytes of state', bytes.length, CLOCK_BYTES + 4 * (count + size));
      readClock(clock, bytes);
      const floats = new Float32Array(new Uint8Array(bytes.subarray(CLOCK_BYTES)).buffer);
      write(floats.subarray(0, count));
      overwrite(heap, own, floats.subarray(count));
    },
    values: () => new Map(all.map(({ name, variable }) => [name, variable.dataSync<'float32'>().slice()])),
    dispose: () => {
      for (const { variable, anchor } of all) {
        variable.dispose();
        anchor?.dispose();
      }
      for (const tensor of moments()) tensor.dispose();
    },
  };
}

function concatenate(count: number, tensors: readonly Tensor[]): Float32Array<ArrayBuffer> {
  const floats = new Float32Array(count);
  let at = 0;
  for (const tensor of tensors) {
    floats.set(tensor.dataSync<'float32'>(), at);
    at += tensor.size;
  }
  return floats;
}

/** In place: nobody else has these values. */
function overwrite(heap: TfjsHeap, tensors: readonly Tensor[], values: Float32Array): void {
  let at = 0;
  for (const tensor of tensors) {
    const bytes = floatBytes(values.subarray(at, at + tensor.size));
    const view = heap.view(heap.address(tensor), bytes.length);
    new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(bytes);
    heap.forgetPacked(tensor);
    at += tensor.size;
  }
}

function writeClock(clock: AdamClock, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (const [i, power] of clock.powers().entries()) view.setFloat64(8 * i, power, true);
}

function readClock(clock: AdamClock, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  clock.set([view.getFloat64(0, true), view.getFloat64(8, true)]);
}

function checkLength(what: string, got: number, expected: number): void {
  if (got !== expected) throw new RangeError(`expected ${expected} ${what}, got ${got}`);
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
