/**
 * holdfast/tfjs-kernels in a Worker, which may not compile bytes.
 */
import { kernelModule } from '../kernels-worker.ts';

export { createFusedAdam } from './tfjs-adam.ts';
export { registerTrainingKernels } from './tfjs-kernels.ts';

/** @returns the compiled module, which the bundler put in; a promise, as everywhere else */
export function loadKernelModule(): Promise<WebAssembly.Module> {
  return Promise.resolve(kernelModule);
}
