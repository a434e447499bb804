import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  anyNumber,
  anyString,
  fields,
  findProblem,
  has,
  integer,
  list,
  nullable,
  oneOf,
  optional,
  tagged,
  text,
} from '../../shared/checks.ts';

const size = integer(1, 9);
const shapes = tagged('kind', {
  box: fields({ kind: oneOf('box'), sides: list(size, 2, 3) }),
  ball: fields({ kind: oneOf('ball'), radius: nullable(anyNumber) }),
});

describe('checks', () => {
  test.each([
    [{ kind: 'box', sides: [1, 9] }],
    [{ kind: 'ball', radius: 0.5 }],
    [{ kind: 'ball', radius: null }],
  ])('accept %j', (value) => {
    expect(shapes(value, 'shape')).toBeUndefined();
  });

  test.each([
    [{ kind: 'box', sides: [1] }, 'shape.sides: expected a list of 2 to 3, got a list of 1'],
    [{ kind: 'box', sides: [1, 10] }, 'shape.sides.1: expected an integer from 1 to 9, got 10'],
    [{ kind: 'box', sides: [1, 1.5] }, 'shape.sides.1: expected an integer from 1 to 9, got 1.5'],
    [{ kind: 'box' }, 'shape.sides: expected a list of 2 to 3, got nothing'],
    [{ kind: 'box', sides: [1, 1], radius: 1 }, 'shape.radius: not a field here'],
    [{ kind: 'cone' }, 'shape.kind: expected one of box, ball, got "cone"'],
    [{ kind: 'toString' }, 'shape.kind: expected one of box, ball, got "toString"'],
    [{ kind: 'ball', radius: {} }, 'shape.radius: expected a finite number, got an object'],
    [[], 'shape: expected an object, got a list of 0'],
    [null, 'shape: expected an object, got null'],
  ])('refuse %j', (value, problem) => {
    expect(shapes(value, 'shape')).toBe(problem);
  });

  test.each([
    [has({ name: anyString }), { name: 'x', other: 1 }, undefined],
    [has({ name: anyString }), {}, 'name: expected a string, got nothing'],
    [has({ name: optional(anyString) }), {}, undefined],
    [has({ name: optional(anyString) }), { name: null }, 'name: expected a string, got null'],
    [
      has({ a: list(has({ b: anyNumber }), 0, 9) }),
      { a: [{ b: 1 }, {}] },
      'a.1.b: expected a finite number, got nothing',
    ],
    [text(/^x+$/, 'some x'), 'xy', 'expected some x, got "xy"'],
    [anyNumber, Number.POSITIVE_INFINITY, 'expected a finite number, got null'],
    [oneOf(1, 3), 2, 'expected one of 1, 3, got 2'],
    [oneOf(1, 3), 3, undefined],
  ])('say what is wrong from the value’s own fields on (%#)', (check, value, problem) => {
    expect(findProblem(check, value)).toBe(problem);
  });

  test('answer whatever JSON comes, in a short line', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(shapes(value, 'shape')?.length ?? 0).toBeLessThan(200);
      }),
    );
  });
});
