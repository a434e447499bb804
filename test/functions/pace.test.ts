import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPace, MIN_LIMIT, type Pace, TARGET_MS } from '../../functions/pace.ts';

const MAX = 64;
const SLOW = 3 * TARGET_MS;
const QUICK = TARGET_MS / 10;

/** Requests that are answered one after the other, 20 ms apart. */
function answer(pace: Pace, fromMs: number, durations: readonly number[]): number {
  let nowMs = fromMs;
  for (const ms of durations) pace.took(ms, (nowMs += 20));
  return nowMs;
}

test('where every request of a moment took too long, the limit falls, down to the smallest', () => {
  const pace = createPace(MAX);
  answer(
    pace,
    1_000,
    Array.from({ length: 8 }, () => SLOW),
  );
  expect(pace.limit()).toBeLessThan(MAX);
  answer(
    pace,
    2_000,
    Array.from({ length: 200 }, () => SLOW),
  );
  expect(pace.limit()).toBe(MIN_LIMIT);
});

test('one quick request among slow ones says that the isolate is not busy', () => {
  const pace = createPace(MAX);
  const mixed = Array.from({ length: 100 }, (_, i) => (i % 4 === 0 ? QUICK : SLOW));
  answer(pace, 1_000, mixed);
  expect(pace.limit()).toBe(MAX);
});

test('it rises again once requests are quick', () => {
  const pace = createPace(MAX);
  const nowMs = answer(
    pace,
    1_000,
    Array.from({ length: 200 }, () => SLOW),
  );
  answer(
    pace,
    nowMs,
    Array.from({ length: 300 }, () => QUICK),
  );
  expect(pace.limit()).toBe(MAX);
});

test('a served queue settles where a request takes about the target, whatever one costs', () => {
  for (const serviceMs of [2, 5, 20]) {
    const pace = createPace(MAX);
    let nowMs = 1_000;
    let sum = 0;
    const answered = 4_000;
    for (let i = 0; i < answered; i++) {
      nowMs += serviceMs;
      // Little's law: who is answered waited for all that are in flight.
      pace.took(pace.limit() * serviceMs, nowMs);
      if (i >= answered / 2) sum += pace.limit() * serviceMs;
    }
    const meanMs = sum / (answered / 2);
    expect(meanMs, `${serviceMs} ms a request`).toBeGreaterThan(TARGET_MS / 2);
    expect(meanMs, `${serviceMs} ms a request`).toBeLessThan(1.5 * TARGET_MS);
  }
});

test('the limit is a whole number from the smallest to the largest, whatever happens', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.array(fc.nat(1_000)), (max, durations) => {
      const pace = createPace(max);
      answer(pace, 0, durations);
      expect(Number.isInteger(pace.limit())).toBe(true);
      expect(pace.limit()).toBeGreaterThanOrEqual(Math.min(MIN_LIMIT, max));
      expect(pace.limit()).toBeLessThanOrEqual(max);
    }),
  );
});
