/**
 * `npm run build:engine`: writes the digests of the WASM binaries that train and judge, which a Worker can't compute:
 * it is handed compiled modules.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { sha256Hex } from '../../shared/digest.ts';

const TRAINING = new URL('../kernels/', import.meta.url);
const INFERENCE = new URL('../../shared/model/kernels/', import.meta.url);
const TFJS = 'tfjs-backend-wasm-simd.wasm';

const BINARIES: Readonly<Record<string, URL>> = {
  'kernels.wasm': new URL('kernels.wasm', TRAINING),
  'inference.wasm': new URL('inference.wasm', INFERENCE),
  'panel.wasm': new URL('panel.wasm', INFERENCE),
  [TFJS]: new URL(import.meta.resolve(`@tensorflow/tfjs-backend-wasm/dist/${TFJS}`)),
};

/** By file, hexadecimal SHA-256. */
export async function readEngine(): Promise<Record<string, string>> {
  const digests = Object.entries(BINARIES).map(
    async ([name, file]) => [name, sha256Hex(await readFile(file))] as const,
  );
  return Object.fromEntries(await Promise.all(digests));
}

if (import.meta.main) {
  const lines = Object.entries(await readEngine()).map(([name, digest]) => `  '${name}': '${digest}',\n`);
  const source = `/**
 * The binaries that everything numeric is computed by, by file and SHA-256. Written by \`npm run build:engine\`.
 */
export const ENGINE: Readonly<Record<string, string>> = {
${lines.join('')}};
`;
  await writeFile(new URL('../pipeline/fine-tune/engine.ts', import.meta.url), source);
}
