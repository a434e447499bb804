/**
 * Bytes to text and back, and gzip, with what both runtimes have.
 */

/** Newer than the type library, and than Node 24; workerd has it, eight times faster than the way over `btoa`. */
interface NativeBase64 {
  toBase64?: (options?: { alphabet: 'base64url'; omitPadding: boolean }) => string;
}

/** Node's own, ten times faster than the way over `btoa`; no other runtime has it. */
interface NodeBuffer {
  readonly Buffer?: {
    from(bytes: ArrayBufferLike, offset: number, length: number): { toString(encoding: 'base64'): string };
  };
}

/** Standard base64 with padding (RFC 4648, section 4). */
export function toBase64(bytes: Uint8Array): string {
  const native = bytes as Uint8Array & NativeBase64;
  if (native.toBase64 !== undefined) return native.toBase64();
  const { Buffer: node } = globalThis as NodeBuffer;
  if (node !== undefined)
    return node.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  let binary = '';
  const chunk = 0x8000;
  for (let i = 0; i < bytes.length; i += chunk) {
    binary += String.fromCharCode(...bytes.subarray(i, i + chunk));
  }
  return btoa(binary);
}

/** The bytes of standard base64, or null when it is none. */
export function fromBase64(text: string): Uint8Array | null {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    return null;
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** URL-safe base64 without padding (RFC 4648, section 5). */
export function toBase64Url(bytes: Uint8Array): string {
  const native = bytes as Uint8Array & NativeBase64;
  if (native.toBase64 !== undefined) return native.toBase64({ alphabet: 'base64url', omitPadding: true });
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** The bytes of URL-safe base64 in its one spelling (unused bits are 0), or null: so bytes and text are one to one. */
export function fromBase64Url(text: string): Uint8Array | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return null;
  const padded = text.replaceAll('-', '+').replaceAll('_', '/');
  const bytes = fromBase64(padded + '='.repeat((4 - (padded.length % 4)) % 4));
  return bytes !== null && toBase64Url(bytes) === text ? bytes : null;
}

/** One after the other; a single part as it is, not copied. None may lie in memory that threads share. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only as Uint8Array<ArrayBuffer>;
  return fill(new Uint8Array(lengthOf(parts)), parts);
}

/** One after the other. */
export function joinFloats(parts: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  return fill(new Float32Array(lengthOf(parts)), parts);
}

/** One after the other. */
export function joinDoubles(parts: readonly Float64Array[]): Float64Array<ArrayBuffer> {
  return fill(new Float64Array(lengthOf(parts)), parts);
}

function lengthOf(parts: readonly ArrayLike<number>[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function fill<T extends { set(part: ArrayLike<number>, at: number): void }>(
  whole: T,
  parts: readonly ArrayLike<number>[],
): T {
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** In turns with whatever else there is to do: some megabytes at once would hold up everybody for a tenth of a second. */
export function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  return readAll(inPieces(bytes).pipeThrough(new CompressionStream('gzip')));
}

/** The zlib format (RFC 1950), as PNG files have it inside. */
export function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  return through(bytes, new CompressionStream('deflate'));
}

/** @throws TypeError when the bytes are not gzip, or end early */
export function gunzip(bytes: Uint8Array): Promise<Uint8Array> {
  return through(bytes, new DecompressionStream('gzip'));
}

async function through(
  bytes: Uint8Array,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  const source = new Response(bytes as Uint8Array<ArrayBuffer>).body;
  return source === null ? new Uint8Array() : readAll(source.pipeThrough(stream));
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
}

const PIECE_BYTES = 131_072;

function inPieces(bytes: Uint8Array): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    async pull(controller) {
      // A stream's own promises are settled in the turn that compresses.
      if (at > 0) await new Promise((resolve) => setTimeout(resolve, 0));
      if (at >= bytes.byteLength) return controller.close();
      controller.enqueue(bytes.slice(at, at + PIECE_BYTES));
      at += PIECE_BYTES;
    },
  });
}

/** float32 numbers as little-endian bytes; a view, not a copy (every platform we run on is little-endian). */
export function floatBytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/**
 * The float32 numbers in little-endian bytes, copied so that alignment does not matter.
 *
 * @throws RangeError when the length is no multiple of 4
 */
export function bytesToFloats(bytes: Uint8Array): Float32Array {
  // Not bytes.slice(): a Node Buffer would give a view of its whole pool.
  return new Float32Array(new Uint8Array(bytes).buffer);
}

/**
 * Rows with zeros behind: answers of a version from before its model had all of its labels say nothing of the later ones.
 *
 * @param outputs  [rows, from]
 * @param from     what each row has
 * @param to       what each row is to have, `from` or more
 * @returns [rows, to]: the same numbers, then zeros; the array itself where nothing is missing
 */
export function widenRows(outputs: Float32Array, from: number, to: number): Float32Array {
  if (from === to) return outputs;
  const rows = outputs.length / from;
  const wide = new Float32Array(rows * to);
  for (let row = 0; row < rows; row++) wide.set(outputs.subarray(row * from, (row + 1) * from), row * to);
  return wide;
}
