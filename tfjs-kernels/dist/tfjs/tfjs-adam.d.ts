/**
 * `tf.train.adam` in one pass over each variable, in place: the stock one makes a dozen tensors for each.
 */
import type { AdamOptimizer } from '@tensorflow/tfjs';
import { type TfjsHeap } from './tfjs-heap.ts';
/** What it needs of `@tensorflow/tfjs`, passed in so that everyone speaks of the same engine. */
export type Tensorflow = Pick<typeof import('@tensorflow/tfjs'), 'AdamOptimizer' | 'addN' | 'backend' | 'engine' | 'scalar' | 'tidy' | 'zerosLike'>;
/**
 * Adam (Kingma & Ba 2015) for `minimize` and `model.compile`, with the numbers of `tf.train.adam`.
 *
 * @param tf      `@tensorflow/tfjs`; its current backend must be the WASM one
 * @param module  `kernels.wasm`, compiled (kernels-node.ts, kernels-worker.ts)
 * @throws TypeError when another backend is current
 */
export declare function createFusedAdam(tf: Tensorflow, module: WebAssembly.Module, learningRate: number, { beta1, beta2, epsilon }?: import("../adam.ts").AdamConstants): AdamOptimizer;
/**
 * Puts the single pass in the place of the one that every `tf.train.adam` takes, on this backend; on others it stays.
 *
 * @returns a function that puts stock's back
 */
export declare function replaceAdam(tf: Tensorflow, heap: TfjsHeap): () => void;
