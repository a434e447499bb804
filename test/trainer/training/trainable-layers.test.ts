import { describe } from 'vitest';
import { loadKernelModule } from '../../../shared/model/kernels/kernels-node.ts';
import { loadWasmModule } from '../../../shared/model/wasm-node.ts';
import { testTrainableLayers } from './trainable-layers-suite.ts';

const kernels = await loadKernelModule();
const wasm = await loadWasmModule();

describe('training a whole model', () => {
  testTrainableLayers(kernels, wasm);
});
