import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { logWealth, mergeTallies, tallyOf } from '../../../../shared/continuity/statistics/e-process.ts';
import {
  beginBet,
  logWealthOfBets,
  meetUnits,
  NO_BETS,
} from '../../../../shared/continuity/statistics/restarts.ts';

const units = fc.array(fc.constantFrom(-1, 0, 0, 0, 1), { maxLength: 40 }).map((values) => tallyOf(values));

test('nothing is won or lost before the first bet', () => {
  expect(logWealthOfBets(NO_BETS)).toBe(0);
  expect(meetUnits(NO_BETS, tallyOf([1, 1]), 0)).toEqual(NO_BETS);
});

describe('for any units', () => {
  test('one bet of everything is the plain wealth', () => {
    fc.assert(
      fc.property(units, (seen) => {
        const bet = meetUnits(beginBet(NO_BETS, 1), seen, 0.01);
        expect(logWealthOfBets(bet)).toBeCloseTo(logWealth(seen, 0.01), 9);
      }),
    );
  });

  test('what is won is the sum of the bets by themselves, and of what is not staked', () => {
    fc.assert(
      fc.property(fc.array(units, { minLength: 1, maxLength: 5 }), (parts) => {
        const weight = 1 / (parts.length + 1);
        const all = parts.reduce((bets, part) => meetUnits(beginBet(bets, weight), part, 0), NO_BETS);
        const alone = parts.map((_, i) => Math.exp(logWealth(mergeTallies(parts.slice(i)), 0)));
        const sum = weight * alone.reduce((total, one) => total + one, 0) + weight;
        expect(logWealthOfBets(all)).toBeCloseTo(Math.log(sum), 9);
      }),
    );
  });
});
