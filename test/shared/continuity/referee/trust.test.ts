import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { levelOfTrust } from '../../../../shared/continuity/referee/levels.ts';
import {
  decideTrust,
  type Night,
  RECOUNTED,
  type Trust,
  UNTRIED,
} from '../../../../shared/continuity/referee/trust.ts';
import {
  logSumExp,
  logWealth,
  mergeTallies,
  mirrorTally,
  type Tally,
  tallyOf,
} from '../../../../shared/continuity/statistics/e-process.ts';
import { createRandom, type Random } from '../../../../shared/random.ts';

const ALPHA = 0.05;

/** So many labels of one night, at 10 % disagreement. */
function nightOf(random: Random, labels: number, gain: number): Tally {
  return tallyOf(
    Array.from({ length: labels }, () => {
      const u = random.uniform();
      return u < (0.1 + gain) / 2 ? 1 : u < 0.1 ? -1 : 0;
    }),
  );
}

/** A life as a trainer has it: of all nights so far it looks at no more than the last eight again. */
function live(nights: readonly Night[], start: Trust = UNTRIED) {
  let trust = start;
  return nights.map((_, i) => {
    const decision = decideTrust(trust, nights.slice(Math.max(0, i - 7), i + 1), null, ALPHA);
    trust = decision.trust;
    return decision;
  });
}

const counts = (gains: number, losses: number, ties: number): Tally =>
  new Map([
    [4_096, gains],
    [-4_096, losses],
    [0, ties],
  ]);

const TRUSTED: Trust = { ...UNTRIED, trusted: true, from: 10 };

describe('earning trust', () => {
  test('one good night is enough, if it is good enough', () => {
    const { trust, change } = decideTrust(UNTRIED, [{ version: 3, units: counts(40, 5, 100) }], null, ALPHA);
    expect(change).toBe('earned');
    expect(trust).toEqual({ trusted: true, losses: 0, from: 4, settled: null });
  });

  test('nothing seen earns nothing, and a night without labels is no night', () => {
    expect(decideTrust(UNTRIED, [], null, ALPHA)).toMatchObject({ change: null, wealth: 0, trust: UNTRIED });
    const empty = decideTrust(UNTRIED, [{ version: 3, units: new Map() }], null, ALPHA);
    expect(empty).toMatchObject({ change: null, trust: UNTRIED });
    expect(empty.wealth).toBeCloseTo(0, 12);
  });

  test('asks more after each loss', () => {
    const needed = [0, 1, 2].map((losses) => decideTrust({ ...UNTRIED, losses }, [], null, ALPHA).needed);
    expect(needed).toEqual([0, 1, 2].map((losses) => Math.log(1 / levelOfTrust(ALPHA, losses))));
    // a third of alpha is kept for later
    expect(needed[0]).toBeCloseTo(Math.log(1 / (0.66 * ALPHA)), 12);
  });

  test('does not count candidates from before it was lost', () => {
    const nights = [{ version: 3, units: counts(40, 5, 100) }];
    expect(decideTrust({ ...UNTRIED, losses: 1, from: 4 }, nights, null, ALPHA).change).toBeNull();
  });

  test('of small gains: what old nights were worth is not forgotten', () => {
    // 80 labels a night, three points better: eight nights alone would never do at the 20th level
    const random = createRandom(5);
    const nights = Array.from({ length: 200 }, (_, i) => ({
      version: i + 1,
      units: nightOf(random, 80, 0.03),
    }));
    const start = { ...UNTRIED, losses: 20 };
    const earned = live(nights, start).findIndex(({ change }) => change === 'earned');
    expect(earned).toBeGreaterThan(8);
    const seen = nights.slice(0, earned + 1);
    const whole = logWealth(mergeTallies(seen.map(({ units }) => units)), 0);
    expect(whole).toBeGreaterThanOrEqual(Math.log(1 / levelOfTrust(ALPHA, 20)) - 1e-9);
  });
});

