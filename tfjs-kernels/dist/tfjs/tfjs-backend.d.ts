/** What it needs of `@tensorflow/tfjs`, passed in so that everyone speaks of the same engine. */
export type Tensorflow = Pick<typeof import('@tensorflow/tfjs'), 'engine' | 'registerBackend' | 'removeBackend' | 'setBackend'>;
/**
 * Makes `wasm` the current backend. A second call finds it registered and only selects it.
 *
 * @param tf    `@tensorflow/tfjs`
 * @param tfjs  its binary, among the compiled ones
 */
export declare function registerWasmBackend(tf: Tensorflow, { tfjs }: {
    readonly tfjs: WebAssembly.Module;
}): Promise<void>;
