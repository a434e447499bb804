/**
 * Request bodies, compressed or not, and as JSON whatever the content type says, within a limit that is enforced while
 * reading: Content-Length can lie or be absent.
 */
import { err, ok, type Result } from '../../shared/result.ts';
import { joinBytes } from '../../shared/bytes.ts';
import { decompress } from '../decompress.ts';
import type { AppError } from './errors.ts';
import { parseJsonText } from './json-text.ts';

/**
 * @param maxBytes  of the body as it arrives
 * @returns the parsed value; `invalid` says where the JSON ends being JSON, `body-too-large` at the limit
 */
export async function readJson(request: Request, maxBytes: number): Promise<Result<unknown, AppError>> {
  const bytes = await readBytes(request, maxBytes);
  return bytes.ok ? parseJsonBody(bytes.value) : bytes;
}

/** How a body says it was sent. */
export interface BodyHeaders {
  /** Content-Length and Content-Encoding, as they came */
  readonly contentLength: string | null;
  readonly contentEncoding: string | null;
}

/** The two headers that reading a body depends on; null where one was not sent. */
export function bodyHeadersOf(headers: Headers): BodyHeaders {
  return {
    contentLength: headers.get('content-length'),
    contentEncoding: headers.get('content-encoding'),
  };
}

/**
 * The body's bytes, decompressed where it came compressed; `body-too-large` at the limit, which is that of both.
 *
 * @param sent  of the request's headers, where they have been read already
 */
export async function readBytes(
  request: Request,
  maxBytes: number,
  sent: BodyHeaders = bodyHeadersOf(request.headers),
): Promise<Result<Uint8Array, AppError>> {
  const encoding = sent.contentEncoding?.toLowerCase() ?? null;
  const bytes = await readSent(request, maxBytes, sent.contentLength);
  if (encoding === null || !bytes.ok) return bytes;
  if (encoding === 'identity') return bytes;
  if (encoding !== 'gzip' && encoding !== 'deflate') {
    const got = JSON.stringify(encoding.slice(0, 40));
    return err({ kind: 'invalid', detail: `Content-Encoding: expected gzip or deflate, got ${got}` });
  }
  const plain = await decompress(bytes.value, encoding, maxBytes);
  if (plain === 'too-large') return tooLarge(maxBytes);
  if (plain !== 'malformed') return ok(plain);
  return err({ kind: 'invalid', detail: `Content-Encoding: the body is not ${encoding}` });
}

async function readSent(
  request: Request,
  maxBytes: number,
  announced: string | null,
): Promise<Result<Uint8Array, AppError>> {
  if (announced !== null && Number(announced) > maxBytes) {
    await drain(request.body);
    return tooLarge(maxBytes);
  }
  // What is announced is all that HTTP lets through, and to read it in one piece costs a fraction of a stream,
  // as long as nothing asks for `request.body`.
  if (announced !== null) {
    const body = await request.arrayBuffer().catch(() => null);
    if (body === null) return invalidBody('the connection ended before its end');
    return body.byteLength > maxBytes ? tooLarge(maxBytes) : ok(new Uint8Array(body));
  }
  return request.body === null ? ok(new Uint8Array()) : readStream(request.body, maxBytes);
}

/** Stops at the limit: a body whose length nobody announced may have no end. */
async function readStream(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
): Promise<Result<Uint8Array, AppError>> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    size += next.value.byteLength;
    if (size > maxBytes) {
      reader.releaseLock();
      await drain(body);
      return tooLarge(maxBytes);
    }
    chunks.push(next.value);
  }
  return ok(joinBytes(chunks));
}

/** As much as the platform lets through. */
const MAX_DRAINED_BYTES = 100_000_000;
const MAX_DRAIN_MS = 10_000;

/** Reads what is left and forgets it: many a client writes its whole body before it looks at an answer. */
async function drain(body: ReadableStream<Uint8Array> | null): Promise<void> {
  if (body === null) return;
  const reader = body.getReader();
  const untilMs = Date.now() + MAX_DRAIN_MS;
  let size = 0;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      size += next.value.byteLength;
      if (size > MAX_DRAINED_BYTES || Date.now() > untilMs) return await reader.cancel();
    }
  } catch {
    // Whoever has gone reads no answer.
  }
}

function tooLarge(maxBytes: number) {
  return err({
    kind: 'body-too-large' as const,
    detail: `expected a body of at most ${maxBytes} bytes, got more`,
  });
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** JSON as the inference protocols read it: NaN and infinities may be bare tokens. */
export function parseJsonBody(bytes: Uint8Array): Result<unknown, AppError> {
  if (bytes.byteLength === 0) return invalidBody('the document is empty');
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return invalidBody(describeBytes(bytes));
  }
  try {
    return ok(parseJsonText(text));
  } catch (cause) {
    return invalidBody(describeSyntaxError(cause, text));
  }
}

/** How files begin that are posted as they are, as Latin-1. */
const FILE_STARTS: readonly (readonly [string, string])[] = [
  ['\xff\xd8\xff', 'they are a JPEG image: send it with Content-Type: image/jpeg'],
  ['\x89PNG', 'they are a PNG image: send it with Content-Type: image/png'],
  ['RIFF', 'they are a WebP image, or a sound: an image goes with Content-Type: image/webp'],
  ['GIF8', 'they are a GIF image, which is not read: send JPEG, PNG or WebP'],
  ['\x1f\x8b', 'they are compressed: send them with Content-Encoding: gzip'],
  ['\x93NUMPY', 'they are a NumPy array: send its numbers as JSON, or as a binary tensor under /v2'],
];

function describeBytes(bytes: Uint8Array): string {
  const start = String.fromCharCode(...bytes.subarray(0, 16));
  return FILE_STARTS.find(([form]) => start.startsWith(form))?.[1] ?? 'the bytes are not UTF-8';
}

function invalidBody(problem: string) {
  return err({ kind: 'invalid' as const, detail: `expected JSON in the body: ${problem}` });
}

/** V8 names the position or shows the text around it; only of a document that ends early it says neither. */
function describeSyntaxError(cause: unknown, text: string): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.startsWith('Unexpected end') ? `${message} at position ${text.length}` : message;
}
