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
export async function loadKernelModule(
  source: KernelSource | Promise<KernelSource> = new URL('../kernels.wasm', import.meta.url),
): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readBytes(await source));
}

/** Not as a stream: that asks servers for a content type which many do not send. */
async function readBytes(source: KernelSource): Promise<Bytes> {
  if (source instanceof Response) return readAnswer(source);
  if (typeof source === 'string' || source instanceof URL) return readAnswer(await fetch(source));
  return source;
}

async function readAnswer(answer: Response): Promise<ArrayBuffer> {
  if (!answer.ok) throw new Error(`${answer.url}: expected kernels.wasm, got status ${answer.status}`);
  return answer.arrayBuffer();
}
