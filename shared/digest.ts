/**
 * SHA-256, the one digest of this project: of files, of examples, of bearer keys.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 as hash } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

/** As it is written: 64 lower-case hexadecimal digits. */
export const DIGEST = /^[0-9a-f]{64}$/;

const encoder = new TextEncoder();

/** SHA-256 (FIPS 180-4) of bytes; 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  return hash(data);
}

/** SHA-256 of bytes, or of a text's UTF-8 bytes, as 64 lower-case hexadecimal digits. */
export function sha256Hex(data: Uint8Array | string): string {
  return bytesToHex(hash(toBytes(data)));
}

/** The same of megabytes, by the platform's own code: many times faster, and waited for. */
export async function hashLarge(data: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', data));
}

/** A digest as lower-case hexadecimal digits. */
export function hexOf(digest: Uint8Array): string {
  return bytesToHex(digest);
}

/**
 * HMAC-SHA-256 (RFC 2104) under a hexadecimal key; 32 bytes.
 *
 * @param prefix  text in front of the data that many messages begin with: it is hashed once
 */
export function keyedHash(keyHex: string, data: Uint8Array | string, prefix = ''): Uint8Array {
  return keyed(keyHex, prefix).clone().update(toBytes(data)).digest();
}

type Keyed = ReturnType<typeof hmac.create>;

/** Half of a short message's hash is the work on its key, and keys and prefixes are few: one a model. */
const MAX_KEYED = 64;
const keyedBy = new Map<string, Keyed>();

function keyed(keyHex: string, prefix: string): Keyed {
  const name = `${keyHex} ${prefix}`;
  const known = keyedBy.get(name);
  if (known !== undefined) return known;
  if (keyedBy.size >= MAX_KEYED) keyedBy.clear();
  const created = hmac.create(hash, hexToBytes(keyHex));
  created.update(toBytes(prefix));
  keyedBy.set(name, created);
  return created;
}

/** A 32-bit seed that is a pure function of its parts; the same parts give the same seed everywhere. */
export function seedFrom(...parts: readonly (string | number)[]): number {
  return Number.parseInt(sha256Hex(parts.join('\n')).slice(0, 8), 16);
}

/** `n` random bytes from the platform's generator, in hexadecimal. */
export function randomHex(n: number): string {
  return bytesToHex(crypto.getRandomValues(new Uint8Array(n)));
}

function toBytes(data: Uint8Array | string): Uint8Array {
  return typeof data === 'string' ? encoder.encode(data) : data;
}
