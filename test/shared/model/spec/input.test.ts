import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  encodedShape,
  encodedSize,
  encodeInput,
  fitConstants,
  parseInstance,
  rawSize,
} from '../../../../shared/model/spec/input.ts';
import { type InputSpec, inputSchema } from '../../../../shared/model/spec/spec.ts';

const image = (channels: 1 | 3, changes: object = {}): InputSpec =>
  inputSchema.parse({ kind: 'image', height: 2, width: 3, channels, ...changes });
const GREY = image(1);
const COLOUR = image(3);

const TABULAR = inputSchema.parse({
  kind: 'tabular',
  features: [
    { name: 'age', type: 'number' },
    { name: 'colour', type: 'category', values: ['red', 'green', 'blue'] },
    { name: 'income', type: 'number' },
  ],
});
const NUMBERS = inputSchema.parse({
  kind: 'tabular',
  features: [
    { name: 'x', type: 'number' },
    { name: 'y', type: 'number' },
  ],
});

const refusal = (input: InputSpec, value: unknown): string => {
  const parsed = parseInstance(input, value, 'instances[3]');
  if (parsed.ok) throw new Error(`expected a refusal, got ${parsed.value.join(', ')}`);
  return parsed.error;
};
const numbers = (input: InputSpec, value: unknown): number[] => {
  const parsed = parseInstance(input, value, 'instances[3]');
  if (!parsed.ok) throw new Error(parsed.error);
  return [...parsed.value];
};

/** As a request brings it. */
const json = (text: string): unknown => JSON.parse(text);

test('sizes and shapes follow from the spec', () => {
  expect([rawSize(COLOUR), encodedSize(COLOUR), encodedShape(COLOUR)]).toEqual([18, 18, [2, 3, 3]]);
  expect([rawSize(TABULAR), encodedSize(TABULAR), encodedShape(TABULAR)]).toEqual([3, 5, [5]]);
});

