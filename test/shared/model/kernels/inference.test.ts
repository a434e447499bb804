import { describe } from 'vitest';
import { loadWasmModule } from '../../../../shared/model/wasm-node.ts';
import { testInference } from './inference-suite.ts';

const { inference } = await loadWasmModule();
describe('the inference kernels in Node', () => {
  testInference(inference);
});
