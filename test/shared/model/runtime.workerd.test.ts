import { describe } from 'vitest';
import { wasmModule } from '../../../shared/model/wasm-worker.ts';
import { testExecutor } from './executor-suite.ts';

describe('the executor in workerd', () => {
  testExecutor(wasmModule);
});
