import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCell } from '../../../../shared/model/spec/feature.ts';
import {
  createEncoder,
  encodedSize,
  fitConstants,
  parseInstance,
} from '../../../../shared/model/spec/input.ts';
import { type Feature, inputSchema, type InputSpec } from '../../../../shared/model/spec/spec.ts';
import type { Constants } from '../../../../shared/registry/versions/manifest.ts';

const tableOf = (...features: object[]): InputSpec => inputSchema.parse({ kind: 'tabular', features });

function encode(input: InputSpec, constants: Constants | null, value: unknown): number[] {
  const raw = parseInstance(input, value, 'row');
  if (!raw.ok) throw new Error(raw.error);
  const out = new Float32Array(encodedSize(input));
  createEncoder(input, constants)(raw.value, out, 0);
  return [...out];
}

function fit(input: InputSpec, values: readonly unknown[]): Constants {
  const rows = values.map((value) => {
    const raw = parseInstance(input, value, 'row');
    if (!raw.ok) throw new Error(raw.error);
    return raw.value;
  });
  return fitConstants(input, rows) as Constants;
}

describe('a number that may be missing', () => {
  const age = tableOf({ name: 'age', type: 'number', missing: true });

  test('is the median of the training data, and marked', () => {
    const constants = fit(age, [[1], [null], [2], [9]]);
    // Mean 4, population variance (9 + 4 + 25) / 3.
    const scale = 1 / Math.sqrt(38 / 3);
    expect(constants).toEqual({ mean: [4], scale: [scale], median: [2], marked: [1], places: [] });
    expect(encode(age, constants, [null])).toEqual([Math.fround(-2 * scale), 1]);
    expect(encode(age, constants, {})).toEqual(encode(age, constants, [null]));
    expect(encode(age, constants, ['NA'])).toEqual(encode(age, constants, [null]));
    expect(encode(age, constants, [9])).toEqual([Math.fround(5 * scale), 0]);
  });

  test('is not marked where the training data has all: nothing was learnt of the mark', () => {
    const constants = fit(age, [[1], [2], [9]]);
    expect(encode(age, constants, [null])[1]).toBe(0);
  });

  test('has the same median whichever rows it is missing in, and it is near that of all where there are many', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 1, maxLength: 99 }),
        (values) => {
          const constants = fit(age, [...values.map((value) => [value]), [null]]);
          const sorted = values.toSorted((a, b) => a - b);
          expect(constants.median).toEqual([sorted[(values.length - 1) >> 1]]);
        },
      ),
    );
    const many = Array.from({ length: 50_000 }, (_, i) => [(i * 7_919) % 50_000]);
    expect(Math.abs((fit(age, many).median?.[0] ?? 0) - 25_000)).toBeLessThan(1_000);
  });

  test('is refused where the spec does not say so', () => {
    const whole = tableOf({ name: 'age', type: 'number' });
    expect(parseInstance(whole, [null], 'row')).toEqual({
      ok: false,
      error: 'row.age: expected a finite number, got null',
    });
    expect(parseInstance(whole, {}, 'row')).toEqual({ ok: false, error: 'row: feature "age" is missing' });
  });
});

describe('a category with rare values', () => {
  const port = tableOf({ name: 'port', type: 'category', values: ['a', 'b', 'c'], rare: 2, missing: true });

  test('joins those of few training examples with what was never seen', () => {
    const constants = fit(port, [['a'], ['a'], ['b'], [null], ['z']]);
    expect(constants.places).toEqual([[0, 3, 3, 3, 4]]);
    expect(encode(port, constants, ['a'])).toEqual([1, 0, 0, 0, 0]);
    expect(encode(port, constants, ['b'])).toEqual([0, 0, 0, 1, 0]);
    expect(encode(port, constants, ['never seen'])).toEqual([0, 0, 0, 1, 0]);
    expect(encode(port, constants, [''])).toEqual([0, 0, 0, 0, 1]);
  });

  test('shows nothing of what the training data has nothing of', () => {
    const constants = fit(port, [['a'], ['a'], ['b'], ['b'], ['c'], ['c']]);
    expect(encode(port, constants, ['never seen'])).toEqual([0, 0, 0, 0, 0]);
    expect(encode(port, constants, [null])).toEqual([0, 0, 0, 0, 0]);
  });

  test('without them refuses what it does not know', () => {
    const strict = tableOf({ name: 'port', type: 'category', values: ['a', 'b'] });
    expect(parseInstance(strict, ['z'], 'row').ok).toBe(false);
  });
});

describe('a date', () => {
  const seen = tableOf({
    name: 'seen',
    type: 'date',
    parts: ['hour', 'weekday', 'month', 'age'],
    missing: true,
  });
  const near = (values: readonly number[]): number[] => values.map((value) => Number(value.toFixed(6)) + 0);

  test('is points on circles, and days from the mean', () => {
    const constants = fit(seen, [['2026-01-01'], ['2026-01-03'], [null]]);
    // Sunday, 4 January, six in the morning: a quarter of the day, the first of the week and of the year; two days on.
    expect(near(encode(seen, constants, ['2026-01-04T06:00:00Z']))).toEqual([1, 0, 0, 1, 0, 1, 2.25, 0]);
    expect(encode(seen, constants, [null])).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
  });

  test('keeps its day over centuries', () => {
    const feature = { name: 'd', type: 'date', parts: ['age'] } as Feature;
    fc.assert(
      fc.property(fc.integer({ min: -100_000, max: 100_000 }), (day) => {
        const text = new Date(day * 86_400_000).toISOString().slice(0, 10);
        const raw = Math.fround(readCell(feature, text, 'finite') ?? Number.NaN);
        expect(raw * 60_000 + Date.parse('2020-01-01')).toBe(day * 86_400_000);
      }),
    );
  });

  test('has its day first where the spec says so', () => {
    const dmy = { name: 'd', type: 'date', parts: ['age'], order: 'dmy' } as Feature;
    expect(readCell(dmy, '02/01/2020', 'finite')).toBe(1_440);
    expect(readCell({ name: 'd', type: 'date', parts: ['age'] }, '02/01/2020', 'finite')).toBeNull();
  });
});

test.each<['.' | ',', unknown, number | null]>([
  ['.', '1,234.50 €', 1234.5],
  ['.', '12 %', 12],
  ['.', '$ -1,234', -1234],
  ['.', 'USD 3', 3],
  ['.', '.5', 0.5],
  ['.', 7, 7],
  [',', '1.234,50 €', 1234.5],
  [',', '12,5', 12.5],
  ['.', '1,23', null],
  ['.', '3-5', null],
  ['.', 'A12', null],
  ['.', '2026-01-01', null],
])('with the mark %j, %j is %j', (decimal, text, number) => {
  expect(readCell({ name: 'n', type: 'number', decimal }, text, 'finite')).toBe(number);
});

test('a spec that lets nothing be missing has the constants it always had', () => {
  const plain = tableOf({ name: 'x', type: 'number' }, { name: 'c', type: 'category', values: ['a', 'b'] });
  expect(
    fit(plain, [
      [1, 'a'],
      [3, 'b'],
    ]),
  ).toEqual({ mean: [2], scale: [1] });
});
