import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createEncoder,
  encodedShape,
  encodedSize,
  fitConstants,
  parseInstance,
  rawSize,
} from '../../../../shared/model/spec/input.ts';
import type { InputSpec } from '../../../../shared/model/spec/spec.ts';
import { inputSchema } from '../../../../shared/model/spec/spec.ts';

const tensor = (...shape: number[]): InputSpec => ({ kind: 'tensor', shape });
const nest = (numbers: readonly number[], shape: readonly number[]): unknown => {
  const [side = 1, ...rest] = shape;
  const size = numbers.length / side;
  if (rest.length === 0) return numbers;
  return Array.from({ length: side }, (_, i) => nest(numbers.slice(i * size, (i + 1) * size), rest));
};

const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
const float = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });

describe('an instance that is a tensor', () => {
  it('is the same nested, flat, and without sides of 1', () => {
    const numbers = shapes.chain((shape) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return fc.tuple(fc.constant(shape), fc.array(float, { minLength: size, maxLength: size }));
    });
    fc.assert(
      fc.property(numbers, ([shape, values]) => {
        const expected = Float32Array.from(values);
        const forms = [nest(values, shape), values];
        if (shape.at(-1) === 1 && shape.length > 1) forms.push(nest(values, shape.slice(0, -1)));
        const long = shape.filter((side) => side !== 1);
        if (long.length > 0) forms.push(nest(values, long));
        for (const form of forms)
          expect(parseInstance(tensor(...shape), form, 'x')).toEqual({ ok: true, value: expected });
      }),
    );
  });

  it.each<[string, unknown, RegExp]>([
    ['no list', 7, /^x: expected an array of shape \[2,3\], got 7/],
    ['too few rows', [[1, 2, 3]], /^x: expected 2 arrays, got 1 \(the shape is \[2,3\]\)/],
    [
      'too few numbers',
      [
        [1, 2, 3],
        [4, 5],
      ],
      /^x\[1\]: expected 3 numbers, got 2/,
    ],
    [
      'a text',
      [
        [1, 2, 3],
        [4, '5', 6],
      ],
      /^x\[1\]\[1\]: expected a finite number, got "5"/,
    ],
    ['null', [1, 2, 3, 4, 5, null], /^x\[5\]: expected a finite number, got null/],
    ['more than float32 holds', [1, 2, 3, 4, 5, 1e39], /^x\[5\]: expected a finite number, got 1e\+39/],
  ])('is refused by its place: %s', (_, value, message) => {
    expect(parseInstance(tensor(2, 3), value, 'x')).toMatchObject({
      error: expect.stringMatching(message),
    });
  });

  it('may be infinite where only a prediction is asked for', () => {
    expect(parseInstance(tensor(2), [Number.NaN, 1e39], 'x', 'any')).toEqual({
      ok: true,
      value: Float32Array.of(Number.NaN, Infinity),
    });
  });
});

describe('what the model sees of a tensor', () => {
  it('has its own shape, and as many numbers', () => {
    expect(encodedShape(tensor(43, 232, 1))).toEqual([43, 232, 1]);
    expect([rawSize(tensor(7, 7, 256)), encodedSize(tensor(7, 7, 256))]).toEqual([12_544, 12_544]);
  });

  it('is standardised by the last axis, over all places and examples', () => {
    const rows = [Float32Array.of(1, 10, 3, 10), Float32Array.of(5, 10, 7, 10)];
    const constants = fitConstants(tensor(2, 2), rows);
    // Of 1, 3, 5, 7: mean 4, population variance 5. The other never varies.
    expect(constants).toEqual({ mean: [4, 10], scale: [1 / Math.sqrt(5), 1] });
    const out = new Float32Array(5);
    createEncoder(tensor(2, 2), constants)(rows[0] as Float32Array, out, 1);
    expect([...out]).toEqual([0, -3 / Math.sqrt(5), 0, -1 / Math.sqrt(5), 0].map(Math.fround));
  });

  it('is what came where there are no constants: a base standardises for itself', () => {
    const out = new Float32Array(2);
    createEncoder(tensor(2), null)(Float32Array.of(-3, 0.1), out, 0);
    expect(out).toEqual(Float32Array.of(-3, 0.1));
  });
});

it.each([[[]], [[0]], [[1.5]], [[2, 2, 2, 2, 2, 2, 2]], [[1_048_577]], [[2_048, 1_024]]])(
  'a shape is 1 to 6 sides and at most 1,048,576 numbers: %o',
  (shape) => {
    expect(inputSchema.safeParse({ kind: 'tensor', shape }).success).toBe(false);
  },
);
