import { expect, test } from 'vitest';
import { continualMetrics } from '../../../../trainer/pipeline/judge/accuracy-matrix.ts';

const version = (learned: number, accuracy: (number | null)[]) => ({
  version: learned + 1,
  learned,
  accuracy,
});
const windows = ['a', 'b', 'c'];
const untrained = [0.1, 0.2, 0.1];

test('gives the numbers of Lopez-Paz & Ranzato by hand, one window learnt by each version', () => {
  const versions = [version(0, [0.9, 0.5, 0.3]), version(1, [0.8, 0.9, 0.4]), version(2, [0.7, 0.85, 0.95])];
  const { acc, bwt, fwt } = continualMetrics({ windows, untrained, versions });
  expect(acc).toBeCloseTo((0.7 + 0.85 + 0.95) / 3, 12);
  // divided by T - 1 = 2
  expect(bwt).toBeCloseTo((0.7 - 0.9 + (0.85 - 0.9)) / 2, 12);
  expect(fwt).toBeCloseTo((0.5 - 0.2 + (0.4 - 0.1)) / 2, 12);
});

test('a window learnt by two versions counts from the first; one skipped counts from the next', () => {
  const versions = [version(0, [0.9, 0.5, 0.3]), version(0, [0.95, 0.6, 0.3]), version(2, [0.7, 0.85, 0.95])];
  const { bwt, fwt } = continualMetrics({ windows, untrained, versions });
  expect(bwt).toBeCloseTo((0.7 - 0.9 + 0) / 2, 12);
  expect(fwt).toBeCloseTo((0.6 - 0.2 + (0.3 - 0.1)) / 2, 12);
});

test('says nothing where an accuracy is missing or there is nothing to average', () => {
  const versions = [version(0, [0.9, null, null]), version(1, [0.8, 0.9, null])];
  expect(continualMetrics({ windows: ['a', 'b'], untrained, versions })).toEqual({
    acc: expect.closeTo(0.85, 12),
    bwt: expect.closeTo(-0.1, 12),
    fwt: null,
  });
  expect(continualMetrics({ windows: [], untrained: [], versions: [] })).toEqual({
    acc: null,
    bwt: null,
    fwt: null,
  });
  expect(continualMetrics({ windows: ['a'], untrained, versions }).bwt).toBeNull();
});
