/**
 * A head in training: a dense stack on our kernels, as the loop wants it.
 */
import { floatBytes } from '../../../shared/bytes.ts';
import type { DenseLayer } from '../../model/head.ts';
import { createDenseStack, type DenseStack } from '../../kernels/dense-stack.ts';
import type { Trainable } from './trainable.ts';

export interface HeadOptions {
  readonly task: Trainable['task'];
  /** Rates after each hidden layer, [layers - 1]. */
  readonly dropout: readonly number[];
  readonly capacity: number;
  /** The temperature at which the head agrees with a teacher; null where there is none. */
  readonly teacher: { readonly temperature: number } | null;
  /** How strongly the weights are drawn to where they start: the share of the way is the rate times this. */
  readonly anchor: number;
}

export interface TrainableHead extends Trainable {
  /** The weights as they are now. */
  whole(): { readonly trunk: null; readonly head: DenseLayer[] };
}

/** The clock of Adam, in front of the stack's state. */
const CLOCK_BYTES = 2 * 8;

/**
 * @param kernels  `kernels.wasm`, compiled
 * @param initial  the layers to start from; they are not changed
 */
export function createTrainableHead(
  kernels: WebAssembly.Module,
  initial: readonly DenseLayer[],
  { task, dropout, capacity, teacher, anchor }: HeadOptions,
): TrainableHead {
  const stack = createDenseStack(kernels, initial, capacity, {
    loss: task === 'classification' ? 'cross-entropy' : 'squared-error',
    anchored: anchor > 0,
  });
  return {
    task,
    inputSize: stack.inputs.length / capacity,
    outputSize: stack.outputs.length / capacity,
    capacity,
    batch: stack,
    get outputs() {
      return stack.outputs;
    },
    step: (rows, { rate, random }) => {
      stack.forward(rows, { rates: dropout, random });
      const loss = stack.loss(rows) + (teacher ? stack.teacherLoss(rows, teacher.temperature) : 0);
      stack.step(rows, rate);
      if (anchor > 0) stack.pull(Math.min(1, rate * anchor));
      return loss;
    },
    evaluate: (rows) => {
      stack.forward(rows);
      return stack.loss(rows);
    },
    readState: (into) => readState(stack, into),
    writeState: (state) => writeState(stack, state),
    readWeights: (into) => {
      const { served } = stack;
      if (into?.length !== served.length) return served.slice();
      into.set(served);
      return into;
    },
    writeWeights: (values) => {
      const { served } = stack;
      checkLength('weights', values.length, served.length);
      served.set(values);
    },
    whole: () => ({ trunk: null, head: stack.layers() }),
    release: () => stack.release(),
  };
}

function readState({ state, clock }: DenseStack, into?: Uint8Array): Uint8Array {
  const size = CLOCK_BYTES + state.byteLength;
  const bytes = into?.length === size ? into : new Uint8Array(size);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (const [i, power] of clock.powers().entries()) view.setFloat64(8 * i, power, true);
  bytes.set(floatBytes(state), CLOCK_BYTES);
  return bytes;
}

function writeState({ state, clock }: DenseStack, bytes: Uint8Array): void {
  checkLength('bytes of state', bytes.length, CLOCK_BYTES + state.byteLength);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  clock.set([view.getFloat64(0, true), view.getFloat64(8, true)]);
  floatBytes(state).set(bytes.subarray(CLOCK_BYTES));
}

function checkLength(what: string, got: number, expected: number): void {
  if (got !== expected) throw new RangeError(`expected ${expected} ${what}, got ${got}`);
}
