/**
 * One call: as many attempts as its rules and its time allow. Everything this client sends may be repeated: predicting
 * changes nothing, and feedback that is repeated counts once.
 */
import { type Answer, HoldfastError, toError } from './errors.ts';

export type Body = string | Uint8Array<ArrayBuffer>;

export interface SendOptions {
  readonly fetch: typeof fetch;
  /** of a call, all attempts and the pauses between them included */
  readonly timeoutMs: number;
  /** attempts after the first */
  readonly retries: number;
  readonly signal: AbortSignal | undefined;
}

/** Too often; a proxy without its server; overloaded; out of time. Every other status is the answer. */
const REPEATED = new Set([429, 502, 503, 504]);

const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 5_000;

/**
 * @param accepts  statuses beside 2xx that the caller reads itself
 * @throws HoldfastError; what `signal` was aborted with, when it was
 */
export async function send(
  url: string,
  request: { readonly method: 'GET' | 'POST'; readonly headers: Headers; readonly body: Body | null },
  { fetch, timeoutMs, retries, signal }: SendOptions,
  accepts: readonly number[] = [],
): Promise<Answer> {
  const deadlineMs = Date.now() + timeoutMs;
  for (let attempt = 0; ; attempt++) {
    const leftMs = Math.max(1, deadlineMs - Date.now());
    if (request.method === 'POST') request.headers.set('Holdfast-Timeout-Ms', String(Math.ceil(leftMs)));
    const outcome = await attemptOnce(url, request, fetch, leftMs, signal);
    const isAnswer = !(outcome instanceof HoldfastError);
    if (isAnswer && (outcome.status < 300 || accepts.includes(outcome.status))) return outcome;
    const failure = isAnswer ? toError(outcome) : outcome;
    const pauseMs = pauseBefore(attempt, isAnswer ? outcome.headers : null);
    const mayRepeat = failure.status === null || REPEATED.has(failure.status);
    if (!mayRepeat || attempt >= retries || Date.now() + pauseMs >= deadlineMs) throw failure;
    await pause(pauseMs, signal);
  }
}

/** An answer, or why there is none. A connection that ends within the body has failed, too. */
async function attemptOnce(
  url: string,
  request: RequestInit,
  fetch: SendOptions['fetch'],
  leftMs: number,
  signal: AbortSignal | undefined,
): Promise<Answer | HoldfastError> {
  const late = AbortSignal.timeout(leftMs);
  const either = signal === undefined ? late : AbortSignal.any([signal, late]);
  try {
    const response = await fetch(url, { ...request, signal: either });
    return { status: response.status, headers: response.headers, bytes: await response.arrayBuffer() };
  } catch (cause) {
    signal?.throwIfAborted();
    const message = late.aborted ? `no answer within the call's time` : `no connection: ${String(cause)}`;
    return new HoldfastError(message, { status: null, requestId: null, cause });
  }
}

/**
 * Twice as long each time, and any share of it, so that clients who failed together do not come back together. What the
 * server asks for comes before it.
 */
function pauseBefore(attempt: number, headers: Headers | null): number {
  const upToMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
  return retryAfterMs(headers?.get('retry-after') ?? null) + Math.random() * upToMs;
}

/** Seconds, or a date (RFC 9110, 10.2.3); 0 for what is neither. */
function retryAfterMs(value: string | null): number {
  if (value === null) return 0;
  const waitMs = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return waitMs > 0 ? waitMs : 0;
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
