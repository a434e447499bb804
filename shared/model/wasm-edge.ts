/**
 * The WASM binaries of a Worker that only predicts. `tfjs.wasm` is TensorFlow.js's own without what no plan calls: its
 * exports that `wasm-instance.ts` does not name, and the functions that nothing else reaches. A third of the bytes;
 * what is left is computed by the same instructions (kernels/build.sh makes it, a test compares the bits).
 */
import inference from './kernels/inference.wasm';
import panel from './kernels/panel.wasm';
import tfjs from './kernels/tfjs.wasm';
import type { WasmModules } from './run/wasm-modules.ts';

export const wasmModule = { tfjs, inference, panel } satisfies WasmModules;
