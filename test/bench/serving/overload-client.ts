/**
 * Load that may be more than the server takes: what was served, and how long it took, and what was refused.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type Connection, encodeRequest, type Exchange } from './http-connection.ts';

export interface Outcome {
  readonly seconds: number;
  /** Latencies of what was answered by 200; in the open loop from the moment at which the request was due. */
  readonly servedMs: readonly number[];
  /** 503 */
  readonly refused: number;
  /** Any other answer, or none. */
  readonly failed: number;
}

interface Tally {
  readonly servedMs: number[];
  refused: number;
  failed: number;
}

/** @returns how long the server wants to be left alone, in milliseconds */
async function ask(connection: Connection, request: Buffer, sinceMs: number, tally: Tally): Promise<number> {
  try {
    const { status, retryAfterSeconds } = await connection.exchange(request);
    if (status === 200) tally.servedMs.push(performance.now() - sinceMs);
    else if (status === 503) tally.refused += 1;
    else tally.failed += 1;
    return (retryAfterSeconds ?? 0) * 1_000;
  } catch {
    connection.close();
    tally.failed += 1;
    return 0;
  }
}

export interface ClosedLoop {
  readonly connections: number;
  readonly durationMs: number;
  /** Whether a client waits as a 503's Retry-After says; otherwise it comes again at once. */
  readonly patient: boolean;
}

/** Every client asks again when it has its answer. */
export async function applyClosedLoop(
  exchange: Exchange,
  { connections, durationMs, patient }: ClosedLoop,
): Promise<Outcome> {
  const request = encodeRequest(exchange);
  const tally: Tally = { servedMs: [], refused: 0, failed: 0 };
  const startMs = performance.now();
  const repeat = async (): Promise<void> => {
    let connection = await connect(exchange.url);
    for (let nowMs = startMs; nowMs - startMs < durationMs; nowMs = performance.now()) {
      if (!connection.isOpen()) connection = await connect(exchange.url);
      const restMs = await ask(connection, request, nowMs, tally);
      // A little apart, as clients that are told the same are advised to (RFC 9110 leaves it to them).
      if (patient && restMs > 0) await sleep(restMs * (1 + Math.random() / 2));
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: connections }, repeat));
  return { ...tally, seconds: (performance.now() - startMs) / 1_000 };
}

export interface OpenLoop {
  readonly perSecond: number;
  readonly durationMs: number;
}

/** Connections that are there before the first request: a server that is busy is slow to take on new ones. */
const READY = 256;

/**
 * Requests arrive at random moments (Poisson), whatever became of those before; each on a connection that nobody uses. A
 * request's time begins when it was due, so that a client that falls behind does not hide it.
 */
export async function applyOpenLoop(
  exchange: Exchange,
  { perSecond, durationMs }: OpenLoop,
): Promise<Outcome> {
  const request = encodeRequest(exchange);
  const idle = await Promise.all(Array.from({ length: READY }, () => connect(exchange.url)));
  const tally: Tally = { servedMs: [], refused: 0, failed: 0 };
  const take = async (): Promise<Connection> => {
    for (let last = idle.pop(); last !== undefined; last = idle.pop()) if (last.isOpen()) return last;
    return connect(exchange.url);
  };
  const send = async (dueMs: number): Promise<void> => {
    const connection = await take();
    await ask(connection, request, dueMs, tally);
    idle.push(connection);
  };
  const sent: Promise<void>[] = [];
  const startMs = performance.now();
  let dueMs = startMs;
  while (dueMs - startMs < durationMs) {
    const aheadMs = dueMs - performance.now();
    if (aheadMs > 0) await sleep(aheadMs);
    sent.push(send(dueMs));
    dueMs += (-Math.log(1 - Math.random()) * 1_000) / perSecond;
  }
  await Promise.all(sent);
  for (const connection of idle) connection.close();
  return { ...tally, seconds: (performance.now() - startMs) / 1_000 };
}
