import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createAdaptiveLimit,
  FEW,
  MIN_LIMIT,
  MOMENT_MS,
  type AdaptiveLimit,
  SHARE,
  TARGET_MS,
} from '../../../functions/http/adaptive-limit.ts';

const MAX = 64;
const TIMEOUT_MS = 10_000;
const SLOW = 3 * TARGET_MS;
const QUICK = TARGET_MS / 10;

/** Looks once a moment. */
function look(pace: AdaptiveLimit, fromMs: number, waits: readonly number[]): number {
  let nowMs = fromMs;
  for (const ms of waits) {
    nowMs += MOMENT_MS;
    expect(pace.isDue(nowMs)).toBe(true);
    pace.observe(ms);
  }
  return nowMs;
}

function times(count: number, ms: number): number[] {
  return Array.from({ length: count }, () => ms);
}

test('it looks once a moment', () => {
  const pace = createAdaptiveLimit(MAX, TIMEOUT_MS);
  const due = Array.from({ length: 100 }, (_, i) => pace.isDue(1_000 + (i * MOMENT_MS) / 10));
  expect(due.filter(Boolean)).toHaveLength(10);
});

test('where turns are long in coming the limit falls to a few', () => {
  const pace = createAdaptiveLimit(MAX, TIMEOUT_MS);
  look(pace, 1_000, [SLOW]);
  expect(pace.limit()).toBe(42);
  let nowMs = 2_000;
  while (pace.limit() > FEW) nowMs = look(pace, nowMs, [SLOW]);
  expect(pace.limit()).toBeGreaterThan(FEW / 2);
  // A few may wait so long.
  look(pace, nowMs, [SLOW]);
  expect(pace.limit()).toBeGreaterThan(FEW / 2 + 1);
});

test('where even a few wait for most of their time, it falls to the smallest', () => {
  const pace = createAdaptiveLimit(MAX, TIMEOUT_MS);
  look(pace, 1_000, times(20, 2 * SHARE * TIMEOUT_MS));
  expect(pace.limit()).toBe(MIN_LIMIT);
});

test('it rises again once turns come soon, and after a quiet time at once', () => {
  const pace = createAdaptiveLimit(MAX, TIMEOUT_MS);
  const nowMs = look(pace, 1_000, times(20, 2 * SHARE * TIMEOUT_MS));
  look(pace, nowMs, times(10, QUICK));
  expect(pace.limit()).toBeGreaterThan(MIN_LIMIT + 10);
  expect(pace.limit()).toBeLessThan(MAX);
  look(pace, nowMs + 60_000, [QUICK]);
  expect(pace.limit()).toBe(MAX);
});

test('it settles where a turn takes about the target, whatever a request costs', () => {
  for (const serviceMs of [2, 5, 8]) {
    const pace = createAdaptiveLimit(MAX, TIMEOUT_MS);
    const turns: number[] = [];
    let nowMs = 1_000;
    // A turn comes when all that are in flight have had theirs.
    for (let i = 0; i < 1_000; i++) {
      turns.push(pace.limit() * serviceMs);
      nowMs = look(pace, nowMs, [turns.at(-1) as number]);
    }
    const settled = turns.slice(500);
    const meanMs = settled.reduce((sum, ms) => sum + ms, 0) / settled.length;
    expect(meanMs, `${serviceMs} ms a request`).toBeGreaterThan(TARGET_MS / 2);
    expect(meanMs, `${serviceMs} ms a request`).toBeLessThan(1.5 * TARGET_MS);
  }
});

test('the limit is a whole number from the smallest to the largest, whatever happens', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.array(fc.nat(5_000)), (max, waits) => {
      const pace = createAdaptiveLimit(max, TIMEOUT_MS);
      look(pace, 0, waits);
      expect(Number.isInteger(pace.limit())).toBe(true);
      expect(pace.limit()).toBeGreaterThanOrEqual(Math.min(MIN_LIMIT, max));
      expect(pace.limit()).toBeLessThanOrEqual(max);
    }),
  );
});
