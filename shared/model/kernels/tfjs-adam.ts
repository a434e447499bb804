/**
 * `tf.train.adam` in one pass over each variable, in place: the stock one makes a dozen tensors for each.
 */
import type { AdamOptimizer, Tensor, Variable } from '@tensorflow/tfjs';
import { ADAM_DEFAULTS, adamSettings } from './adam.ts';
import { attachKernels, type TfjsHeap } from './tfjs-heap.ts';

/** What it needs of `@tensorflow/tfjs`, passed in so that everyone speaks of the same engine. */
export type Tensorflow = Pick<
  typeof import('@tensorflow/tfjs'),
  'AdamOptimizer' | 'addN' | 'backend' | 'engine' | 'tidy' | 'zerosLike'
>;

type Gradients = Parameters<AdamOptimizer['applyGradients']>[0];

/** What AdamOptimizer keeps; its types call it private. Kept in its place, saving and disposing stay the stock ones. */
interface Moments {
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
      const step = this.iterations + 1;
      const numbers = adamSettings(
        { beta1: this.beta1, beta2: this.beta2, epsilon: this.epsilon ?? epsilon },
        this.learningRate,
        this.beta1 ** step,
        this.beta2 ** step,
      );
      const settings = heap.settings(numbers);
      const moments = this as unknown as Moments;
      for (const [i, [name, gradient]] of namedGradients(gradients).entries()) {
        const value = tf.engine().registeredVariables[name];
        if (value === undefined || gradient === null) continue;
        const m = momentOf(tf, moments.accumulatedFirstMoment, i, `${name}/m`, value);
        const v = momentOf(tf, moments.accumulatedSecondMoment, i, `${name}/v`, value);
        for (const variable of [value, m, v]) makeOwn(tf, heap, variable);
        const { kernels, address } = heap;
        kernels.adam_update(address(value), address(m), address(v), address(gradient), value.size, settings);
        heap.forgetPacked(value);
      }
      this.incrementIterations();
    }
  }
  return new FusedAdam(learningRate, beta1, beta2, epsilon);
}

function namedGradients(gradients: Gradients): [string, Tensor | null][] {
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
