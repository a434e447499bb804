/**
 * What makes two inputs the same example: SHA-256 over the type and the bytes. It decides which side of the split an
 * example is on, so it never changes.
 */
import { sha256Hex } from '../digest.ts';

const TYPE_BYTES = { u8: 1, f32: 2 } as const;

export function digestInput(type: keyof typeof TYPE_BYTES, bytes: Uint8Array): string {
  const prefixed = new Uint8Array(bytes.byteLength + 1);
  prefixed[0] = TYPE_BYTES[type];
  prefixed.set(bytes, 1);
  return sha256Hex(prefixed);
}
