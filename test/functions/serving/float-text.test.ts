import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { floatsText, floatText, rowsText } from '../../../functions/serving/float-text.ts';
import { parseJsonText } from '../../../functions/http/json-text.ts';

test.each([
  [3, '3.0'],
  [0, '0.0'],
  [-0, '-0.0'],
  [9_000_000, '9000000.0'],
  [Math.fround(0.1), '0.1'],
  [Math.fround(1e-7), '1e-7'],
  [Math.fround(1e30), '1e+30'],
  [555557.5, '555557.5'],
  [NaN, 'NaN'],
  [Infinity, 'Infinity'],
  [-Infinity, '-Infinity'],
])('%d is written %s', (value, text) => {
  expect(floatText(value)).toBe(text);
});

test('rows are nested lists, and no rows are none', () => {
  expect(rowsText(Float32Array.of(1, 2, 3, 4.5), 2)).toBe('[[1.0,2.0],[3.0,4.5]]');
  expect(rowsText(new Float32Array(), 2)).toBe('[]');
  expect(floatsText(new Float32Array())).toBe('[]');
});

test('any float32 is read back with the bits it had', () => {
  fc.assert(
    fc.property(fc.float32Array(), (values) => {
      expect(Float32Array.from(parseJsonText(floatsText(values)) as number[])).toEqual(values);
    }),
  );
});
