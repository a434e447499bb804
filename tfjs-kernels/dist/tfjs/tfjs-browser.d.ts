/**
 * holdfast/tfjs-kernels in browsers, and wherever else a bundler or a page resolves URLs.
 */
export { createFusedAdam } from './tfjs-adam.ts';
export { registerTrainingKernels } from './tfjs-kernels.ts';
type Bytes = ArrayBuffer | Uint8Array<ArrayBuffer>;
/** Where `kernels.wasm` comes from: its address, what `fetch` answered, or its bytes. */
export type KernelSource = string | URL | Response | Bytes;
/**
 * @param source  by default the file beside this one, which bundlers find by this very expression. Where they do not, pass
 *                the address that they gave `holdfast/tfjs-kernels/kernels.wasm`
 * @returns the compiled module, which any number of backends may share
 * @throws Error when it can't be fetched
 */
export declare function loadKernelModule(source?: KernelSource | Promise<KernelSource>): Promise<WebAssembly.Module>;
