/**
 * Sends one request over and over on keep-alive connections, each waiting for its answer before it sends the next.
 * A latency is what one exchange took, and nothing is added for requests that might have been sent meanwhile.
 */
import { connect, type Connection, encodeRequest, type Exchange } from './http-connection.ts';

export type { Exchange } from './http-connection.ts';

export interface Load {
  readonly requestsPerSecond: number;
  readonly latenciesMs: readonly number[];
}

export interface LoadPlan {
  readonly connections: number;
  /** Load of the same kind before anything counts: what a server does with a delay is then under way. */
  readonly leadInMs: number;
  readonly durationMs: number;
  /** of every answer; 200 where it is left out */
  readonly status?: number;
}

/** @throws Error when an answer has another status, or of a form that this client does not read */
export async function applyLoad(
  exchange: Exchange,
  { connections, leadInMs, durationMs, status = 200 }: LoadPlan,
): Promise<Load> {
  const request = encodeRequest(exchange);
  const open = await Promise.all(Array.from({ length: connections }, () => connect(exchange.url)));
  try {
    const fromMs = performance.now() + leadInMs;
    const untilMs = fromMs + durationMs;
    const latencies = await Promise.all(
      open.map((connection) => repeat(connection, request, { fromMs, untilMs, wanted: status })),
    );
    const latenciesMs = latencies.flat();
    return { requestsPerSecond: latenciesMs.length / (durationMs / 1_000), latenciesMs };
  } finally {
    for (const connection of open) connection.close();
  }
}

/** @returns the latencies of the exchanges that ended between the two moments */
async function repeat(
  connection: Connection,
  request: Buffer,
  { fromMs, untilMs, wanted }: { readonly fromMs: number; readonly untilMs: number; readonly wanted: number },
): Promise<number[]> {
  const latencies: number[] = [];
  for (;;) {
    const sentMs = performance.now();
    const { status, text } = await connection.exchange(request);
    const nowMs = performance.now();
    if (status !== wanted) throw new Error(`expected ${wanted}, got ${text()}`);
    if (nowMs >= untilMs) return latencies;
    if (nowMs >= fromMs) latencies.push(nowMs - sentMs);
  }
}
