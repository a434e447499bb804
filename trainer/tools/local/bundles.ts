/**
 * Both Workers as `wrangler deploy` would upload them, built only when a source has changed.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { err, ok, type Result } from '../../../shared/result.ts';
import { BUILDS, PROJECT } from '../state/paths.ts';

export const CONFIGS = {
  edge: path.join(PROJECT, 'wrangler.toml'),
  trainer: path.join(PROJECT, 'trainer', 'wrangler.toml'),
} as const;
export type WorkerName = keyof typeof CONFIGS;

const SOURCES = ['functions', 'trainer', 'shared', 'wrangler.toml', 'package-lock.json'];
/** Older ones go; the newest may be in use by another process. */
const KEPT_BUILDS = 3;

/** A folder with `edge/` and `trainer/`, each with worker.js and its modules. */
export interface Bundles {
  readonly folder: string;
  readonly built: boolean;
}

/**
 * Gives the bundles of the present sources. Builds are named by their sources' digest and appear whole, by a rename,
 * so processes that start together can't harm each other.
 *
 * @param onBuild  called when there is something to build, which takes a few seconds
 * @returns what wrangler said when a Worker can't be built
 */
export async function bundleWorkers(onBuild: () => void): Promise<Result<Bundles, string>> {
  const folder = path.join(BUILDS, await digestSources());
  if (existsSync(folder)) return ok({ folder, built: false });
  onBuild();
  const scratch = `${folder}.${process.pid}`;
  await mkdir(scratch, { recursive: true });
  const outcomes = await Promise.all([bundle('edge', scratch), bundle('trainer', scratch)]);
  const problems = outcomes.filter((problem) => problem !== null);
  if (problems.length > 0) {
    await rm(scratch, { recursive: true, force: true });
    return err(problems.join('\n'));
  }
  await rename(scratch, folder).catch(async (cause: unknown) => {
    await rm(scratch, { recursive: true, force: true });
    if (!existsSync(folder)) throw cause;
  });
  await removeOldBuilds();
  return ok({ folder, built: true });
}

async function digestSources(): Promise<string> {
  const hash = createHash('sha256');
  for (const source of SOURCES) await addSource(hash, source);
  return hash.digest('hex').slice(0, 16);
}

async function addSource(hash: ReturnType<typeof createHash>, source: string): Promise<void> {
  const file = path.join(PROJECT, source);
  const entries = await readdir(file, { withFileTypes: true }).catch(() => null);
  if (entries === null) {
    hash.update(`${source}\n`).update(await readFile(file));
    return;
  }
  const names = entries.map(({ name }) => name).filter((name) => !name.startsWith('.'));
  for (const name of names.sort()) await addSource(hash, path.join(source, name));
}

/** Builds one Worker; null, or what went wrong. */
async function bundle(worker: WorkerName, folder: string): Promise<string | null> {
  const wrangler = path.join(
    path.dirname(createRequire(import.meta.url).resolve('wrangler/package.json')),
    'bin/wrangler.js',
  );
  const config = CONFIGS[worker];
  const args = [wrangler, 'deploy', '--dry-run', '--outdir', path.join(folder, worker), '--config', config];
  const { code, output } = await run(args);
  return code === 0 ? null : `wrangler could not build the ${worker} Worker:\n${output}`;
}

function run(args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, args, {
    cwd: PROJECT,
    env: { ...process.env, ...QUIET_WRANGLER, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** Nothing is sent, fetched, asked, or said short of an error. */
export const QUIET_WRANGLER = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_LOG: 'error',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
} as const;

async function removeOldBuilds(): Promise<void> {
  const names = await readdir(BUILDS);
  const dated = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(path.join(BUILDS, name))).mtimeMs })),
  );
  const old = dated.sort((a, b) => b.at - a.at).slice(KEPT_BUILDS);
  for (const { name } of old) await rm(path.join(BUILDS, name), { recursive: true, force: true });
}
