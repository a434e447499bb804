import { describe, expect, test } from 'vitest';
import {
  type RecipeComparison,
  concludeComparison,
  spread,
  summarizeSplits,
} from '../../../trainer/recipes/recipe-comparison.ts';
import { renderComparison } from '../../../trainer/compare/comparison-page.ts';
import { blobSpec } from '../../support/tabular-model.ts';
import type { Recipe } from '../../../trainer/run/split-backend.ts';

const { head, training } = blobSpec('blobs');
const recipe = (version: number): Recipe => ({ version, snapshot: 's', head, training });

function compare(
  first: readonly number[],
  second: readonly number[],
  target: RecipeComparison['target'] = null,
): RecipeComparison {
  const score = (test: number) => ({ train: 0.99, test, trained: 800, tested: 200 });
  const scores = first.map((value, i) => [score(value), score(second[i] as number)] as const);
  const summary = summarizeSplits([recipe(3), recipe(5)], scores, 0.05, target);
  return { format: 'holdfast-comparison/1', model: '<b>', snapshot: 's', seed: 1, seconds: 1, ...summary };
}

const BASE = [0.9, 0.92, 0.88, 0.91, 0.9];

describe('comparing two recipes', () => {
  test('the interval is the corrected resampled t, worked by hand', () => {
    const { difference } = compare([0.8, 0.8], [0.8, 0.84]);
    // Differences 0 and 0.04: mean 0.02, variance 0.0008; t(0.95, 1) = 6.3138; 1/2 + 200/800.
    const reach = 6.313752 * Math.sqrt(0.75 * 0.0008);
    expect(difference.estimate).toBeCloseTo(0.02, 10);
    expect(difference.lower).toBeCloseTo(0.02 - reach, 5);
    expect(difference.upper).toBeCloseTo(0.02 + reach, 5);
  });

  test('says which is better and by how much at least, whichever stands first', () => {
    const better = BASE.map((score, i) => score + 0.05 + 0.002 * i);
    expect(concludeComparison(compare(BASE, better))).toMatch(
      /^The recipe of version 5 is better by at least 4.7 points$/,
    );
    expect(concludeComparison(compare(better, BASE))).toMatch(
      /^The recipe of version 3 is better by at least 4.7 points$/,
    );
  });

  test('says that nothing is shown where the splits disagree', () => {
    const mixed = BASE.map((score, i) => score + (i % 2 === 0 ? 0.03 : -0.03));
    expect(concludeComparison(compare(BASE, mixed))).toMatch(/^Neither recipe is shown to be better/);
  });

  test('of a regression the scores are errors: the smaller one is better, in percent of the first', () => {
    const rent = { name: 'rent', unit: 'EUR' };
    const smaller = BASE.map((error, i) => error * (0.8 - 0.002 * i));
    const comparison = compare(BASE, smaller, rent);
    expect(comparison.difference.estimate).toBeCloseTo(0.204, 10);
    expect(concludeComparison(comparison)).toMatch(
      /^The recipe of version 5 has a smaller error, by at least \d+\.\d %$/,
    );
    expect(concludeComparison(compare(smaller, BASE, rent))).toMatch(
      /^The recipe of version 3 has a smaller/,
    );
    const page = renderComparison(comparison);
    expect(page).toContain('Fall of the mean absolute error of rent on the test examples: +20.4 %');
    expect(page).toContain('0.902 EUR');
    expect(page).not.toContain('points');
  });

  test('an error of 0 that rises counts as doubled, and is no division by it', () => {
    const { difference } = compare([0, 0], [0, 1], { name: 'rent' });
    expect(difference.estimate).toBe(-0.5);
  });

  test('the spread is the standard deviation over the splits', () => {
    expect(spread([1, 2, 3])).toBe(1);
  });
});

test('the page stands alone, shows every split of both recipes, and inserts names as text', () => {
  const page = renderComparison(compare(BASE, BASE));
  expect(page).not.toMatch(/<script|<link|<img|url\(|@import|https?:|NaN|Infinity|undefined/);
  expect(page.match(/<circle/g)).toHaveLength(4 * BASE.length);
  expect(page).toContain('version 5, test, split 3: 88.0 %');
  expect(page).toContain('&lt;b&gt;');
});
