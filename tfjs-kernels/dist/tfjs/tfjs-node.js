/**
 * holdfast/tfjs-kernels in Node: training on TensorFlow.js's WASM backend, by itself (docs/kernels.md).
 */
export { loadKernelModule } from '../kernels-node.js';
export { createFusedAdam } from './tfjs-adam.js';
export { registerTrainingKernels } from './tfjs-kernels.js';
