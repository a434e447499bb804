/**
 * A file to read, gzipped or not: looked through once for its digest and size, then streamed.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { err, ok, type Result } from '../../../shared/result.ts';

const LINE_FEED = 10;
const QUOTE = 34;

export interface InputFile {
  readonly path: string;
  readonly name: string;
  readonly gzipped: boolean;
  /** SHA-256 of the unpacked content. */
  readonly digest: string;
  /** Unpacked. */
  readonly bytes: number;
  /** Line feeds, and one for a last line without; carriage returns where there are no line feeds. */
  readonly lines: number;
  /** Whether there is a double quote anywhere. */
  readonly quoted: boolean;
  /** The first bytes, unpacked. */
  readonly start: Uint8Array;
  /** The first line that is not UTF-8; null where all are. */
  readonly notUtf8: number | null;
}

/** Reads the whole file once. Refuses what is missing, is a folder, is empty, or is broken gzip. */
export async function scanFile(path: string): Promise<Result<InputFile, string>> {
  const gzipped = await isGzip(path);
  if (!gzipped.ok) return gzipped;
  const hash = createHash('sha256');
  let bytes = 0;
  let lines = 0;
  let last = LINE_FEED;
  let quoted = false;
  let start: Buffer = Buffer.alloc(0);
  const utf8 = createUtf8Check();
  try {
    for await (const chunk of openStream(path, gzipped.value)) {
      hash.update(chunk);
      if (start.length < START_BYTES) start = Buffer.concat([start, chunk.subarray(0, START_BYTES)]);
      utf8.add(chunk, lines);
      bytes += chunk.length;
      for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, at + 1)) lines += 1;
      last = chunk.at(-1) ?? last;
      quoted ||= chunk.includes(QUOTE);
    }
  } catch (error) {
    return err(
      `${path}: ${gzipped.value ? 'expected gzip, got something truncated or altered' : reasonOf(error)}`,
    );
  }
  if (bytes === 0) return err(`${path}: the file is empty`);
  const name = basename(path);
  if (last !== LINE_FEED) lines += 1;
  return ok({
    path,
    name,
    gzipped: gzipped.value,
    digest: hash.digest('hex'),
    bytes,
    // Old Macs and some instruments end lines with a carriage return alone: there are not more than bytes.
    lines: lines <= 1 ? Math.max(lines, start.includes(CARRIAGE_RETURN) ? bytes : 0) : lines,
    start: start.subarray(0, START_BYTES),
    notUtf8: utf8.end(lines),
    quoted,
  });
}

const START_BYTES = 4_096;
const CARRIAGE_RETURN = 13;

/** Finds the first line that is not UTF-8. */
function createUtf8Check() {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let found: number | null = null;
  const check = (decode: () => string, describe: () => number): void => {
    if (found !== null) return;
    try {
      decode();
    } catch {
      found = describe();
    }
  };
  return {
    /** @param before  lines that ended before the chunk */
    add(chunk: Buffer, before: number): void {
      check(
        () => decoder.decode(chunk, { stream: true }),
        () => before + linesUntilBad(chunk),
      );
    },
    end(lines: number): number | null {
      check(
        () => decoder.decode(),
        () => Math.max(1, lines),
      );
      return found;
    },
  };
}

/** Of a chunk, the line from 1 with the first byte that is not UTF-8. */
function linesUntilBad(chunk: Buffer): number {
  const text = new TextDecoder().decode(chunk);
  const bad = text.indexOf('\uFFFD');
  return text.slice(0, bad === -1 ? text.length : bad).split('\n').length;
}

/** By the magic bytes (RFC 1952), whatever the name says. */
async function isGzip(path: string): Promise<Result<boolean, string>> {
  try {
    if ((await stat(path)).isDirectory()) return err(`${path}: expected a file, got a folder`);
    const handle = await open(path);
    const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0).finally(() => handle.close());
    return ok(buffer[0] === 0x1f && buffer[1] === 0x8b);
  } catch (error) {
    return err(`${path}: ${reasonOf(error)}`);
  }
}

/** The unpacked content as it is read from the disk; `onBytes` gets the length of every chunk. */
export async function* streamFile(
  file: Pick<InputFile, 'path' | 'gzipped'>,
  onBytes: (length: number) => void = () => {},
): AsyncGenerator<Buffer> {
  for await (const chunk of openStream(file.path, file.gzipped)) {
    onBytes(chunk.length);
    yield chunk;
  }
}

function openStream(path: string, gzipped: boolean): AsyncIterable<Buffer> {
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  // The iteration over the last stream reports the errors of all of them.
  return gzipped ? pipeline(file, createGunzip({ chunkSize: 1 << 18 }), () => {}) : file;
}

/** Counts what has been streamed, as a fraction of the whole. */
export function createMeter(total: number): {
  readonly add: (bytes: number) => void;
  readonly fraction: () => number;
} {
  let read = 0;
  return {
    add: (bytes) => {
      read += bytes;
    },
    fraction: () => Math.min(1, read / Math.max(1, total)),
  };
}

/** A stream that parsers can be piped to. */
export function toReadable(chunks: AsyncIterable<Buffer>): Readable {
  return Readable.from(chunks, { objectMode: false });
}

/** What the file system said, for a person. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return 'there is no such file or folder';
    case 'EACCES':
      return 'it may not be read (permission denied)';
    case 'ENOTDIR':
      return 'expected a folder, got a file';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
