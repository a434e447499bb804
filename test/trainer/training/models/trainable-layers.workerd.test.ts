import { describe } from 'vitest';
import { kernelModule } from '../../../../trainer/kernels/kernels-worker.ts';
import { wasmModule } from '../../../../shared/model/run/wasm-worker.ts';
import { testTrainableLayers } from './trainable-layers-suite.ts';

describe('training a whole model in workerd', () => {
  testTrainableLayers(kernelModule, wasmModule);
});
