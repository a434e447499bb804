export { createFusedAdam } from './tfjs-adam.ts';
export { registerTrainingKernels } from './tfjs-kernels.ts';
/** @returns the compiled module, which the bundler put in; a promise, as everywhere else */
export declare function loadKernelModule(): Promise<WebAssembly.Module>;
