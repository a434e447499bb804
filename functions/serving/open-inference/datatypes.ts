/**
 * The tensor datatypes of the Open Inference Protocol: what a JSON number may be, and how bytes are read. Models compute
 * in float32, so that is what every number becomes.
 */

export const DATATYPES = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'FP32',
  'FP64',
  'BF16',
] as const;
export type NumericType = (typeof DATATYPES)[number];
export type Datatype = NumericType | 'BYTES';

interface NumericFormat {
  readonly bytes: 1 | 2 | 4 | 8;
  /** null: has no JSON form (docs/protocol/extension_binary_data.md). */
  readonly json: ((value: unknown) => boolean) | null;
  /** @param buffer  whole elements, little-endian, at offset 0 */
  readonly read: (buffer: ArrayBuffer) => Float32Array;
}

export const NUMERIC: Readonly<Record<NumericType, NumericFormat>> = {
  BOOL: { bytes: 1, json: isBoolean, read: (buffer) => Float32Array.from(new Uint8Array(buffer), toBit) },
  UINT8: {
    bytes: 1,
    json: isWhole(0, 2 ** 8 - 1),
    read: (buffer) => Float32Array.from(new Uint8Array(buffer)),
  },
  UINT16: {
    bytes: 2,
    json: isWhole(0, 2 ** 16 - 1),
    read: (buffer) => Float32Array.from(new Uint16Array(buffer)),
  },
  UINT32: {
    bytes: 4,
    json: isWhole(0, 2 ** 32 - 1),
    read: (buffer) => Float32Array.from(new Uint32Array(buffer)),
  },
  UINT64: { bytes: 8, json: isWhole(0, 2 ** 64), read: (buffer) => fromBigInts(new BigUint64Array(buffer)) },
  INT8: {
    bytes: 1,
    json: isWhole(-(2 ** 7), 2 ** 7 - 1),
    read: (buffer) => Float32Array.from(new Int8Array(buffer)),
  },
  INT16: {
    bytes: 2,
    json: isWhole(-(2 ** 15), 2 ** 15 - 1),
    read: (buffer) => Float32Array.from(new Int16Array(buffer)),
  },
  INT32: {
    bytes: 4,
    json: isWhole(-(2 ** 31), 2 ** 31 - 1),
    read: (buffer) => Float32Array.from(new Int32Array(buffer)),
  },
  INT64: {
    bytes: 8,
    json: isWhole(-(2 ** 63), 2 ** 63),
    read: (buffer) => fromBigInts(new BigInt64Array(buffer)),
  },
  FP16: { bytes: 2, json: null, read: (buffer) => Float32Array.from(new Uint16Array(buffer), halfToFloat) },
  FP32: { bytes: 4, json: isNumber, read: (buffer) => new Float32Array(buffer) },
  FP64: { bytes: 8, json: isNumber, read: (buffer) => Float32Array.from(new Float64Array(buffer)) },
  BF16: { bytes: 2, json: null, read: readBrainFloats },
};

/** Whether it is the name of a datatype that requests may have, `BYTES` included. */
export function isDatatype(value: unknown): value is Datatype {
  return value === 'BYTES' || (DATATYPES as readonly unknown[]).includes(value);
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number';
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean' || value === 0 || value === 1;
}

/** JSON's numbers are doubles, so the bounds of 64 bits are rounded to one. */
function isWhole(min: number, max: number): (value: unknown) => boolean {
  return (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}

function toBit(byte: number): number {
  return byte === 0 ? 0 : 1;
}

function fromBigInts(values: BigInt64Array | BigUint64Array): Float32Array {
  const floats = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) floats[i] = Number(values[i]);
  return floats;
}

/** IEEE 754 binary16: sign 1, exponent 5 (bias 15), fraction 10. */
export function halfToFloat(bits: number): number {
  const sign = bits >= 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = (bits & 0x3ff) / 0x400;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

/** bfloat16 is the upper half of float32. */
function readBrainFloats(buffer: ArrayBuffer): Float32Array {
  return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer);
}