describe('an image', () => {
  const flat = Array.from({ length: 18 }, (_, i) => i);
  const nested = [
    [
      [0, 1, 2],
      [3, 4, 5],
      [6, 7, 8],
    ],
    [
      [9, 10, 11],
      [12, 13, 14],
      [15, 16, 17],
    ],
  ];

  test('is nested or flat, row by row, with the same result', () => {
    expect(numbers(COLOUR, nested)).toEqual(flat);
    expect(numbers(COLOUR, flat)).toEqual(flat);
  });

  test('in grey may leave out its last dimension of 1', () => {
    const expected = [1, 2, 3, 4, 5, 6];
    expect(
      numbers(GREY, [
        [[1], [2], [3]],
        [[4], [5], [6]],
      ]),
    ).toEqual(expected);
    expect(
      numbers(GREY, [
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ).toEqual(expected);
    expect(numbers(GREY, expected)).toEqual(expected);
  });

  test('may have any pixels from 0 to 255', () => {
    expect(numbers(GREY, [0, 255, 0.5, 254.5, 1e-3, 100])).toEqual([
      0,
      255,
      0.5,
      254.5,
      Math.fround(1e-3),
      100,
    ]);
  });

  test('of one pixel is an image', () => {
    const pixel = image(1, { height: 1, width: 1 });
    for (const value of [[7], [[7]], [[[7]]]]) expect(numbers(pixel, value)).toEqual([7]);
  });

  const row = '[1,2,3]';
  const pixel = '[1,2,3]';
  const pixels = `[${pixel},${pixel},${pixel}]`;
  const C = '(the shape is [2,3,3])';
  const G = '(the shape is [2,3,1])';
  test.each([
    ['"a picture"', COLOUR, 'instances[3]: expected an array of shape [2,3,3], got "a picture"'],
    ['7', COLOUR, 'instances[3]: expected an array of shape [2,3,3], got 7'],
    ['null', COLOUR, 'instances[3]: expected an array of shape [2,3,3], got null'],
    ['true', COLOUR, 'instances[3]: expected an array of shape [2,3,3], got true'],
    ['{"b64": "AAAA"}', COLOUR, 'instances[3]: expected an array of shape [2,3,3], got an object'],
    ['[]', COLOUR, `instances[3]: expected 18 numbers, got 0 ${C}`],
    ['[1,2,3]', COLOUR, `instances[3]: expected 18 numbers, got 3 ${C}`],
    [`[${pixels}]`, COLOUR, `instances[3]: expected 2 arrays, got 1 ${C}`],
    [`[${pixels},[${pixel},${pixel}]]`, COLOUR, `instances[3][1]: expected 3 arrays, got 2 ${C}`],
    [`[${pixels},[${pixel},[1,2],${pixel}]]`, COLOUR, `instances[3][1][1]: expected 3 numbers, got 2 ${C}`],
    [
      `[${pixels},[${pixel},[1,2,3,4],${pixel}]]`,
      COLOUR,
      `instances[3][1][1]: expected 3 numbers, got 4 ${C}`,
    ],
    [`[${pixels},[${pixel},5,${pixel}]]`, COLOUR, `instances[3][1][1]: expected an array of 3, got 5 ${C}`],
    [`[${pixels},null]`, COLOUR, `instances[3][1]: expected an array of 3, got null ${C}`],
    [
      `[${pixels},[${pixel},${pixel},[1,[2],3]]]`,
      COLOUR,
      `instances[3][1][2][1]: expected a finite number, got an array of 1 ${C}`,
    ],
    [
      `[${pixels},[${pixel},${pixel},[1,"2",3]]]`,
      COLOUR,
      `instances[3][1][2][1]: expected a finite number, got "2" ${C}`,
    ],
    ['[[1,2],[3,4]]', GREY, `instances[3][0]: expected 3 numbers, got 2 ${G}`],
    [`[${row},${row},${row}]`, GREY, `instances[3]: expected 2 arrays, got 3 ${G}`],
    [`[${row},[4,[5],6]]`, GREY, `instances[3][1][1]: expected a finite number, got an array of 1 ${G}`],
    ['[[[1],[2],[3]],[4,5,6]]', GREY, `instances[3][1][0]: expected an array of 1, got 4 ${G}`],
    ['[[[1,2],[2],[3]],[[4],[5],[6]]]', GREY, `instances[3][0][0]: expected 1 numbers, got 2 ${G}`],
    ['[1,2,3,4,5,1e999]', GREY, `instances[3][5]: expected a finite number, got Infinity ${G}`],
    ['[1,2,3,4,5,-1e999]', GREY, `instances[3][5]: expected a finite number, got -Infinity ${G}`],
    ['[1,2,3,4,5,null]', GREY, `instances[3][5]: expected a finite number, got null ${G}`],
    ['[1,2,3,4,5,true]', GREY, `instances[3][5]: expected a finite number, got true ${G}`],
    ['[1,2,3,4,5,{}]', GREY, `instances[3][5]: expected a finite number, got an object ${G}`],
    ['[1,2,3,4,5,[6]]', GREY, `instances[3][5]: expected a finite number, got an array of 1 ${G}`],
    ['[1,2,3,4,5,256]', GREY, 'instances[3]: expected pixels from 0 to 255, got 256 at position 5'],
    ['[1,2,-0.5,4,5,6]', GREY, 'instances[3]: expected pixels from 0 to 255, got -0.5 at position 2'],
  ])('that does not fit is refused with its place: %s', (text, input, message) => {
    expect(refusal(input, json(text))).toBe(message);
  });

  test('of any JSON at all is refused or becomes finite pixels', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const parsed = parseInstance(GREY, value, 'x');
        if (parsed.ok) expect(parsed.value.every((pixel) => pixel >= 0 && pixel <= 255)).toBe(true);
        else expect(parsed.error).toMatch(/^x(\[\d+\])*: expected /);
      }),
    );
  });
});

