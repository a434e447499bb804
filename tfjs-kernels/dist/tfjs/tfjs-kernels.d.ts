import { type Tensorflow as AdamTensorflow } from './tfjs-adam.ts';
/** What it needs of `@tensorflow/tfjs`, passed in so that everyone speaks of the same engine. */
export type Tensorflow = AdamTensorflow & Pick<typeof import('@tensorflow/tfjs'), 'backend_util' | 'getKernel' | 'registerKernel' | 'unregisterKernel'>;
/**
 * Registers the kernels in place of the stock ones, or where there were none, and takes the steps of every
 * `tf.train.adam` in one pass. The current backend must be the WASM one.
 *
 * @param tf      `@tensorflow/tfjs`, or tfjs-core
 * @param module  `kernels.wasm`, compiled (kernels-node.ts, kernels-worker.ts)
 * @returns a function that puts the stock kernels back
 * @throws TypeError when another backend is current
 */
export declare function registerTrainingKernels(tf: Tensorflow, module: WebAssembly.Module): () => void;
