/**
 * Doubles as bytes, little-endian, as all platforms that run this are.
 */

export function doubleBytes(values: Float64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** A copy: the bytes may lie at any offset. */
export function bytesToDoubles(bytes: Uint8Array): Float64Array {
  const copy = bytes.slice(0, bytes.byteLength - (bytes.byteLength % 8));
  return new Float64Array(copy.buffer, copy.byteOffset, copy.byteLength / 8);
}
