import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  describeTally,
  GRID,
  logMeanExp,
  logWealth,
  mergeTallies,
  mirrorTally,
  stakeLogs,
  stakes,
  tallyOf,
} from '../../../../shared/continuity/statistics/e-process.ts';
import { createRandom, shuffle } from '../../../../shared/random.ts';
import oracle from '../../../fixtures/continuity/referee.json' with { type: 'json' };

const difference = fc.oneof(fc.constantFrom(-1, 0, 1), fc.double({ min: -1, max: 1, noNaN: true }));
const sample = fc.array(difference, { maxLength: 60 });
const floor = fc.double({ min: -0.2, max: 0.2, noNaN: true });

test.each(oracle.wealth)('is the average of plain products: floor $floor, $log', ({ cells, ...row }) => {
  const tally = tallyOf(cells.map((cell) => cell / GRID));
  expect(logWealth(tally, row.floor)).toBeCloseTo(row.log, 9);
});

test('24 stakes from hardly anything to nearly all', () => {
  expect(stakes).toHaveLength(24);
  expect(stakes[0]).toBeCloseTo(0.03, 12);
  expect(stakes.at(-1)).toBeCloseTo(0.97, 12);
});

test('worked by hand: one gain doubles what is staked', () => {
  const mean = stakes.reduce((sum, stake) => sum + 1 + stake, 0) / 24;
  expect(logWealth(tallyOf([1]), 0)).toBeCloseTo(Math.log(mean), 12);
  expect(logWealth(tallyOf([]), 0)).toBe(0);
});

describe('for any sample', () => {
  test('1,000 orders of arrival give the same bits', () => {
    const random = createRandom(14);
    const values = Float64Array.from({ length: 400 }, () => 2 * random.uniform() - 1);
    const expected = logWealth(tallyOf(values), -0.01);
    for (let i = 0; i < 1_000; i++) {
      expect(Object.is(logWealth(tallyOf(shuffle(values, random)), -0.01), expected)).toBe(true);
    }
  });

  test('parts that are counted apart and merged are the whole, bit for bit, shares included', () => {
    fc.assert(
      fc.property(sample, sample, sample, fc.integer({ min: 1, max: 1_024 }), floor, (a, b, c, share, f) => {
        const tallies = [tallyOf(a), tallyOf(b, share / 1_024), tallyOf(c)];
        const [first, second, third] = tallies as [never, never, never];
        const expected = logWealth(mergeTallies(tallies), f);
        expect(logWealth(mergeTallies([mergeTallies([first, second]), third]), f)).toBe(expected);
        expect(logWealth(mergeTallies([third, mergeTallies([second, first])]), f)).toBe(expected);
        expect(logWealth(mergeTallies([tallyOf([...a, ...c]), second]), f)).toBe(expected);
      }),
    );
  });

  test('the mirror image is what the other side would see', () => {
    fc.assert(
      fc.property(sample, floor, (values, f) => {
        const mirrored = mirrorTally(tallyOf(values));
        expect(logWealth(mirrored, f)).toBe(logWealth(tallyOf(values.map((x) => -x)), f));
        expect(logWealth(mirrorTally(mirrored), f)).toBe(logWealth(tallyOf(values), f));
        expect(describeTally(mirrored).mean).toBeCloseTo(-describeTally(tallyOf(values)).mean, 12);
      }),
    );
  });

  test('both sides never grow rich of the same units', () => {
    fc.assert(
      fc.property(sample, (values) => {
        const tally = tallyOf(values);
        expect(Math.min(logWealth(tally, 0), logWealth(mirrorTally(tally), 0))).toBeLessThanOrEqual(1e-9);
      }),
    );
  });

  test('a higher floor is harder to exceed, and nobody is ruined', () => {
    fc.assert(
      fc.property(sample, floor, (values, f) => {
        const tally = tallyOf(values);
        expect(logWealth(tally, f)).toBeGreaterThanOrEqual(logWealth(tally, f + 0.01) - 1e-12);
        expect(Number.isFinite(logWealth(tally, f))).toBe(true);
      }),
    );
  });

  test('what stakes made of parts adds up', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const [first, second] = [stakeLogs(tallyOf(a), 0), stakeLogs(tallyOf(b), 0)];
        const sums = first.map((log, k) => log + (second[k] as number));
        expect(logMeanExp(sums)).toBeCloseTo(logWealth(tallyOf([...a, ...b]), 0), 9);
      }),
    );
  });
});

test('a sample so many times as large', () => {
  const values = [1, 0, 0, -1, 1];
  const threefold = [...values, ...values, ...values];
  expect(logWealth(tallyOf(values), -0.01, 3)).toBeCloseTo(logWealth(tallyOf(threefold), -0.01), 12);
});

test('half a unit counts as half', () => {
  expect(describeTally(mergeTallies([tallyOf([1, 1], 0.5), tallyOf([0])]))).toEqual({ units: 2, mean: 0.5 });
});

test.each([1.01, -1.5, Number.NaN])('refuses a difference of %d', (x) => {
  expect(() => tallyOf([x])).toThrow(RangeError);
});

test('of 2,000 lives exactly at the margin at most the level is let through, over all looks', () => {
  const random = createRandom(2_026);
  const level = 0.05;
  let wrong = 0;
  for (let life = 0; life < 2_000; life++) {
    const logs = Array<number>(24).fill(0);
    const outcomes = [1, -1, 0].map((x) => stakeLogs(tallyOf([x]), -0.01));
    for (let label = 0; label < 600; label++) {
      const u = random.uniform();
      const made = outcomes[u < 0.04 ? 0 : u < 0.09 ? 1 : 2] as number[];
      for (const [k, log] of made.entries()) logs[k] = (logs[k] as number) + log;
      if (label % 5 === 4 && logMeanExp(logs) >= Math.log(1 / level)) {
        wrong++;
        break;
      }
    }
  }
  // 5 % and three standard errors of the simulation
  expect(wrong / 2_000).toBeLessThanOrEqual(level + 3 * Math.sqrt((level * (1 - level)) / 2_000));
  expect(wrong).toBeGreaterThan(0);
});
