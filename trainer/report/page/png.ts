/**
 * Pixels as a PNG file (PNG specification, third edition): 8 bits a channel, grey or RGB, no filters. With what both
 * runtimes have; reading PNGs is not its business.
 */
import { deflate, joinBytes } from '../../../shared/bytes.ts';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const COLOUR_TYPE = { 1: 0, 3: 2 } as const;

export interface Picture {
  readonly height: number;
  readonly width: number;
  /** grey, or red, green and blue */
  readonly channels: 1 | 3;
  /** [height, width, channels], row by row */
  readonly pixels: Uint8Array;
}

/** @returns the file: 8 bits a channel, rows unfiltered, deflated */
export async function encodePng({ height, width, channels, pixels }: Picture): Promise<Uint8Array> {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, COLOUR_TYPE[channels]], 8);
  const row = width * channels;
  // Every row begins with the number of its filter; 0 is none.
  const rows = new Uint8Array(height * (1 + row));
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(y * row, (y + 1) * row), y * (1 + row) + 1);
  return joinBytes([
    Uint8Array.from(SIGNATURE),
    chunk('IHDR', header),
    chunk('IDAT', await deflate(rows)),
    chunk('IEND', new Uint8Array()),
  ]);
}

/** Length, type, data, check sum of type and data. */
function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = joinBytes([new TextEncoder().encode(type), data]);
  const ends = new DataView(new ArrayBuffer(8));
  ends.setUint32(0, data.length);
  ends.setUint32(4, crc32(body));
  const [length, sum] = [new Uint8Array(ends.buffer, 0, 4), new Uint8Array(ends.buffer, 4, 4)];
  return joinBytes([length, body, sum]);
}

/** CRC-32 of ISO 3309, bit by bit: the pictures are small. */
function crc32(bytes: Uint8Array): number {
  let sum = 0xffff_ffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb8_8320 : 0);
  }
  return ~sum >>> 0;
}
