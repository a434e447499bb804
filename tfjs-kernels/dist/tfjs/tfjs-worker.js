/**
 * holdfast/tfjs-kernels in a Worker, which may not compile bytes.
 */
import { kernelModule } from '../kernels-worker.js';
export { createFusedAdam } from './tfjs-adam.js';
export { registerTrainingKernels } from './tfjs-kernels.js';
/** @returns the compiled module, which the bundler put in; a promise, as everywhere else */
export function loadKernelModule() {
    return Promise.resolve(kernelModule);
}
