/**
 * Workers as `wrangler deploy` would upload them, each in a workerd process of its own.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4WorkerOptionsShape } from 'miniflare';
import { unstable_getMiniflareWorkerOptions as readWorkerOptions } from 'wrangler';
import { CONFIGS, QUIET_WRANGLER } from '../../trainer/tools/local/bundles.ts';
import { PROJECT } from '../../trainer/tools/state/paths.ts';

const BENCH_CONFIG = path.join(import.meta.dirname, 'wrangler.toml');

export interface Bundle {
  /** The wrangler file that it is built and run with. */
  readonly config: string;
  readonly folder: string;
  /** File names: the entry, and the compiled modules that it imports. */
  readonly entry: string;
  readonly wasm: readonly string[];
}

/**
 * Bundles one of the Workers under workers/, minified.
 *
 * @param aliases  from what it imports to files (peers.ts)
 */
export function bundleWorker(
  name: string,
  scratch: string,
  aliases: Readonly<Record<string, string>> = {},
): Promise<Bundle> {
  const entry = path.join(import.meta.dirname, 'workers', `${name}.ts`);
  const options = Object.entries(aliases).flatMap(([from, to]) => ['--alias', `${from}:${to}`]);
  return bundle(BENCH_CONFIG, path.join(scratch, name), [entry, '--minify', ...options]);
}

/** Bundles the edge Worker as a deployment would; beside it esbuild's account of what is in it. */
export function bundleEdge(scratch: string): Promise<Bundle> {
  return bundle(CONFIGS.edge, path.join(scratch, 'edge'), ['--metafile']);
}

/** The trainer Worker with what a benchmark asks of it, as a deployment would have it. */
export function bundleTrainer(scratch: string): Promise<Bundle> {
  const entry = path.join(import.meta.dirname, 'workers/night.ts');
  return bundle(CONFIGS.trainer, path.join(scratch, 'trainer'), [entry]);
}

async function bundle(config: string, folder: string, args: readonly string[]): Promise<Bundle> {
  const wrangler = createRequire(import.meta.url).resolve('wrangler/package.json');
  const command = [path.join(path.dirname(wrangler), 'bin/wrangler.js'), 'deploy', ...args];
  command.push('--dry-run', '--outdir', folder, '--config', config);
  await promisify(execFile)(process.execPath, command, {
    cwd: PROJECT,
    env: { ...process.env, ...QUIET_WRANGLER },
  });
  const files = await readdir(folder);
  const entry = files.find((file) => file.endsWith('.js'));
  if (entry === undefined) throw new Error(`wrangler left no bundle in ${folder}: ${files.join(', ')}`);
  return { config, folder, entry, wasm: files.filter((file) => file.endsWith('.wasm')) };
}

/** What a deployment of the bundle uploads, compressed file by file. */
export async function measureGzipBytes({ folder, entry, wasm }: Bundle): Promise<number> {
  let bytes = 0;
  for (const file of [entry, ...wasm]) bytes += gzipSync(await readFile(path.join(folder, file))).byteLength;
  return bytes;
}

/** Where wrangler leaves esbuild's account. */
export function metafileOf({ folder }: Bundle): string {
  return path.join(folder, 'bundle-meta.json');
}

/** Bindings beside the wrangler file's, and whether there is an inspector. */
type WorkerExtras = V4WorkerOptionsShape & { readonly inspectorPort?: number };

/** A running Worker for the time of `use`. */
export async function withWorker<T>(
  bundle: Bundle,
  extra: WorkerExtras,
  use: (miniflare: Miniflare, url: URL) => Promise<T>,
): Promise<T> {
  const miniflare = await startWorker(bundle, extra);
  try {
    return await use(miniflare, await miniflare.ready);
  } finally {
    await miniflare.dispose();
  }
}

/** On a free loopback port, with storage that goes with it. */
async function startWorker(bundle: Bundle, extra: WorkerExtras): Promise<Miniflare> {
  Object.assign(process.env, QUIET_WRANGLER);
  const { folder, entry, wasm } = bundle;
  const worker: V4WorkerOptionsShape = readWorkerOptions(bundle.config).workerOptions;
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...worker,
      ...extra,
      name: 'worker',
      modules: [
        { type: 'ESModule', path: path.join(folder, entry) },
        ...wasm.map((file) => ({ type: 'CompiledWasm' as const, path: path.join(folder, file) })),
      ],
      modulesRoot: folder,
      host: '127.0.0.1',
      port: 0,
      cf: false,
      log: new Log(LogLevel.ERROR),
      handleStructuredLogs: ({ level, message }) => {
        if (level === 'error' || level === 'warn') process.stderr.write(`${message}\n`);
      },
    }),
  );
  await miniflare.ready;
  return miniflare;
}

/** A folder for the time of `use`. */
export async function withScratch<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'holdfast-bench-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
