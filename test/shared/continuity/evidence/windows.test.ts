import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { currentWindow, poolPastWindows } from '../../../../shared/continuity/evidence/windows.ts';
import type { ComparedWindow, Pool } from '../../../../shared/continuity/evidence/windows.ts';
import { evidenceOf, withoutChampion } from '../make-evidence.ts';

const current = { gains: 0, losses: 0, n: 10 };
const sizeOf = ({ windows }: Pool<ComparedWindow>) =>
  windows.reduce((sum, { labels }) => sum + labels.length, 0);
const sized = (n: number) => ({ gains: 1, losses: 0, n });

test('leaves windows that are large enough alone', () => {
  const pools = poolPastWindows(evidenceOf([sized(100), sized(120)], current), 100);
  expect(pools.map((pool) => [pool.id, sizeOf(pool)])).toEqual([
    ['past-0', 100],
    ['past-1', 120],
  ]);
});

test('joins small neighbours, and what remains at the end with the last pool', () => {
  const pools = poolPastWindows(evidenceOf([sized(60), sized(50), sized(100), sized(20)], current), 100);
  expect(pools.map((pool) => [pool.id, sizeOf(pool)])).toEqual([
    ['past-0 … past-1', 110],
    ['past-2 … past-3', 120],
  ]);
});

test('keeps one pool below the minimum when all past windows together are', () => {
  expect(poolPastWindows(evidenceOf([sized(30), sized(20)], current), 100)).toHaveLength(1);
});

test('has no pools without past windows or without a champion', () => {
  expect(poolPastWindows(evidenceOf([], current), 100)).toEqual([]);
  expect(poolPastWindows(withoutChampion(evidenceOf([sized(100)], current)), 100)).toEqual([]);
});

test('every past example is in exactly one pool, and no pool but an only one is small', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 12 }), (sizes) => {
      const pools = poolPastWindows(evidenceOf(sizes.map(sized), current), 100);
      const total = pools.reduce((sum, pool) => sum + sizeOf(pool), 0);
      expect(total).toBe(sizes.reduce((sum, n) => sum + n, 0));
      if (pools.length > 1) expect(pools.every((pool) => sizeOf(pool) >= 100)).toBe(true);
    }),
  );
});

test('finds the current window, and refuses evidence without one', () => {
  const evidence = evidenceOf([sized(10)], current);
  expect(currentWindow(evidence).id).toBe('now');
  expect(() => currentWindow({ ...evidence, windows: evidence.windows.slice(0, 1) })).toThrow(RangeError);
});
