/** What the bench uses of `onnxruntime-web`, which is installed beside the project's dependencies (peers.ts). */
declare module 'onnxruntime-web/module' {
  const module: WebAssembly.Module;
  export default module;
}

declare module 'onnxruntime-web/wasm' {
  export const env: {
    readonly wasm: { numThreads: number; proxy: boolean; wasmBinary: ArrayBuffer };
  };

  export class Tensor {
    constructor(type: 'float32', data: Float32Array, dims: readonly number[]);
    readonly data: Float32Array;
  }

  export class InferenceSession {
    static create(
      file: Uint8Array,
      options: { executionProviders: readonly string[] },
    ): Promise<InferenceSession>;
    run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>>;
  }
}
