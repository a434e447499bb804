import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../../shared/random.ts';
import { fitPropensity, type Stratum } from '../../../../shared/continuity/selection/propensity.ts';

/** What comes back, on average, of so many predictions of which a share is wrong. */
function expectedOf(predictions: number, errors: number, right: number, wrong: number): Stratum {
  return { predictions, wrong: predictions * errors * wrong, right: predictions * (1 - errors) * right };
}

test('of counts that are what they should be on average, the probabilities are found exactly', () => {
  const probability = fc.double({ min: 0.1, max: 1, noNaN: true });
  const error = fc.double({ min: 0.02, max: 0.9, noNaN: true });
  fc.assert(
    fc.property(
      probability,
      probability,
      fc.array(error, { minLength: 2, maxLength: 6 }),
      (right, wrong, errors) => {
        fc.pre(Math.max(...errors) - Math.min(...errors) > 0.1);
        const found = fitPropensity(errors.map((share) => expectedOf(1_000, share, right, wrong)));
        expect(found?.right).toBeCloseTo(right, 6);
        expect(found?.wrong).toBeCloseTo(wrong, 6);
      },
    ),
  );
});

describe('nothing is estimated', () => {
  test('from one part of the traffic, or from parts that are wrong equally often', () => {
    expect(fitPropensity([expectedOf(1_000, 0.2, 0.5, 0.8)])).toBeNull();
    expect(fitPropensity([expectedOf(1_000, 0.2, 0.5, 0.8), expectedOf(500, 0.2, 0.5, 0.8)])).toBeNull();
    expect(fitPropensity([])).toBeNull();
  });

  test('from fewer than 50 labels', () => {
    expect(fitPropensity([expectedOf(50, 0.1, 0.4, 0.4), expectedOf(50, 0.6, 0.4, 0.4)])).toBeNull();
  });
});

test('a probability is never above 1, whatever came back', () => {
  const count = fc.integer({ min: 0, max: 500 });
  const stratum = fc
    .tuple(count, count, count)
    .map(([right, wrong, rest]): Stratum => ({ right, wrong, predictions: right + wrong + rest }));
  fc.assert(
    fc.property(fc.array(stratum, { minLength: 1, maxLength: 6 }), (strata) => {
      const found = fitPropensity(strata);
      for (const share of found === null ? [] : [found.right, found.wrong]) {
        expect(share).toBeGreaterThan(0);
        expect(share).toBeLessThanOrEqual(1);
      }
    }),
  );
});

/** Of 300 drawn nights, how many are shown to be a selection. */
function shownOf(right: number, wrong: number): number {
  const random = createRandom(7);
  const drawn = (predictions: number, errors: number): Stratum => {
    const found = { right: 0, wrong: 0, predictions };
    for (let i = 0; i < predictions; i++) {
      const isWrong = random.uniform() < errors;
      if (random.uniform() < (isWrong ? wrong : right)) found[isWrong ? 'wrong' : 'right']++;
    }
    return found;
  };
  return Array.from({ length: 300 }, () => fitPropensity([drawn(1_500, 0.1), drawn(200, 0.6)])).filter(
    (found) => found?.shown === true,
  ).length;
}

test('labels that come at random are taken for a selection about one night in twenty', () => {
  expect(shownOf(0.5, 0.5)).toBeLessThanOrEqual(30);
});

test('labels that come for wrong answers twice as often are found out nearly always', () => {
  expect(shownOf(0.4, 0.8)).toBeGreaterThanOrEqual(285);
});
