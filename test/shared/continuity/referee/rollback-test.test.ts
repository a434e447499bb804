import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  NOTHING_SETTLED,
  settleStretch,
  type Stretch,
  testChampion,
} from '../../../../shared/continuity/referee/rollback-test.ts';
import { shareOfRestart } from '../../../../shared/continuity/referee/levels.ts';
import { GRID, tallyOf } from '../../../../shared/continuity/statistics/e-process.ts';
import { sha256Hex } from '../../../../shared/digest.ts';
import { createRandom, shuffle } from '../../../../shared/random.ts';
import oracle from '../../../fixtures/continuity/rollback.json' with { type: 'json' };

const LEVEL = 0.01;

interface Label {
  readonly stretch: number;
  readonly value: number;
}

function stretchesOf(parts: readonly (readonly number[])[]): Stretch[] {
  return parts.map((values, i) => ({ fromMs: i, begins: true, units: tallyOf(values) }));
}

const values = fc.array(fc.constantFrom(-1, 0, 0, 0, 1), { maxLength: 60 });
const parts = fc.array(values, { minLength: 1, maxLength: 6 });

test.each(oracle.rows)('is the sum of all bets by themselves: margin $margin, $log', (row) => {
  const stretches = stretchesOf(row.stretches.map((cells) => cells.map((cell) => cell / GRID)));
  expect(testChampion(NOTHING_SETTLED, stretches, row.margin, LEVEL).wealth).toBeCloseTo(row.log, 8);
});

test('the shares of all bets of a life sum to 1, and the first has most of it', () => {
  const shares = Array.from({ length: 100_000 }, (_, j) => shareOfRestart(j + 1));
  const sum = shares.reduce((total, share) => total + share, 0);
  expect(sum).toBeLessThanOrEqual(1 + 1e-12);
  expect(sum).toBeGreaterThan(0.9999);
  expect(Math.max(...shares)).toBe(shares[0]);
});

test('without a label nothing is shown, and nothing is where both always say the same', () => {
  expect(testChampion(NOTHING_SETTLED, [], 0.01, LEVEL)).toMatchObject({
    shown: false,
    wealth: 0,
    since: null,
  });
  const ties = stretchesOf([Array.from({ length: 100_000 }, () => 0)]);
  expect(testChampion(NOTHING_SETTLED, ties, 0.01, LEVEL)).toMatchObject({ shown: false, progress: 0 });
});

describe('a champion that is worse', () => {
  test('by everything is taken back within a dozen labels, one that is better never', () => {
    const worse = stretchesOf([Array.from({ length: 12 }, () => 1)]);
    expect(testChampion(NOTHING_SETTLED, worse, 0.01, LEVEL).shown).toBe(true);
    const better = stretchesOf([Array.from({ length: 5_000 }, () => -1)]);
    expect(testChampion(NOTHING_SETTLED, better, 0.01, LEVEL)).toMatchObject({ shown: false, since: null });
  });

  test('since a while is found to be so from about then on', () => {
    const good = Array.from({ length: 8 }, () =>
      Array.from({ length: 400 }, (_, i) => (i % 25 === 0 ? -1 : 0)),
    );
    const bad = Array.from({ length: 2 }, () => Array.from({ length: 400 }, (_, i) => (i % 8 === 0 ? 1 : 0)));
    const { shown, since } = testChampion(NOTHING_SETTLED, stretchesOf([...good, ...bad]), 0.01, LEVEL);
    expect({ shown, since }).toEqual({ shown: true, since: 8 });
  });
});

describe('for any labels', () => {
  test('1,000 orders of arrival give the same verdict, digest for digest', () => {
    const random = createRandom(18);
    const seen: Label[] = Array.from({ length: 900 }, (_, i) => ({
      stretch: Math.floor(i / 300),
      value: random.below(3) - 1,
    }));
    const digestOf = (labels: readonly Label[]): string => {
      const stretches = [0, 1, 2].map((place) =>
        labels.filter(({ stretch }) => stretch === place).map(({ value }) => value),
      );
      return sha256Hex(JSON.stringify(testChampion(NOTHING_SETTLED, stretchesOf(stretches), 0.01, LEVEL)));
    };
    const digests = new Set(
      Array.from({ length: 1_000 }, () =>
        digestOf(shuffle([...seen.keys()], random).map((i) => seen[i] as Label)),
      ),
    );
    expect(digests.size).toBe(1);
  });

  test('what is settled, wherever one cuts, changes nothing of the wealth', () => {
    fc.assert(
      fc.property(parts, fc.nat(6), fc.nat(60), (all, cut, within) => {
        const stretches = stretchesOf(all);
        const whole = testChampion(NOTHING_SETTLED, stretches, 0.01, LEVEL);
        const place = Math.min(cut, all.length - 1);
        const old = stretches
          .slice(0, place)
          .reduce((s, one) => settleStretch(s, one, 0.01), NOTHING_SETTLED);
        const [first, rest] = [all[place]?.slice(0, within) ?? [], all[place]?.slice(within) ?? []];
        const settled = settleStretch(old, { begins: true, units: tallyOf(first) }, 0.01);
        const open = [{ fromMs: place, begins: false, units: tallyOf(rest) }, ...stretches.slice(place + 1)];
        expect(testChampion(settled, open, 0.01, LEVEL).wealth).toBeCloseTo(whole.wealth, 8);
      }),
    );
  });

  test('a label in favour of the former version never lowers the wealth, one against it never raises it', () => {
    fc.assert(
      fc.property(parts, (all) => {
        const before = testChampion(NOTHING_SETTLED, stretchesOf(all), 0.01, LEVEL).wealth;
        const with1 = (value: number) =>
          testChampion(
            NOTHING_SETTLED,
            stretchesOf([...all.slice(0, -1), [...(all.at(-1) ?? []), value]]),
            0.01,
            LEVEL,
          ).wealth;
        expect(with1(1)).toBeGreaterThanOrEqual(before);
        expect(with1(-1)).toBeLessThanOrEqual(before);
      }),
    );
  });
});

test('of 1,000 lives of 4,000 labels exactly at the margin at most 1 % and chance are taken back', () => {
  const random = createRandom(181);
  let taken = 0;
  for (let life = 0; life < 1_000; life++) {
    let settled = NOTHING_SETTLED;
    let shown = false;
    for (let look = 0; look < 10 && !shown; look++) {
      const drawn = Array.from({ length: 400 }, () => {
        const u = random.uniform();
        return u < 0.045 ? 1 : u < 0.08 ? -1 : 0;
      });
      shown = testChampion(
        settled,
        [{ fromMs: look, begins: true, units: tallyOf(drawn) }],
        0.01,
        LEVEL,
      ).shown;
      settled = settleStretch(settled, { begins: true, units: tallyOf(drawn) }, 0.01);
    }
    if (shown) taken += 1;
  }
  expect(taken).toBeLessThanOrEqual(1_000 * (LEVEL + 3 * Math.sqrt((LEVEL * (1 - LEVEL)) / 1_000)));
});
