/**
 * Whether a picture's file is complete. The decoders fill up what is missing with grey and say nothing, so a truncated
 * picture would become an example like any other.
 */
import { crc32 } from 'node:zlib';

const SIGNATURE_BYTES = 8;
/** Length, type and check sum around a chunk's data. */
const CHUNK_FRAME_BYTES = 12;

/** Every chunk up to IEND is there with the right check sum (PNG specification, sections 5.3 and 5.5). */
export function isWholePng(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = SIGNATURE_BYTES; at + CHUNK_FRAME_BYTES <= bytes.length;) {
    const length = view.getUint32(at);
    const end = at + CHUNK_FRAME_BYTES + length;
    if (end > bytes.length) return false;
    if (crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) return false;
    if (view.getUint32(at + 4) === 0x4945_4e44) return true;
    at = end;
  }
  return false;
}

/**
 * An end-of-image marker follows the last start of a scan (ITU-T T.81, annex B). Neither can stand inside a scan,
 * where every FF is followed by 00 or a restart; an embedded preview comes before the picture's own scans.
 */
export function isWholeJpeg(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lastScan = buffer.lastIndexOf(Buffer.of(0xff, 0xda));
  return lastScan !== -1 && buffer.indexOf(Buffer.of(0xff, 0xd9), lastScan) !== -1;
}
