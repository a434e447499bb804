import { describe } from 'vitest';
import { loadWasmModule } from '../../../../shared/model/run/wasm-node.ts';
import { testExecutor } from './executor-suite.ts';

const module = await loadWasmModule();
describe('the executor in Node', () => {
  testExecutor(module);
});
