/**
 * The WASM binaries in a Worker that also trains. A Worker may not compile bytes: the bundler hands over compiled modules.
 */
import tfjs from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm';
import inference from '../kernels/inference.wasm';
import panel from '../kernels/panel.wasm';
import type { WasmModules } from './wasm-modules.ts';

export const wasmModule = { tfjs, inference, panel } satisfies WasmModules;
