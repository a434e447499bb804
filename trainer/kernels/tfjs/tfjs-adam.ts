/**
 * `tf.train.adam` in one pass over each variable, in place: the stock one makes a dozen tensors for each.
 */
import type { AdamOptimizer, Tensor, Variable } from '@tensorflow/tfjs';
import { ADAM_DEFAULTS, adamSettings } from '../adam.ts';
import { attachKernels, type TfjsHeap } from './tfjs-heap.ts';

/** What it needs of `@tensorflow/tfjs`, passed in so that everyone speaks of the same engine. */
export type Tensorflow = Pick<
  typeof import('@tensorflow/tfjs'),
  'AdamOptimizer' | 'addN' | 'backend' | 'engine' | 'scalar' | 'tidy' | 'zerosLike'
>;

type Gradients = Parameters<AdamOptimizer['applyGradients']>[0];

/** What AdamOptimizer keeps; its types call it private. Kept in its place, saving and disposing stay the stock ones. */
interface Kept {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number | null;
  readonly accBeta1: Variable;
  readonly accBeta2: Variable;
  readonly accumulatedFirstMoment: Moment[];
  readonly accumulatedSecondMoment: Moment[];
}
interface Moment {
  readonly originalName: string;
  readonly variable: Variable;
}

/**
 * Adam (Kingma & Ba 2015) for `minimize` and `model.compile`, with the numbers of `tf.train.adam`.
 *
 * @param tf      `@tensorflow/tfjs`; its current backend must be the WASM one
 * @param module  `kernels.wasm`, compiled (kernels-node.ts, kernels-worker.ts)
 * @throws TypeError when another backend is current
 */
export function createFusedAdam(
  tf: Tensorflow,
  module: WebAssembly.Module,
  learningRate: number,
  { beta1, beta2, epsilon } = ADAM_DEFAULTS,
): AdamOptimizer {
  const heap = attachKernels(tf.backend(), module);
  class FusedAdam extends tf.AdamOptimizer {
    override applyGradients(gradients: Gradients): void {
      applyAdam(tf, heap, this, gradients);
    }
  }
  return new FusedAdam(learningRate, beta1, beta2, epsilon);
}

/**
 * Puts the single pass in the place of the one that every `tf.train.adam` takes, on this backend; on others it stays.
 *
 * @returns a function that puts stock's back
 */
export function replaceAdam(tf: Tensorflow, heap: TfjsHeap): () => void {
  const backend = tf.backend();
  const { prototype } = tf.AdamOptimizer;
  // oxlint-disable-next-line typescript/unbound-method -- called with its own optimizer below
  const { applyGradients: stock } = prototype;
  prototype.applyGradients = function applyGradients(this: AdamOptimizer, gradients: Gradients): void {
    if (tf.backend() === backend) applyAdam(tf, heap, this, gradients);
    else stock.call(this, gradients);
  };
  return () => {
    prototype.applyGradients = stock;
  };
}

function applyAdam(tf: Tensorflow, heap: TfjsHeap, optimizer: AdamOptimizer, gradients: Gradients): void {
  const kept = optimizer as unknown as Kept;
  const { beta1, beta2 } = kept;
  const epsilon = kept.epsilon ?? ADAM_DEFAULTS.epsilon;
  const step = optimizer.iterations + 1;
  const { learningRate } = optimizer as unknown as { readonly learningRate: number };
  const settings = heap.settings(
    adamSettings({ beta1, beta2, epsilon }, learningRate, beta1 ** step, beta2 ** step),
  );
  for (const [i, [name, gradient]] of namedGradients(gradients).entries()) {
    const value = tf.engine().registeredVariables[name];
    if (value === undefined) continue;
    const m = momentOf(tf, kept.accumulatedFirstMoment, i, `${name}/m`, value);
    const v = momentOf(tf, kept.accumulatedSecondMoment, i, `${name}/v`, value);
    if (gradient === null || gradient === undefined) continue;
    for (const variable of [value, m, v]) makeOwn(tf, heap, variable);
    const { kernels, address } = heap;
    kernels.adam_update(address(value), address(m), address(v), address(gradient), value.size, settings);
    heap.forgetPacked(value);
  }
  // What stock goes by, should it have the next step.
  tf.tidy(() => {
    kept.accBeta1.assign(tf.scalar(beta1 ** (step + 1)));
    kept.accBeta2.assign(tf.scalar(beta2 ** (step + 1)));
  });
  (optimizer as unknown as { incrementIterations(): void }).incrementIterations();
}

function namedGradients(gradients: Gradients): [string, Tensor | null | undefined][] {
  if (Array.isArray(gradients)) return gradients.map(({ name, tensor }) => [name, tensor]);
  return Object.entries(gradients);
}

function momentOf(
  tf: Tensorflow,
  moments: Moment[],
  i: number,
  originalName: string,
  value: Variable,
): Variable {
  moments[i] ??= { originalName, variable: tf.tidy(() => tf.zerosLike(value).variable(false)) };
  return moments[i].variable;
}

/** A tensor that shares the variable's values (its initial one, a clone) must not change with it. */
function makeOwn(tf: Tensorflow, heap: TfjsHeap, variable: Variable): void {
  // The sum of one tensor would be that tensor.
  if (heap.isShared(variable)) tf.tidy(() => variable.assign(tf.addN([variable, tf.zerosLike(variable)])));
}