describe('a row', () => {
  test('is an array in the order of the spec or an object in any order', () => {
    expect(numbers(TABULAR, [41, 'blue', -2.5])).toEqual([41, 2, -2.5]);
    expect(numbers(TABULAR, { income: -2.5, colour: 'blue', age: 41 })).toEqual([41, 2, -2.5]);
  });

  test('keeps the largest and the smallest float32', () => {
    expect(numbers(NUMBERS, [3.4028234663852886e38, 1e-45])).toEqual([
      3.4028234663852886e38,
      Math.fround(1e-45),
    ]);
  });

  const COLOURS = 'expected one of "red", "green", "blue"';
  test.each([
    ['7', TABULAR, 'instances[3]: expected an array of 3 or an object by feature name, got 7'],
    ['"x"', TABULAR, 'instances[3]: expected an array of 3 or an object by feature name, got "x"'],
    ['null', TABULAR, 'instances[3]: expected an array of 3 or an object by feature name, got null'],
    ['[1,"red"]', TABULAR, 'instances[3]: expected 3 values, got 2'],
    ['[1,2,3]', NUMBERS, 'instances[3]: expected 2 numbers, got 3'],
    ['{"age": 1, "colour": "red"}', TABULAR, 'instances[3]: feature "income" is missing'],
    ['{}', TABULAR, 'instances[3]: feature "age" is missing'],
    [
      '{"age": 1, "colour": "red", "income": 2, "Income": 3}',
      TABULAR,
      'instances[3]: there is no feature "Income"',
    ],
    ['{"x": 1, "y": 2, "__proto__": 3}', NUMBERS, 'instances[3]: there is no feature "__proto__"'],
    [
      '{"constructor": 1, "y": 2}',
      NUMBERS,
      'instances[3]: there is no feature "constructor", and feature "x" is missing',
    ],
    ['["41","red",1]', TABULAR, 'instances[3].age: expected a finite number, got "41"'],
    ['[null,"red",1]', TABULAR, 'instances[3].age: expected a finite number, got null'],
    ['[true,"red",1]', TABULAR, 'instances[3].age: expected a finite number, got true'],
    ['[[1],"red",1]', TABULAR, 'instances[3].age: expected a finite number, got an array of 1'],
    ['[1e999,"red",1]', TABULAR, 'instances[3].age: expected a finite number, got Infinity'],
    ['[1,"red",1e39]', TABULAR, 'instances[3].income: expected a number that float32 can hold, got 1e+39'],
    ['[1,"pink",1]', TABULAR, `instances[3].colour: ${COLOURS}, got "pink"`],
    ['[1,"Red",1]', TABULAR, `instances[3].colour: ${COLOURS}, got "Red"`],
    ['[1,2,1]', TABULAR, `instances[3].colour: ${COLOURS}, got 2`],
    ['[1,null,1]', TABULAR, `instances[3].colour: ${COLOURS}, got null`],
    ['[1,["red"],1]', TABULAR, `instances[3].colour: ${COLOURS}, got an array of 1`],
    ['[1,{"a":"red"},1]', TABULAR, `instances[3].colour: ${COLOURS}, got an object`],
  ])('that does not fit is refused with its place: %s', (text, input, message) => {
    expect(refusal(input, json(text))).toBe(message);
  });

  test('with undefined or NaN in it, as a program may hand over, is refused too', () => {
    expect(refusal(TABULAR, [undefined, 'red', 1])).toBe(
      'instances[3].age: expected a finite number, got nothing',
    );
    expect(refusal(TABULAR, [NaN, 'red', 1])).toBe('instances[3].age: expected a finite number, got NaN');
    expect(refusal(TABULAR, [1, undefined, 1])).toBe(`instances[3].colour: ${COLOURS}, got nothing`);
  });

  test('is refused in a short message, however much was sent', () => {
    const long = 'x'.repeat(1_000_000);
    for (const value of [
      [1, long, 1],
      [long, 'red', 1],
      { [long]: 1 },
      [1, Array(9e4).fill(long), 1],
      long,
    ]) {
      expect(refusal(TABULAR, value).length).toBeLessThan(200);
    }
  });

  test('is told the first eight of many categories', () => {
    const letters = inputSchema.parse({
      kind: 'tabular',
      features: [{ name: 'letter', type: 'category', values: 'abcdefghij'.split('') }],
    });
    expect(refusal(letters, ['z'])).toBe(
      'instances[3].letter: expected one of "a", "b", "c", "d", "e", "f", "g", "h", …, got "z"',
    );
  });
});

