/**
 * Decompression that stops at a limit. The platform's streams do not: what is written to one is inflated at once and
 * whole, behind `pipeThrough` the entire body before its reader has seen a byte. So it is written in pieces that can
 * become no more than a bounded number of bytes, and after each the reader has its turn.
 */
import { joinBytes } from '../shared/bytes.ts';

/** Deflate gives 1,032 bytes for one at most, so 17 MB for a piece; a turn takes a millisecond. */
const PIECE_BYTES = 16_384;

/**
 * @param maxBytes  of what comes out
 * @returns the bytes; `too-large` when there are more, `malformed` when they are not of this format, or end early
 */
export async function decompress(
  bytes: Uint8Array,
  format: 'gzip' | 'deflate',
  maxBytes: number,
): Promise<Uint8Array | 'too-large' | 'malformed'> {
  const stream = new DecompressionStream(format);
  const reader = stream.readable.getReader();
  const writer = stream.writable.getWriter();
  const state: Reading = { chunks: [], size: 0, isOver: false };
  // Both sides are told of what is malformed; whichever comes first is enough.
  const reading = readInto(state, reader, maxBytes).then(
    () => true,
    () => false,
  );
  const writing = writePieces(bytes, writer, () => state.isOver).then(
    () => true,
    () => false,
  );
  const [read, written] = await Promise.all([reading, writing]);
  if (state.isOver) {
    await reader.cancel().catch(() => undefined);
    return 'too-large';
  }
  return read && written ? joinBytes(state.chunks) : 'malformed';
}

interface Reading {
  readonly chunks: Uint8Array[];
  size: number;
  isOver: boolean;
}

async function readInto(
  state: Reading,
  reader: ReadableStreamDefaultReader<Uint8Array>,
  maxBytes: number,
): Promise<void> {
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    state.size += next.value.byteLength;
    state.isOver = state.size > maxBytes;
    if (state.isOver) return;
    state.chunks.push(next.value);
  }
}

async function writePieces(
  bytes: Uint8Array,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  isOver: () => boolean,
): Promise<void> {
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) {
    // A stream's own promises are settled in the turn that inflates.
    if (at > 0) await new Promise((resolve) => setTimeout(resolve, 0));
    if (isOver()) return void writer.abort().catch(() => undefined);
    await writer.write(bytes.subarray(at, at + PIECE_BYTES));
  }
  await writer.close();
}
