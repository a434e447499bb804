/**
 * The values of an input tensor: numbers as float32, or strings and bytes; from JSON, flat or nested, or from bytes.
 */
import { fromBase64 } from '../../../shared/bytes.ts';
import { kindOf } from '../../../shared/model/spec/read-value.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import type { RawTensor } from './body.ts';
import { NUMERIC, type NumericType } from './datatypes.ts';

export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** How messages name it. */
  readonly where: string;
  readonly values: Float32Array | readonly Bytes[];
  /** Its numbers are true (1) and false (0). */
  readonly logical: boolean;
}

/** An element of BYTES: text from JSON, bytes from the binary part or from base64; null where it is missing. */
export type Bytes = string | Uint8Array | null;

/** Deeper than any shape; what a client nests deeper is a mistake or an attack (Triton's limit). */
const MAX_DEPTH = 100;
const LENGTH_BYTES = 4;

/** Whether null may stand at a position of JSON, for a value that is missing. */
export type Gaps = (position: number) => boolean;

/** @param gaps  where null may stand; among numbers it becomes NaN */
export function readTensor(raw: RawTensor, where: string, gaps: Gaps): Result<Tensor, string> {
  const { name, shape, datatype } = raw;
  const values = datatype === 'BYTES' ? readBytes(raw, gaps) : readNumbers(raw, datatype, gaps);
  if (!values.ok) return err(`${where}: ${values.error}`);
  return ok({ name, shape, where, values: values.value, logical: datatype === 'BOOL' });
}

function readNumbers(
  { data, bytes, size }: RawTensor,
  datatype: NumericType,
  gaps: Gaps,
): Result<Float32Array, string> {
  if (bytes !== null) return decodeNumbers(bytes, datatype, size);
  const fits = NUMERIC[datatype].json;
  if (fits === null) return err(`${datatype} has no form in JSON: send it as binary data`);
  const flat = flatten(data ?? [], size);
  if (!flat.ok) return flat;
  const values = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const value = flat.value[i];
    const gap = value === null && gaps(i);
    if (!gap && !fits(value)) return err(`expected ${datatype} at position ${i}, got ${kindOf(value)}`);
    values[i] = gap ? Number.NaN : Number(value);
  }
  return ok(values);
}

/** Little-endian elements; a view where they are float32 and aligned. */
export function decodeNumbers(
  bytes: Uint8Array,
  datatype: NumericType,
  size: number,
): Result<Float32Array, string> {
  const format = NUMERIC[datatype];
  if (bytes.byteLength !== size * format.bytes) {
    return err(`expected ${size * format.bytes} bytes for ${size} of ${datatype}, got ${bytes.byteLength}`);
  }
  if (datatype === 'FP32' && bytes.byteOffset % format.bytes === 0) {
    return ok(new Float32Array(bytes.buffer, bytes.byteOffset, size));
  }
  return ok(format.read(new Uint8Array(bytes).buffer));
}

function readBytes({ data, bytes, size, base64 }: RawTensor, gaps: Gaps): Result<Bytes[], string> {
  if (bytes !== null) return splitBytes(bytes, size);
  const flat = flatten(data ?? [], size);
  if (!flat.ok) return flat;
  const values: Bytes[] = [];
  for (const [i, value] of flat.value.entries()) {
    if (value === null && gaps(i)) {
      values.push(null);
      continue;
    }
    if (typeof value !== 'string') return err(`expected a string at position ${i}, got ${kindOf(value)}`);
    const element = base64 ? fromBase64(value) : value;
    if (element === null) return err(`expected base64 at position ${i}`);
    values.push(element);
  }
  return ok(values);
}

/** Each element after its length, 4 bytes, little-endian. */
function splitBytes(bytes: Uint8Array, size: number): Result<Bytes[], string> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values: Bytes[] = [];
  let at = 0;
  while (at + LENGTH_BYTES <= bytes.byteLength) {
    const end = at + LENGTH_BYTES + view.getUint32(at, true);
    if (end > bytes.byteLength) return err(`element ${values.length} ends behind the data`);
    values.push(bytes.subarray(at + LENGTH_BYTES, end));
    at = end;
  }
  if (at !== bytes.byteLength) return err(`${bytes.byteLength - at} bytes are left behind the elements`);
  return values.length === size ? ok(values) : err(describeCount(size, values.length));
}

/** The leaves of nested lists. Only their number must fit the shape: servers of this protocol do not look at nesting. */
function flatten(data: readonly unknown[], size: number): Result<readonly unknown[], string> {
  let depth = 1;
  let flat: readonly unknown[] = data;
  for (; flat.some(Array.isArray); depth++) {
    if (depth >= MAX_DEPTH) return err(`data is nested deeper than ${MAX_DEPTH}`);
    flat = flat.flat(1);
  }
  return flat.length === size ? ok(flat) : err(describeCount(size, flat.length));
}

function describeCount(expected: number, got: number): string {
  return `expected ${expected} elements, as the shape says, got ${got}`;
}
