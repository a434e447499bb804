/**
 * Both Workers in one Miniflare: their wrangler files, plus what only this machine may have (local keys, a door to the
 * trainer's cron handler).
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import {
  convertV4MiniflareOptions,
  Log,
  LogLevel,
  Miniflare,
  type V4WorkerOptions,
  type V4WorkerOptionsShape,
} from 'miniflare';
import { unstable_getMiniflareWorkerOptions as readWorkerOptions } from 'wrangler';
import { type Bundles, CONFIGS, QUIET_WRANGLER, type WorkerName } from './bundles.ts';
import { withGuardedEntry } from './guard-runtime.ts';
import type { RuntimeLog } from './log-lines.ts';

/** The trainer has no fetch handler; this host name reaches its cron handler, from this machine only. */
export const TRAINER_HOST = 'trainer.localhost';

export interface MiniflareOptions {
  readonly bundles: Bundles;
  readonly port: number;
  readonly state: string;
  readonly onLog: (log: RuntimeLog) => void;
}

/** Starts the runtime; `ready` of what comes back resolves to its URL. */
export async function startMiniflare({ bundles, port, state, onLog }: MiniflareOptions): Promise<Miniflare> {
  Object.assign(process.env, QUIET_WRANGLER);
  const edge = await workerOptions('edge', bundles);
  const trainer = await workerOptions('trainer', bundles);
  const converted = convertV4MiniflareOptions({
    host: '127.0.0.1',
    port,
    cf: false,
    log: new Log(LogLevel.ERROR),
    handleStructuredLogs: onLog,
    resourcePersistencePath: state,
    unsafeTriggerHandlers: true,
    unsafeLocalExplorer: false,
    workers: [
      { ...edge, name: 'holdfast', bindings: { ...edge.bindings, HOLDFAST_LOCAL_KEYS: 'on' } },
      {
        ...trainer,
        name: 'holdfast-trainer',
        routes: [`${TRAINER_HOST}/*`],
        bindings: { ...trainer.bindings, ...stepSeconds() },
      },
    ],
  });
  return withGuardedEntry(async () => {
    const miniflare = withoutSignalHandlers(() => new Miniflare(converted));
    await miniflare.ready;
    return miniflare;
  });
}

/** The environment's word counts here as it does for a Node job. */
function stepSeconds(): { readonly HOLDFAST_STEP_CPU_SECONDS?: string } {
  const { HOLDFAST_STEP_CPU_SECONDS } = process.env;
  return HOLDFAST_STEP_CPU_SECONDS === undefined ? {} : { HOLDFAST_STEP_CPU_SECONDS };
}

/** What ends a process from outside, and leaves it time to tidy up. */
export const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Miniflare ends the process at once on a signal, without waiting for its runtime. Signals are our callers' business. */
function withoutSignalHandlers<T>(create: () => T): T {
  const before = STOP_SIGNALS.map((signal) => new Set(process.listeners(signal)));
  const created = create();
  for (const [i, signal] of STOP_SIGNALS.entries()) {
    for (const listener of process.listeners(signal)) {
      if (before[i]?.has(listener) !== true) process.removeListener(signal, listener);
    }
  }
  return created;
}

async function workerOptions(worker: WorkerName, bundles: Bundles): Promise<V4WorkerOptions> {
  const fromConfig: V4WorkerOptionsShape = readWorkerOptions(CONFIGS[worker]).workerOptions;
  const folder = path.join(bundles.folder, worker);
  return { ...fromConfig, modules: await listModules(folder), modulesRoot: folder };
}

/** The entry comes first. */
async function listModules(folder: string) {
  const files = (await readdir(folder)).filter((file) => /\.(js|wasm)$/.test(file));
  const ordered = files.sort((a, b) => Number(b === 'worker.js') - Number(a === 'worker.js'));
  return ordered.map((file) => ({
    type: file.endsWith('.wasm') ? ('CompiledWasm' as const) : ('ESModule' as const),
    path: path.join(folder, file),
  }));
}
