import { describe, expect, test } from 'vitest';
import {
  isLabel,
  outputActivation,
  outputWidth,
  parseLabel,
  type TaskSpec,
  targetOf,
} from '../../../../shared/model/spec/task.ts';

const colours: TaskSpec = { task: 'classification', labels: ['red', 'green', 'blue'] };
const rent: TaskSpec = { task: 'regression', target: { name: 'rent', unit: 'EUR' } };

test('a classification answers a probability a label, a regression one number', () => {
  expect([outputWidth(colours), outputActivation(colours), targetOf(colours)]).toEqual([3, 'softmax', null]);
  expect([outputWidth(rent), outputActivation(rent), targetOf(rent)?.unit]).toEqual([1, 'linear', 'EUR']);
});

test('a stored label is an index of one task and any number that float32 holds of the other', () => {
  expect([0, 2, 3, -1, 0.5].map((label) => isLabel(colours, label))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
  expect([0, -2.5, 3.4e38, 3.5e38, Number.NaN].map((label) => isLabel(rent, label))).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});

describe('a label from a request', () => {
  test('is a name, or a number', () => {
    expect(parseLabel(colours, 'blue')).toEqual({ ok: true, value: 2 });
    expect(parseLabel(rent, -12.5)).toEqual({ ok: true, value: -12.5 });
    expect(parseLabel(rent, '-12.5')).toEqual({ ok: true, value: -12.5 });
  });

  test.each([
    [colours, 2, 'expected one of "red", "green", "blue", got the number 2'],
    [rent, 'cheap', 'expected a finite number, got "cheap"'],
    [rent, null, 'expected a finite number, got null'],
    [rent, [1], 'expected a finite number, got an array of 1'],
    [rent, Number.POSITIVE_INFINITY, 'expected a finite number, got Infinity'],
    [rent, 1e39, 'expected a number within ±3.4e38, got 1e+39'],
  ])('of another type is refused: %#', (spec, value, error) => {
    expect(parseLabel(spec, value)).toEqual({ ok: false, error });
  });
});
