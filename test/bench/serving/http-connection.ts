/**
 * One keep-alive connection, one exchange at a time. It speaks just enough HTTP/1.1 by itself, because the client shares
 * the machine with what it measures: `node:http` spends three to four times as much on a request, more than the bare
 * handler does, and would be what is measured.
 */
import { once } from 'node:events';
import net from 'node:net';

export interface Exchange {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export interface Answered {
  readonly status: number;
  /** null without the header */
  readonly retryAfterSeconds: number | null;
  /** Head and body, as they came. */
  readonly text: () => string;
}

export interface Connection {
  /** @throws Error when the answer has a form that this does not read, or does not come */
  exchange(request: Buffer): Promise<Answered>;
  /** A server that answers before it has read a body closes the connection. */
  isOpen(): boolean;
  close(): void;
}

const HEAD_END = '\r\n\r\n';
/** Without an answer for so long, something is broken. */
const ANSWER_TIMEOUT_MS = 30_000;

export function encodeRequest({ url, headers, body }: Exchange): Buffer {
  const lines = Object.entries({ host: url.host, 'content-length': Buffer.byteLength(body), ...headers });
  const head = [`POST ${url.pathname} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`)];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}${HEAD_END}`), Buffer.from(body)]);
}

interface Waiting {
  readonly resolve: (answered: Answered) => void;
  readonly reject: (cause: Error) => void;
}

export async function connect(url: URL): Promise<Connection> {
  const socket = net.connect({ host: url.hostname, port: Number(url.port), noDelay: true });
  await once(socket, 'connect');
  socket.setTimeout(ANSWER_TIMEOUT_MS);
  let waiting: Waiting | null = null;
  let received: Buffer = Buffer.alloc(0);
  const settle = (answered: Answered | Error): void => {
    const waited = waiting;
    waiting = null;
    if (answered instanceof Error) waited?.reject(answered);
    else waited?.resolve(answered);
  };
  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const answered = readAnswer(received);
    if (answered !== null) settle(answered);
  });
  socket.on('timeout', () => settle(new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms`)));
  socket.on('close', () => settle(new Error('the server closed the connection')));
  socket.on('error', settle);
  return {
    exchange: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        received = Buffer.alloc(0);
        socket.write(request);
      }),
    isOpen: () => socket.readyState === 'open',
    close: () => socket.destroy(),
  };
}

/** @returns null until the answer is there to its end; an Error when it is not one to wait for */
function readAnswer(received: Buffer): Answered | Error | null {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd === -1) return null;
  const head = received.toString('latin1', 0, headEnd);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) return new Error(`expected a Content-Length, got ${head}`);
  if (received.length < headEnd + HEAD_END.length + Number(length)) return null;
  const retryAfter = /\r\nretry-after: *(\d+)/i.exec(head)?.[1];
  return {
    status: Number(head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length)),
    retryAfterSeconds: retryAfter === undefined ? null : Number(retryAfter),
    text: () => received.toString('utf8'),
  };
}
