/**
 * TensorFlow.js on its WASM backend, for models that are trained whole. It is loaded only where one is.
 */
import { registerTrainingKernels } from '../../kernels/tfjs/tfjs-kernels.ts';
import { registerWasmBackend } from '../../kernels/tfjs/tfjs-backend.ts';
import type { WasmModules } from '../../../shared/model/run/wasm-modules.ts';

export type Tensorflow = typeof import('@tensorflow/tfjs');

/** @returns `@tensorflow/tfjs`, with the WASM backend current */
export async function startTensorflow(wasm: Pick<WasmModules, 'tfjs'>): Promise<Tensorflow> {
  const tf = await import('@tensorflow/tfjs');
  // Otherwise TensorFlow.js advertises its native Node binding on every start.
  tf.enableProdMode();
  await registerWasmBackend(tf, wasm);
  return tf;
}

let holders = 0;
let restore = (): void => {};

/**
 * Our kernels in the place of stock's for as long as anyone trains.
 *
 * @returns a function that gives them back; stock's return with the last one
 */
export function holdTrainingKernels(tf: Tensorflow, kernels: WebAssembly.Module): () => void {
  if (holders === 0) restore = registerTrainingKernels(tf, kernels);
  holders += 1;
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    holders -= 1;
    if (holders === 0) restore();
  };
}
