/**
 * The peers that are no dependency of the project: ONNX Runtime for the web and for Node, installed when the bench
 * first needs them into a folder that git ignores.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { err, ok, type Result } from '../../shared/result.ts';
import { PROJECT } from '../../trainer/tools/state/paths.ts';
import type { Progress } from './findings.ts';

export const ONNX_RUNTIME = '1.30.0';
const FOLDER = path.join(PROJECT, 'node_modules', '.cache', 'holdfast-bench');
const PACKAGES = ['onnxruntime-web', 'onnxruntime-node'] as const;
const INSTALL_TIMEOUT_MS = 300_000;

export interface Peers {
  /** From what the Workers under workers/ import to the files that are installed. */
  readonly aliases: Readonly<Record<string, string>>;
  readonly node: OnnxRuntimeNode;
}

/** What the bench uses of `onnxruntime-node`. */
export interface OnnxRuntimeNode {
  readonly InferenceSession: {
    create(
      file: Uint8Array,
      options: object,
    ): Promise<{
      run(feeds: Record<string, object>): Promise<Record<string, { readonly data: Float32Array }>>;
    }>;
  };
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => object;
}

/** @returns the peers, or why they are not there (no network) */
export async function loadPeers(progress: Progress): Promise<Result<Peers, string>> {
  try {
    if (!(await isInstalled())) {
      progress(`installing ONNX Runtime ${ONNX_RUNTIME} into ${path.relative(PROJECT, FOLDER)}`);
      await install();
    }
  } catch (cause) {
    return err(`ONNX Runtime can't be installed: ${String(cause).split('\n')[0]}`);
  }
  const web = path.join(FOLDER, 'node_modules', 'onnxruntime-web', 'dist');
  return ok({
    aliases: {
      'onnxruntime-web/wasm': path.join(web, 'ort.wasm.bundle.min.mjs'),
      'onnxruntime-web/module': path.join(FOLDER, 'module.mjs'),
    },
    node: createRequire(path.join(FOLDER, 'package.json'))('onnxruntime-node') as OnnxRuntimeNode,
  });
}

async function isInstalled(): Promise<boolean> {
  for (const name of PACKAGES) {
    const manifest = path.join(FOLDER, 'node_modules', name, 'package.json');
    if (!existsSync(manifest)) return false;
    const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
    if (version !== ONNX_RUNTIME) return false;
  }
  return true;
}

async function install(): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await writeFile(path.join(FOLDER, 'package.json'), '{ "private": true }\n');
  // Only a path makes wrangler upload a binary as a compiled module; an alias of one it would try to parse.
  const binary = './node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm';
  await writeFile(path.join(FOLDER, 'module.mjs'), `export { default } from '${binary}';\n`);
  const packages = PACKAGES.map((name) => `${name}@${ONNX_RUNTIME}`);
  await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', '--save-exact', ...packages], {
    cwd: FOLDER,
    timeout: INSTALL_TIMEOUT_MS,
    // Else onnxruntime-node downloads its GPU libraries, which are no part of the registry's package.
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
  });
}
