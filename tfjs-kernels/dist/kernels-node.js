/**
 * The kernels' binary in Node, compiled from the file beside this one.
 */
import { readFile } from 'node:fs/promises';
/** @returns the compiled module, which any number of instances may share */
export async function loadKernelModule() {
    return WebAssembly.compile(await readFile(new URL('kernels.wasm', import.meta.url)));
}
