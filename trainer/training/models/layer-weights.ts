/**
 * A whole model's weights in training: variables on the heap of TensorFlow.js's backend, moved there in place by our
 * Adam, with what Adam keeps of them and where they started.
 */
import type { Tensor, Variable } from '@tensorflow/tfjs';
import { floatBytes } from '../../../shared/bytes.ts';
import type { Tensor as PlainTensor } from '../../../shared/model/plan/tensor.ts';
import { type AdamClock, createAdamClock } from '../../kernels/adam.ts';
import type { TfjsHeap } from '../../kernels/tfjs/tfjs-heap.ts';
import type { Trunk } from '../../model/trunk.ts';
import type { Tensorflow } from './tensorflow.ts';

interface Weight {
  readonly name: string;
  readonly variable: Variable;
  /** Of Adam, and where the training started; null for statistics, which no gradient moves. */
  readonly moments: readonly [m: Tensor, v: Tensor] | null;
  readonly anchor: Tensor | null;
}

export interface Weights {
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

/** @param anchored  whether `pull` is wanted */
export function createWeights(
  tf: Tensorflow,
  heap: TfjsHeap,
  tensors: Trunk['tensors'],
  anchored: boolean,
): Weights {
  const all = [...tensors].map(([name, tensor]) => holdWeight(tf, name, tensor, anchored));
  const byName = new Map(all.map(({ name, variable }) => [name, variable]));
  const clock = createAdamClock();
  const count = all.reduce((sum, { variable }) => sum + variable.size, 0);
  const moving = all.filter(({ moments }) => moments !== null);
  const moments = (): Tensor[] => moving.flatMap(({ moments: both }) => [...(both ?? [])]);
  const { kernels, address } = heap;
  const variables = all.map(({ variable }) => variable);
  const read = (): Float32Array<ArrayBuffer> => concatenate(count, variables);
  const write = (values: Float32Array): void => {
    checkLength('weights', values.length, count);
    overwrite(heap, variables, values);
  };
  return {
    of: (layer, name) => byName.get(`${layer}/${name}`) ?? null,
    trained: moving.map(({ variable }) => variable),
    move: (gradients, rate) => {
      const at = heap.settings(clock.advance(rate));
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
    readState: () => joinState(clock, read(), concatenate(sizeOfAll(moments()), moments())),
    writeState: (bytes) => {
      const own = moments();
      checkLength('bytes of state', bytes.length, CLOCK_BYTES + 4 * (count + sizeOfAll(own)));
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

/** A weight as a variable of its own; its moments where it is trained, and where it began where it is pulled back. */
function holdWeight(tf: Tensorflow, name: string, { shape, data }: PlainTensor, anchored: boolean): Weight {
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
}

function sizeOfAll(tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, { size }) => sum + size, 0);
}

/** The clock, the weights, then their moments. */
function joinState(
  clock: AdamClock,
  weights: Float32Array<ArrayBuffer>,
  moments: Float32Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(CLOCK_BYTES + weights.byteLength + moments.byteLength);
  writeClock(clock, bytes);
  bytes.set(floatBytes(weights), CLOCK_BYTES);
  bytes.set(floatBytes(moments), CLOCK_BYTES + weights.byteLength);
  return bytes;
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
