import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createWriteBudget,
  MAX_SAVED,
  MAX_WAIT_MS,
  MIN_WAIT_MS,
} from '../../../functions/collect/write-budget.ts';

/** Opens a gathering as soon as the one before was written, as a stream of predictions does. */
function stream(seconds: number): number[] {
  const budget = createWriteBudget(0);
  const waits: number[] = [];
  for (let nowMs = 0; nowMs < seconds * 1_000; nowMs += waits.at(-1) as number)
    waits.push(budget.take(nowMs));
  return waits;
}

test('what comes alone is written at once', () => {
  const budget = createWriteBudget(0);
  for (let nowMs = 0; nowMs < 60_000; nowMs += 1_500) expect(budget.take(nowMs)).toBe(MIN_WAIT_MS);
});

test('a stream is written once a second, after a few that were saved', () => {
  const waits = stream(20);
  expect(waits.slice(0, MAX_SAVED)).toEqual(Array.from({ length: MAX_SAVED }, () => MIN_WAIT_MS));
  expect(waits.slice(MAX_SAVED + 1)).toEqual(
    waits.slice(MAX_SAVED + 1).map(() => expect.closeTo(MAX_WAIT_MS, 6)),
  );
});

test('whatever comes when, none waits longer than a second, and in the long run there is one write a second', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3_000), { minLength: 1, maxLength: 200 }), (pauses) => {
      const budget = createWriteBudget(0);
      let nowMs = 0;
      for (const pauseMs of pauses) {
        const waitMs = budget.take(nowMs);
        expect(waitMs).toBeGreaterThanOrEqual(MIN_WAIT_MS);
        expect(waitMs).toBeLessThanOrEqual(MAX_WAIT_MS);
        nowMs += waitMs + pauseMs;
      }
      expect(pauses.length).toBeLessThanOrEqual(MAX_SAVED + 1 + nowMs / (MAX_WAIT_MS - MIN_WAIT_MS));
    }),
  );
});