describe('a rehearsal', () => {
  test('that is good enough earns trust before there is a night', () => {
    const { trust, change, by } = decideTrust(UNTRIED, [], counts(40, 5, 100), ALPHA);
    expect([change, by]).toEqual(['earned', 'rehearsal']);
    expect(trust).toEqual({ trusted: true, losses: 0, from: 1, settled: null });
  });

  test('that is not enough is the first bet of the nights that follow', () => {
    const rehearsal = counts(6, 0, 40);
    const first = decideTrust(UNTRIED, [], rehearsal, ALPHA);
    expect(first).toMatchObject({ change: null, by: null, trust: { trusted: false, losses: 0, from: 1 } });
    expect(first.wealth).toBeCloseTo(logWealth(rehearsal, 0), 12);
    const night = { version: 2, units: counts(10, 2, 84) };
    expect(decideTrust(UNTRIED, [night], null, ALPHA).change).toBeNull();
    const second = decideTrust(first.trust, [night], null, ALPHA);
    expect(second).toMatchObject({ change: 'earned', by: 'nights' });
    // as if its labels were a night's
    expect(second.wealth).toBeCloseTo(logWealth(mergeTallies([rehearsal, night.units]), 0), 12);
  });

  test('of a recipe that is worse makes trust dearer, and one without labels changes nothing', () => {
    const night = { version: 2, units: counts(20, 2, 80) };
    const plain = decideTrust(UNTRIED, [night], null, ALPHA);
    const worse = decideTrust(UNTRIED, [], counts(2, 9, 40), ALPHA).trust;
    expect(decideTrust(worse, [night], null, ALPHA).wealth).toBeLessThan(plain.wealth - 1);
    const empty = decideTrust(UNTRIED, [], new Map(), ALPHA).trust;
    expect(decideTrust(empty, [night], null, ALPHA).wealth).toBeCloseTo(plain.wealth, 12);
  });

  test('is not counted twice', () => {
    const { trust } = decideTrust(UNTRIED, [], counts(6, 1, 40), ALPHA);
    expect(decideTrust(trust, [], counts(6, 1, 40), ALPHA).trust).toEqual(trust);
  });

  test('brings nothing back once trust was lost, and takes nothing from a recipe that has it', () => {
    expect(decideTrust({ ...UNTRIED, losses: 1 }, [], counts(400, 0, 0), ALPHA).change).toBeNull();
    expect(decideTrust(TRUSTED, [], counts(0, 400, 0), ALPHA).change).toBeNull();
  });
});

describe('losing it', () => {
  test('by one night that is bad enough', () => {
    const { trust, change, by } = decideTrust(
      TRUSTED,
      [{ version: 10, units: counts(5, 40, 100) }],
      null,
      ALPHA,
    );
    expect([change, by]).toEqual(['lost', 'nights']);
    expect(trust).toEqual({ trusted: false, losses: 1, from: 11, settled: null });
  });

  test('not by nights without labels, nor by what came before it was earned', () => {
    expect(decideTrust(TRUSTED, [{ version: 10, units: new Map() }], null, ALPHA).change).toBeNull();
    expect(decideTrust(TRUSTED, [{ version: 9, units: counts(5, 40, 100) }], null, ALPHA).change).toBeNull();
  });

  test('after a hundred good nights a bad week is enough', () => {
    const random = createRandom(6);
    const nights = Array.from({ length: 140 }, (_, i) => ({
      version: i + 10,
      units: nightOf(random, 200, i < 100 ? 0.05 : -0.05),
    }));
    const lost = live(nights, TRUSTED).findIndex(({ change }) => change === 'lost');
    expect(lost).toBeGreaterThanOrEqual(100);
    expect(lost).toBeLessThan(112);
  });
});

