import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  accuracy,
  addCounts,
  backwardTrust,
  countPaired,
} from '../../../../shared/continuity/policy/metrics.ts';

const labels = Int32Array.of(0, 1, 2, 0, 1);
const champion = Int32Array.of(0, 1, 2, 1, 0);
const candidate = Int32Array.of(0, 2, 2, 0, 0);

test('accuracy is the share of right answers', () => {
  expect(accuracy(labels, champion)).toBe(3 / 5);
  expect(accuracy(new Int32Array(), new Int32Array())).toBe(0);
});

test('counts where one model alone is right', () => {
  expect(countPaired(labels, candidate, champion)).toEqual({ gains: 1, losses: 1, n: 5 });
});

test('counts within one class', () => {
  expect(countPaired(labels, candidate, champion, 1)).toEqual({ gains: 0, losses: 1, n: 2 });
  expect(countPaired(labels, candidate, champion, 7)).toEqual({ gains: 0, losses: 0, n: 0 });
});

test('adds counts of disjoint sets', () => {
  expect(
    addCounts([
      { gains: 1, losses: 2, n: 10 },
      { gains: 3, losses: 0, n: 5 },
    ]),
  ).toEqual({ gains: 4, losses: 2, n: 15 });
  expect(addCounts([])).toEqual({ gains: 0, losses: 0, n: 0 });
});

test('refuses predictions of another length', () => {
  expect(() => accuracy(labels, candidate.subarray(1))).toThrow(
    'expected 5 predictions, one per label, got 4',
  );
  expect(() => countPaired(labels, candidate, champion.subarray(1))).toThrow(RangeError);
});

const classId = fc.nat(3);
const triples = fc.array(fc.tuple(classId, classId, classId), { minLength: 1, maxLength: 60 });

test('accuracies stay in [0, 1] and differ by exactly the paired difference', () => {
  fc.assert(
    fc.property(triples, (rows) => {
      const [y, a, b] = [0, 1, 2].map((k) => Int32Array.from(rows, (row) => row[k] ?? 0)) as [
        Int32Array,
        Int32Array,
        Int32Array,
      ];
      const { gains, losses, n } = countPaired(y, a, b);
      for (const value of [accuracy(y, a), accuracy(y, b), gains / n, losses / n]) {
        expect(value >= 0 && value <= 1).toBe(true);
      }
      expect(accuracy(y, a) - accuracy(y, b)).toBeCloseTo((gains - losses) / n, 12);
    }),
  );
});

test('backward trust is the share of what the champion gets right that stays right', () => {
  const labels = Int32Array.of(0, 0, 0, 0, 1);
  const champion = Int32Array.of(0, 0, 0, 1, 0);
  const candidate = Int32Array.of(0, 1, 0, 0, 1);
  expect(backwardTrust([{ labels, champion, candidate }])).toBeCloseTo(2 / 3, 12);
  expect(
    backwardTrust([
      { labels, champion, candidate },
      { labels, champion: labels, candidate: labels },
    ]),
  ).toBeCloseTo(7 / 8, 12);
  expect(backwardTrust([])).toBe(1);
});
