/**
 * The local process: both Workers in one runtime, on one state folder, stopped without a trace.
 * `npm start`, `npm run demo` and the tests all start it here.
 */
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import { createS3Store } from '../../node/s3-store.ts';
import type { HttpTarget } from '../cli/target.ts';
import { bundleWorkers } from './bundles.ts';
import { type Client, createClient } from './client.ts';
import type { RuntimeLog } from './log-lines.ts';
import { startMiniflare, TRAINER_HOST } from './miniflare.ts';
import { createOperators } from './operators.ts';
import { childrenNamed, pause } from '../state/processes.ts';
import { lockState, type StateLock } from '../state/state-lock.ts';

export interface LocalOptions {
  /** 0: any free port */
  readonly port: number;
  readonly state: string;
  /** Begin with nothing: what the state folder holds is deleted. */
  readonly fresh?: boolean;
  readonly onLog: (log: RuntimeLog) => void;
  /** Called before the Workers are built, which takes a few seconds. */
  readonly onBuild?: () => void;
}

export interface Local {
  readonly url: string;
  readonly client: Client;
  /** Its operators' API. */
  readonly operators: HttpTarget;
  /** The bucket, over the local S3 endpoint. */
  readonly store: ObjectStore;
  /** Runs the trainer's scheduled() handler as cron would, and waits for it. */
  runCron(at?: Date): Promise<void>;
  /** Ends the runtime and gives the state folder back; again and again does it once. */
  dispose(): Promise<void>;
}

export type LocalError =
  | { readonly kind: 'already-running'; readonly detail: string }
  | { readonly kind: 'port-in-use'; readonly detail: string }
  | { readonly kind: 'build-failed'; readonly detail: string }
  | { readonly kind: 'unhealthy'; readonly detail: string };

export const CRON = '0 3 * * *';
export const S3_PATH = '/cdn-cgi/local/r2/s3';
const BUCKET = 'holdfast';

/** Starts it, with a lock on the state's folder; an error where another process has it, or a port is taken. */
export async function startLocal(options: LocalOptions): Promise<Result<Local, LocalError>> {
  const lock = await lockState(options.state);
  if (!lock.ok) {
    const { owner, url } = lock.error;
    const where = url === null ? 'is starting' : `runs on ${url}`;
    const detail = `Holdfast ${where} with the state in ${options.state} already (process ${owner.pid})`;
    return err({ kind: 'already-running', detail });
  }
  try {
    const started = await startLocked(options, lock.value);
    if (!started.ok) await lock.value.release();
    return started;
  } catch (cause) {
    await lock.value.release();
    throw cause;
  }
}

async function startLocked(options: LocalOptions, lock: StateLock): Promise<Result<Local, LocalError>> {
  if (!(await becomesFree(options.port))) {
    const detail = `port ${options.port} is in use by another program; choose another one with --port`;
    return err({ kind: 'port-in-use', detail });
  }
  const bundles = await bundleWorkers(options.onBuild ?? (() => {}));
  if (!bundles.ok) return err({ kind: 'build-failed', detail: bundles.error });
  if (options.fresh === true) await lock.empty();
  const others = new Set((await childrenNamed('workerd')).map(({ pid }) => pid));
  const miniflare = await startMiniflare({ ...options, bundles: bundles.value });
  let disposed: Promise<void> | undefined;
  const dispose = (): Promise<void> => (disposed ??= miniflare.dispose().then(() => lock.release()));
  try {
    const url = (await miniflare.ready).origin;
    const runtimes = (await childrenNamed('workerd')).filter(({ pid }) => !others.has(pid));
    await lock.update({ runtimes, url });
    const client = createClient(url);
    const problem = await waitUntilHealthy(client);
    if (problem === null) {
      const operators = createOperators(url);
      return ok({
        url,
        client,
        operators,
        store: openStore(url),
        runCron: (at) => runCron(url, at),
        dispose,
      });
    }
    await dispose();
    return err({ kind: 'unhealthy', detail: problem });
  } catch (cause) {
    await dispose();
    throw cause;
  }
}

/** A runtime that has just been ended holds its port a moment longer than its process id. */
const FREE_WITHIN_MS = 1_500;

async function becomesFree(port: number): Promise<boolean> {
  const deadline = Date.now() + FREE_WITHIN_MS;
  while (!(await isFree(port))) {
    if (Date.now() > deadline) return false;
    await pause(50);
  }
  return true;
}

async function isFree(port: number): Promise<boolean> {
  const server = net.createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

const HEALTHY_WITHIN_MS = 15_000;

/**
 * Null once the edge says how it is; otherwise what it said last. A model that is not served is no reason to give up:
 * the edge is up, and an earlier version can be put back through it.
 */
async function waitUntilHealthy(client: Client): Promise<string | null> {
  const deadline = Date.now() + HEALTHY_WITHIN_MS;
  let last = '';
  while (Date.now() < deadline) {
    try {
      const { status, body } = await client.call('operate', 'GET', '/healthz');
      if (status === 200 || isNotServing(body)) return null;
      last = `GET /healthz: ${status} ${JSON.stringify(body)}`;
    } catch (cause) {
      last = String(cause);
    }
    await pause(50);
  }
  return last;
}

function isNotServing(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'status' in body && body.status === 'not-serving';
}

/**
 * The bucket of a local process, over its own S3 endpoint.
 *
 * @param url  where that process runs
 */
export function openStore(url: string): ObjectStore {
  return createS3Store({
    bucket: BUCKET,
    endpoint: `${url}${S3_PATH}`,
    region: 'auto',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local-secret' },
  });
}

/** Node's fetch does not resolve *.localhost everywhere, nor let one set Host: so the older module. */
async function runCron(url: string, at = new Date()): Promise<void> {
  const { port } = new URL(url);
  const query = new URLSearchParams({ cron: CRON, time: String(at.getTime()) });
  const request = http.get({
    host: '127.0.0.1',
    port,
    path: `/cdn-cgi/local/scheduled?${query.toString()}`,
    headers: { host: `${TRAINER_HOST}:${port}`, authorization: 'Bearer local-operate' },
  });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const text = (await response.setEncoding('utf8').toArray()).join('');
  if (response.statusCode !== 200)
    throw new Error(`the cron handler answered ${response.statusCode}: ${text}`);
}
