/**
 * Sends one request over and over on keep-alive connections, each waiting for its answer before it sends the next.
 * A latency is what one exchange took, and nothing is added for requests that might have been sent meanwhile.
 *
 * It speaks just enough HTTP/1.1 by itself, because the client shares the machine with what it measures: `node:http`
 * spends three to four times as much on a request, more than the bare handler does, and would be what is measured.
 */
import { once } from 'node:events';
import net from 'node:net';

export interface Exchange {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export interface Load {
  readonly requestsPerSecond: number;
  readonly latenciesMs: readonly number[];
}

const HEAD_END = '\r\n\r\n';
/** Without an answer for so long, something is broken. */
const ANSWER_TIMEOUT_MS = 30_000;

/** @throws Error when an answer is not 200, or of a form that this client does not read */
export async function applyLoad(exchange: Exchange, connections: number, durationMs: number): Promise<Load> {
  const request = encodeRequest(exchange);
  const open = Array.from({ length: connections }, () => connect(exchange.url));
  const sockets = await Promise.all(open);
  try {
    const start = performance.now();
    const latencies = await Promise.all(sockets.map((socket) => repeat(socket, request, start + durationMs)));
    const seconds = (performance.now() - start) / 1_000;
    const latenciesMs = latencies.flat();
    return { requestsPerSecond: latenciesMs.length / seconds, latenciesMs };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

function encodeRequest({ url, headers, body }: Exchange): Buffer {
  const lines = Object.entries({ host: url.host, 'content-length': Buffer.byteLength(body), ...headers });
  const head = [`POST ${url.pathname} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`)];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}${HEAD_END}`), Buffer.from(body)]);
}

async function connect(url: URL): Promise<net.Socket> {
  const socket = net.connect({ host: url.hostname, port: Number(url.port), noDelay: true });
  await once(socket, 'connect');
  return socket.setTimeout(ANSWER_TIMEOUT_MS);
}

/** @returns the latencies of the exchanges begun before `until` */
function repeat(socket: net.Socket, request: Buffer, until: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const latencies: number[] = [];
    let sentAt = 0;
    let received: Buffer = Buffer.alloc(0);
    const send = () => {
      sentAt = performance.now();
      if (sentAt >= until) return resolve(latencies);
      received = Buffer.alloc(0);
      socket.write(request);
    };
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const whole = isWhole(received);
      if (typeof whole === 'string') return reject(new Error(whole));
      if (!whole) return;
      latencies.push(performance.now() - sentAt);
      send();
    });
    socket.on('timeout', () => reject(new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms`)));
    socket.on('close', () => reject(new Error('the server closed the connection')));
    socket.on('error', reject);
    send();
  });
}

/** Whether an answer is there to its end; a text when it is not one to wait for. */
function isWhole(received: Buffer): boolean | string {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd === -1) return false;
  const head = received.toString('latin1', 0, headEnd);
  if (!head.startsWith('HTTP/1.1 200 ')) return `expected 200, got ${received.toString('utf8')}`;
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) return `expected a Content-Length, got ${head}`;
  return received.length >= headEnd + HEAD_END.length + Number(length);
}
