import { describe, expect, test } from 'vitest';
import { median, percentile, summarise, type Samples } from './summarise.ts';

describe('the median', () => {
  test('is the middle of an odd number of values, in any order', () => {
    expect(median([9, 1, 100])).toBe(9);
  });

  test('is the mean of the middle two of an even number of values', () => {
    expect(median([10, 1, 4, 2])).toBe(3);
  });

  test('sorts numbers as numbers, and leaves what it was given as it was', () => {
    const values = [10, 9, 2];
    expect(median(values)).toBe(9);
    expect(values).toEqual([10, 9, 2]);
  });

  test('of nothing is a bug in the caller', () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

describe('a percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);

  test.each([
    [0.01, 1],
    [0.5, 50],
    [0.99, 99],
    [1, 100],
  ])('at %f of 1 to 100 is %i', (p, expected) => {
    expect(percentile(hundred, p)).toBe(expected);
  });

  test('of few values is one of them', () => {
    expect(percentile([3, 7], 0.99)).toBe(7);
    expect(percentile([3, 7], 0.5)).toBe(3);
  });
});

describe('a row', () => {
  const samples: Samples = { case: 'a case', unit: 'ms', ours: [1, 1, 9], peer: 'a peer', theirs: [2, 5, 2] };

  test('has the medians and their ratio, untouched by an outlier', () => {
    expect(summarise(samples)).toEqual({
      case: 'a case',
      unit: 'ms',
      ours: 1,
      peer: 'a peer',
      theirs: 2,
      ratio: 0.5,
      target: null,
      met: null,
    });
  });

  test.each([
    [{ atMost: 0.5 }, '<= 0.5', true],
    [{ atMost: 0.49 }, '<= 0.49', false],
    [{ atLeast: 0.5 }, '>= 0.5', true],
    [{ atLeast: 0.6 }, '>= 0.6', false],
  ])('says whether the target %o was met', (target, text, met) => {
    expect(summarise({ ...samples, target })).toMatchObject({ target: text, met });
  });
});
