/**
 * Writes protocol buffers: as much of the wire format as an ONNX file takes.
 */

/** A field's number in its message, and its value there. */
export type Field = readonly [number: number, value: number | string | Uint8Array];

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** Whole numbers of 0 or more become varints; texts and bytes (also messages) are written with their length. */
export function message(...fields: readonly Field[]): Uint8Array {
  return join(
    fields.map(([number, value]) => {
      if (typeof value === 'number') return join([varint(number * 8 + VARINT), varint(value)]);
      const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
      return join([varint(number * 8 + LENGTH_DELIMITED), varint(bytes.length), bytes]);
    }),
  );
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return Uint8Array.of(...bytes, rest);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
