import { describe, expect, test } from 'vitest';
import { findName, isMissing, parseGroup } from '../../../../shared/model/spec/read-value.ts';

describe('the name that a value stands for', () => {
  test.each<[unknown, readonly string[], number]>([
    ['1', ['0', '1'], 1],
    [1, ['0', '1'], 1],
    ['1.0', ['0', '1'], 1],
    ['1e0', ['0', '1'], 1],
    [0.5, ['0.50'], 0],
    [Math.fround(0.1), ['0.1'], 0],
    [16_777_217, ['16777216'], -1],
    [true, ['False', 'True'], 1],
    [true, ['1', '0'], -1],
    ['true', ['True'], -1],
    // A code is no number: 007 is not 7, and the very spelling comes first.
    ['007', ['7'], -1],
    [7, ['007'], -1],
    ['1.0', ['1', '1.0'], 1],
    [null, ['null'], -1],
    [['a'], ['a'], -1],
  ])('%j among %j is %i', (value, names, at) => {
    expect(findName(names, value)).toBe(at);
  });
});

test.each([null, undefined, '', 'NA', 'n/a', '#N/A', '<NA>', 'NaN', Number.NaN, 'null', '\\N', ' - ', '?'])(
  '%j says that there is none',
  (value) => {
    expect(isMissing(value)).toBe(true);
  },
);

test.each([0, false, 'no', '0', 'unknown'])('%j is a value', (value) => {
  expect(isMissing(value)).toBe(false);
});

test.each<[unknown, unknown]>([
  [17, { ok: true, value: '17' }],
  ['user', { ok: true, value: 'user' }],
  ['', { ok: true, value: null }],
  [null, { ok: true, value: null }],
  [undefined, { ok: true, value: null }],
  [Number.NaN, { ok: false, error: 'expected a text or a number, got NaN' }],
  [true, { ok: false, error: 'expected a text or a number, got true' }],
  [{ a: 1 }, { ok: false, error: 'expected a text or a number, got an object' }],
  ['u'.repeat(129), { ok: false, error: 'expected at most 128 characters, got 129' }],
])('%j as a group', (value, read) => {
  expect(parseGroup(value)).toEqual(read);
});