/** Earning: all nights together. Losing: one wealth for each night a change could have come on. Straight from the idea. */
function oracle(trust: Trust, nights: readonly Night[]): number {
  const together = (from: number): Tally => mergeTallies(nights.slice(from).map(({ units }) => units));
  if (!trust.trusted) return logWealth(together(0), 0);
  const weights = nights.map(({ version }) => 1 / ((version - trust.from + 1) * (version - trust.from + 2)));
  const unbegun = 1 - weights.reduce((sum, weight) => sum + weight, 0);
  const begun = weights.map((weight, i) => Math.log(weight) + logWealth(mirrorTally(together(i)), 0));
  return logSumExp([...begun, Math.log(unbegun)]);
}

describe('for any life', () => {
  const lives = fc
    .array(fc.tuple(fc.nat(6), fc.nat(6), fc.nat(30), fc.integer({ min: 1, max: 3 })), { maxLength: 30 })
    .map((rows) => {
      let version = 9;
      return rows.map(([gains, losses, ties, step]): Night => {
        version += step;
        return { version, units: counts(gains, losses, ties) };
      });
    });

  test.each([true, false])('what is kept of old nights is what they were worth; trusted: %s', (trusted) => {
    fc.assert(
      fc.property(lives, (nights) => {
        const start: Trust = { ...TRUSTED, trusted };
        for (const [i, { change, wealth }] of live(nights, start).entries()) {
          expect(wealth).toBeCloseTo(oracle(start, nights.slice(0, i + 1)), 8);
          if (change !== null) return;
        }
      }),
    );
  });

  test('a night looked at again, however often and from however far back, changes nothing', () => {
    fc.assert(
      fc.property(lives, fc.integer({ min: RECOUNTED, max: 40 }), (nights, seen) => {
        let trust = UNTRIED;
        for (let i = 0; i < nights.length; i++) {
          const shown = nights.slice(Math.max(0, i + 1 - seen), i + 1);
          const once = decideTrust(trust, shown, null, ALPHA);
          if (once.change !== null) return;
          const again = decideTrust(once.trust, shown, null, ALPHA);
          expect(again).toEqual(once);
          trust = once.trust;
        }
      }),
    );
  });

  test('labels that come late count as if they had come in time', () => {
    const late = [counts(1, 0, 3), counts(9, 1, 20)];
    const nights = (units: Tally | undefined): Night[] => [
      { version: 1, units: units as Tally },
      { version: 2, units: counts(2, 2, 20) },
    ];
    const first = decideTrust(UNTRIED, nights(late[0]), null, ALPHA);
    expect(first.change).toBeNull();
    expect(decideTrust(first.trust, nights(late[1]), null, ALPHA)).toEqual(
      decideTrust(UNTRIED, nights(late[1]), null, ALPHA),
    );
  });

  test('what is staked on nights to come never runs out', () => {
    const far = Array.from({ length: 3_000 }, (_, i): Night => ({ version: 10 + i, units: new Map() }));
    const { wealth, trust } = decideTrust(TRUSTED, far, null, ALPHA);
    expect(wealth).toBeCloseTo(0, 9);
    expect(trust.settled?.staked).toBeLessThan(1);
  });
});

test('in 400 lives of a hundred nights without any gain at most 5 % earn trust', () => {
  const random = createRandom(77);
  let earned = 0;
  for (let life = 0; life < 400; life++) {
    const { trust } = decideTrust(UNTRIED, [], nightOf(random, 20, 0), ALPHA);
    const nights = Array.from({ length: 100 }, (_, i) => ({ version: i + 1, units: nightOf(random, 40, 0) }));
    earned += Number(trust.trusted || live(nights, trust).some(({ change }) => change === 'earned'));
  }
  // the level for the first time, and three standard errors
  const level = levelOfTrust(ALPHA, 0);
  expect(earned / 400).toBeLessThanOrEqual(level + 3 * Math.sqrt((level * (1 - level)) / 400));
});
