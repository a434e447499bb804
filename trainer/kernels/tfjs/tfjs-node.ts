/**
 * holdfast/tfjs-kernels in Node: training on TensorFlow.js's WASM backend, by itself (docs/kernels.md).
 */
export { loadKernelModule } from '../kernels-node.ts';
export { createFusedAdam } from './tfjs-adam.ts';
export { registerTrainingKernels } from './tfjs-kernels.ts';
