/**
 * TensorFlow.js's WASM binary in Node, compiled from the installed package.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const PATH = '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm';

/** @returns the compiled module, which any number of runtimes and backends may share */
export async function loadWasmModule(): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readFile(fileURLToPath(import.meta.resolve(PATH))));
}
