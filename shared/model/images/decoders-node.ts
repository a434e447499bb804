/**
 * The decoders' binary in Node, compiled from the file beside this one.
 */
import { readFile } from 'node:fs/promises';

/** @returns the compiled module, which any number of decoders may share */
export async function loadDecoderModule(): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readFile(new URL('decoders.wasm', import.meta.url)));
}
