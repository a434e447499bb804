import { describe } from 'vitest';
import { wasmModule } from '../../../../shared/model/run/wasm-worker.ts';
import { testInference } from './inference-suite.ts';

describe('the inference kernels in workerd', () => {
  testInference(wasmModule);
});
