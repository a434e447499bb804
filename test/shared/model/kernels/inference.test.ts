import { readFile } from 'node:fs/promises';
import { describe } from 'vitest';
import { loadWasmModule } from '../../../../shared/model/run/wasm-node.ts';
import { testInference } from './inference-suite.ts';

const { inference } = await loadWasmModule();
// Predictions in Node don't use it.
const panel = await WebAssembly.compile(
  await readFile(new URL('../../../../shared/model/kernels/panel.wasm', import.meta.url)),
);
describe('the inference kernels in Node', () => {
  testInference({ inference, panel });
});
