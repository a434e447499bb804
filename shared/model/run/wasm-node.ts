/**
 * The WASM binaries in Node: TensorFlow.js's from the installed package, our own from the file beside its sources.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { WasmModules } from './wasm-modules.ts';

const TFJS = import.meta.resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm');
const INFERENCE = new URL('../kernels/inference.wasm', import.meta.url);

/** Compiles both binaries, without the one for batches; `createRuntime` instantiates them. */
export async function loadWasmModule(): Promise<WasmModules> {
  const [tfjs, inference] = await Promise.all([compile(fileURLToPath(TFJS)), compile(INFERENCE)]);
  return { tfjs, inference };
}

async function compile(file: string | URL): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readFile(file));
}