describe('encoding', () => {
  const encode = (
    input: InputSpec,
    constants: Parameters<typeof encodeInput>[1],
    raw: number[],
  ): number[] => {
    const out = new Float32Array(encodedSize(input) + 2).fill(-9);
    encodeInput(input, constants, Float32Array.from(raw), out, 1);
    expect([out[0], out.at(-1)]).toEqual([-9, -9]);
    return [...out.subarray(1, -1)];
  };

  test('of an image is pixel * scale + offset', () => {
    const input = image(1, { scale: 2 / 255, offset: -1 });
    expect(encode(input, null, [0, 255, 127.5, 51, 102, 204])).toEqual(
      [-1, 1, 0, -0.6, -0.2, 0.6].map((value) => expect.closeTo(value, 6)),
    );
  });

  test('of an image is from 0 to 1 when the spec says nothing', () => {
    expect(encode(GREY, null, [0, 255, 51, 0, 0, 0])).toEqual([0, 1, Math.fround(0.2), 0, 0, 0]);
  });

  test('of a row is standardised numbers and one-hot categories, in the order of the spec', () => {
    const constants = { mean: [40, 1_000], scale: [0.1, 0.002] };
    expect(encode(TABULAR, constants, [45, 0, 1_500])).toEqual([0.5, 1, 0, 0, 1]);
    expect(encode(TABULAR, constants, [30, 2, 500])).toEqual([-1, 0, 0, 1, -1]);
  });

  test('of a row without constants leaves numbers as they are', () => {
    expect(encode(TABULAR, null, [45, 1, -2])).toEqual([45, 0, 1, 0, -2]);
  });
});

describe('constants', () => {
  const rows = (...values: number[][]) => values.map((row) => Float32Array.from(row));

  test('are mean and reciprocal standard deviation of the number features', () => {
    // ages 2, 4, 4, 4, 5, 5, 7, 9: mean 5, population standard deviation 2
    const ages = [2, 4, 4, 4, 5, 5, 7, 9];
    const fitted = fitConstants(TABULAR, rows(...ages.map((age, i) => [age, i % 3, 10 * age])));
    expect(fitted).toEqual({ mean: [5, 50], scale: [0.5, expect.closeTo(0.05, 12)] });
  });

  test('of a constant feature centre it and leave its scale, also where its value has no exact mean', () => {
    const constant = rows(...Array.from({ length: 1_000 }, () => [0.1, 0, 1e30]));
    expect(fitConstants(TABULAR, constant)?.scale).toEqual([1, 1]);
  });

  test('do not depend on the unit: tiny numbers are standardised as large ones are', () => {
    for (const unit of [1e-30, 1e-7, 1, 1e7, 1e30]) {
      const spread = rows([1 * unit, 0], [3 * unit, 0]);
      const fitted = fitConstants(NUMBERS, spread);
      const out = new Float32Array(2);
      encodeInput(NUMBERS, fitted, spread[0] ?? new Float32Array(), out, 0);
      expect(out[0], `unit ${unit}`).toBeCloseTo(-1, 5);
    }
  });

  test('give every number feature mean 0 and variance 1 after encoding', () => {
    const value = fc.float({ min: -1_000, max: 1_000, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { minLength: 2, maxLength: 30 }), (values) => {
        const all = rows(...values.map(([x, y]) => [x, y]));
        const fitted = fitConstants(NUMBERS, all);
        const out = new Float32Array(2 * all.length);
        for (const [i, row] of all.entries()) encodeInput(NUMBERS, fitted, row, out, 2 * i);
        for (const feature of [0, 1]) {
          const column = [...out].filter((_, i) => i % 2 === feature);
          const mean = column.reduce((sum, z) => sum + z, 0) / column.length;
          const variance = column.reduce((sum, z) => sum + (z - mean) ** 2, 0) / column.length;
          const constant = all.every((row) => row[feature] === all[0]?.[feature]);
          expect(mean).toBeCloseTo(0, 3);
          expect(variance).toBeCloseTo(constant ? 0 : 1, 3);
        }
      }),
    );
  });

  test('of no rows are neutral, and an image has none', () => {
    expect(fitConstants(NUMBERS, [])).toEqual({ mean: [0, 0], scale: [1, 1] });
    expect(fitConstants(GREY, rows([1, 2, 3, 4, 5, 6]))).toBe(null);
  });
});
