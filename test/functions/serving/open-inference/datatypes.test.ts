import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  halfToFloat,
  NUMERIC,
  type NumericType,
} from '../../../../functions/serving/open-inference/datatypes.ts';
import { decodeNumbers } from '../../../../functions/serving/open-inference/tensor.ts';

type Setter = (view: DataView, at: number, value: number) => void;

/** The platform's own writer of each datatype. */
const WRITERS: Readonly<Partial<Record<NumericType, Setter>>> = {
  UINT8: (view, at, value) => view.setUint8(at, value),
  UINT16: (view, at, value) => view.setUint16(at, value, true),
  UINT32: (view, at, value) => view.setUint32(at, value, true),
  UINT64: (view, at, value) => view.setBigUint64(at, BigInt(value), true),
  INT8: (view, at, value) => view.setInt8(at, value),
  INT16: (view, at, value) => view.setInt16(at, value, true),
  INT32: (view, at, value) => view.setInt32(at, value, true),
  INT64: (view, at, value) => view.setBigInt64(at, BigInt(value), true),
  FP32: (view, at, value) => view.setFloat32(at, value, true),
  FP64: (view, at, value) => view.setFloat64(at, value, true),
};

describe('bytes of', () => {
  test.each(Object.entries(WRITERS))(
    '%s are read as the platform wrote them, wherever they begin',
    (name, write) => {
      const datatype = name as NumericType;
      const { bytes: width } = NUMERIC[datatype];
      const values = datatype.startsWith('U') ? [0, 1, 100, 200] : [0, 1, -100, 100];
      for (const offset of [0, 1, 4]) {
        const view = new DataView(new ArrayBuffer(offset + values.length * width));
        for (const [i, value] of values.entries()) write(view, offset + i * width, value);
        const decoded = decodeNumbers(new Uint8Array(view.buffer, offset), datatype, values.length);
        expect(decoded).toEqual({ ok: true, value: Float32Array.from(values) });
      }
    },
  );

  test('BOOL are 0 and 1, whatever the byte', () => {
    expect(decodeNumbers(Uint8Array.of(0, 1, 255), 'BOOL', 3)).toMatchObject({
      value: Float32Array.of(0, 1, 1),
    });
  });

  test('BF16 are the upper halves of float32', () => {
    const bytes = new Uint8Array(Uint16Array.of(0x3f80, 0xc020, 0x7f80).buffer);
    expect(decodeNumbers(bytes, 'BF16', 3)).toMatchObject({ value: Float32Array.of(1, -2.5, Infinity) });
  });

  test('another number of them is refused with what was expected', () => {
    expect(decodeNumbers(new Uint8Array(7), 'FP32', 2)).toEqual({
      ok: false,
      error: 'expected 8 bytes for 2 of FP32, got 7',
    });
  });
});

/** Hand-worked from IEEE 754-2019, table 3.5 (binary16). */
test.each([
  [0x0000, 0],
  [0x8000, -0],
  [0x0001, 2 ** -24],
  [0x03ff, 1023 * 2 ** -24],
  [0x0400, 2 ** -14],
  [0x3c00, 1],
  [0xc000, -2],
  [0x3555, 0.333251953125],
  [0x7bff, 65_504],
  [0x7c00, Infinity],
  [0xfc00, -Infinity],
  [0x7e00, NaN],
])('the half float 0x%x is %d', (bits, value) => {
  expect(halfToFloat(bits)).toBe(value);
});

test.each([
  ['UINT8', [0, 255], [-1, 256, 1.5, '1', null, NaN]],
  ['INT8', [-128, 127], [-129, 128]],
  ['INT32', [-(2 ** 31), 2 ** 31 - 1], [2 ** 31]],
  ['INT64', [-(2 ** 63), 2 ** 53], [2 ** 65, 0.5]],
  ['BOOL', [true, false, 0, 1], [2, 'true', null]],
  ['FP32', [0.1, 1e300, NaN, Infinity], ['1', null, true]],
] as const)('%s in JSON may be %j and not %j', (datatype, good, bad) => {
  const fits = NUMERIC[datatype].json;
  for (const value of good) expect(fits?.(value)).toBe(true);
  for (const value of bad) expect(fits?.(value)).toBe(false);
});

test('a float32 that is aligned is a view, and never a copy', () => {
  fc.assert(
    fc.property(fc.float32Array({ noNaN: true }), (values) => {
      const decoded = decodeNumbers(new Uint8Array(values.buffer), 'FP32', values.length);
      expect(decoded.ok && decoded.value.buffer).toBe(values.buffer);
      expect(decoded).toEqual({ ok: true, value: values });
    }),
  );
});
