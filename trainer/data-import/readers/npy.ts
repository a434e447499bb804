/**
 * Reads arrays as NumPy saves them: `.npy`, a text that describes type and shape before the numbers (NEP 1), and
 * `.npz`, a zip archive of them.
 */
import { err, ok, type Result } from '../../../shared/result.ts';

export interface NpyHeader {
  readonly type: NpyType;
  readonly shape: readonly number[];
  /** Where the numbers begin. */
  readonly start: number;
}

export interface NpyType {
  readonly kind: 'f' | 'i' | 'u' | 'b' | 'S' | 'U';
  readonly bytes: number;
  readonly littleEndian: boolean;
}

/** Longer ones than NumPy writes are no headers. */
const MAX_HEADER = 65_536;
const MAGIC = /^\x93NUMPY/;

/** Whether a file that begins like this is `.npy`. */
export function isNpy(start: Uint8Array): boolean {
  return MAGIC.test(String.fromCharCode(...start.subarray(0, 6)));
}

/**
 * Reads what stands before the numbers.
 *
 * @param start  the file's first bytes, all of it where it is short
 * @returns an error for what is no array, has objects or records in it, or is in Fortran's order
 */
export function readNpyHeader(start: Uint8Array): Result<NpyHeader, string> {
  if (!isNpy(start)) return err('expected an array of NumPy (.npy), got other bytes');
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const long = (start[6] ?? 1) > 1;
  const begin = long ? 12 : 10;
  if (start.length < begin) return err('the header ends early');
  const length = long ? view.getUint32(8, true) : view.getUint16(8, true);
  if (length > MAX_HEADER || start.length < begin + length) return err('the header ends early');
  const text = new TextDecoder('latin1').decode(start.subarray(begin, begin + length));
  const descr = /'descr':\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const sides = /'shape':\s*\(([\d,\s]*)\)/.exec(text)?.[1];
  if (order === undefined || sides === undefined)
    return err('the header does not say shape and order, as NumPy does');
  const type = descr === undefined ? null : parseType(descr);
  if (type === null) {
    const got =
      descr === undefined ? 'records' : descr === '|O' ? 'objects (pickled)' : JSON.stringify(descr);
    return err(`expected an array of numbers or texts, got ${got}: save it with astype(numpy.float32)`);
  }
  const shape = sides.split(',').flatMap((side) => (side.trim() === '' ? [] : [Number(side)]));
  if (order === 'True' && shape.length > 1)
    return err('it is in the order of Fortran: save numpy.ascontiguousarray of it');
  return ok({ type, shape, start: begin + length });
}

function parseType(descr: string): NpyType | null {
  const match = /^([<>|=]?)([fiubSU])(\d+)$/.exec(descr);
  if (match === null) return null;
  const [, order, letter, digits] = match;
  const [kind, size] = [letter as NpyType['kind'], Number(digits)];
  const sizes = { f: [2, 4, 8], i: [1, 2, 4, 8], u: [1, 2, 4, 8], b: [1], S: null, U: null }[kind];
  if (sizes !== null && !sizes.includes(size)) return null;
  // A letter of U is four bytes.
  return { kind, bytes: kind === 'U' ? 4 * size : size, littleEndian: order !== '>' };
}

/** @returns item `i` of an array's bytes: a number, true or false, or a text */
export function npyItem({ kind, bytes, littleEndian }: NpyType, view: DataView, i: number): unknown {
  const at = i * bytes;
  switch (kind) {
    case 'f':
      if (bytes === 8) return view.getFloat64(at, littleEndian);
      return bytes === 4 ? view.getFloat32(at, littleEndian) : halfOf(view.getUint16(at, littleEndian));
    case 'b':
      return view.getUint8(at) !== 0;
    case 'i':
      if (bytes === 8) return Number(view.getBigInt64(at, littleEndian));
      if (bytes === 4) return view.getInt32(at, littleEndian);
      return bytes === 2 ? view.getInt16(at, littleEndian) : view.getInt8(at);
    case 'u':
      if (bytes === 8) return Number(view.getBigUint64(at, littleEndian));
      if (bytes === 4) return view.getUint32(at, littleEndian);
      return bytes === 2 ? view.getUint16(at, littleEndian) : view.getUint8(at);
    case 'S': {
      const text = new Uint8Array(view.buffer, view.byteOffset + at, bytes);
      return new TextDecoder().decode(text).replace(/\0+$/, '');
    }
    case 'U':
      return Array.from({ length: bytes / 4 }, (_, j) => view.getUint32(at + 4 * j, littleEndian))
        .map((letter) => (letter === 0 ? '' : String.fromCodePoint(letter)))
        .join('');
  }
}

/** IEEE 754 binary16. */
function halfOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1_024) * 2 ** (exponent - 15);
}
