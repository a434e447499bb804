/**
 * The compiled WASM binaries that predictions run on; wasm-node.ts, wasm-worker.ts and wasm-edge.ts have them. Any number of runtimes
 * and backends may share them.
 */
export interface WasmModules {
  /** `@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm`, or at the edge what plans call of it: owns the memory. */
  readonly tfjs: WebAssembly.Module;
  /** `kernels/inference.wasm`: our own kernels for what takes the time. */
  readonly inference: WebAssembly.Module;
  /** `kernels/panel.wasm`, where nothing guards the memory: elsewhere it is no faster. */
  readonly panel?: WebAssembly.Module;
}
