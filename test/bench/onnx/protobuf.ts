/**
 * Writes protocol buffers: as much of the wire format as an ONNX file takes.
 */
import { joinBytes } from '../../../shared/bytes.ts';

/** A field's number in its message, and its value there. */
export type Field = readonly [number: number, value: number | string | Uint8Array];

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** Whole numbers of 0 or more become varints; texts and bytes (also messages) are written with their length. */
export function message(...fields: readonly Field[]): Uint8Array {
  return joinBytes(
    fields.map(([number, value]) => {
      if (typeof value === 'number') return joinBytes([varint(number * 8 + VARINT), varint(value)]);
      const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
      return joinBytes([varint(number * 8 + LENGTH_DELIMITED), varint(bytes.length), bytes]);
    }),
  );
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return Uint8Array.of(...bytes, rest);
}
