import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergeOldWindows } from '../../../../trainer/pipeline/data/aging.ts';
import type { AgingWindow } from '../../../../trainer/pipeline/data/aging.ts';

const nights = (sizes: readonly number[]): AgingWindow[] =>
  sizes.map((examples, i) => ({ fromMs: i * 10, toMs: i * 10 + 10, examples }));

test('leaves windows alone while there are few', () => {
  const windows = nights([5, 5, 5]);
  expect(mergeOldWindows(windows, 3)).toEqual(windows);
  expect(mergeOldWindows([], 3)).toEqual([]);
});

test('a thousand equal nights become a few windows that double with age, the newest untouched', () => {
  let kept: AgingWindow[] = [];
  for (const night of nights(Array(1_000).fill(100))) kept = mergeOldWindows([...kept, night], 12);
  const sizes = kept.map(({ examples }) => examples / 100).toReversed();
  expect(sizes.slice(0, 2)).toEqual([1, 1]);
  expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
  for (const [i, size] of sizes.entries()) {
    const newer = sizes.slice(0, i).reduce((sum, each) => sum + each, 0);
    if (i > 2) expect(size / newer).toBeLessThan(1.5);
  }
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1_000);
});

test('keeps every example and every instant, in order, in at most so many windows', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 40 }),
      fc.integer({ min: 1, max: 9 }),
      (sizes, keep) => {
        const windows = nights(sizes);
        const merged = mergeOldWindows(windows, keep);
        expect(merged.length).toBe(Math.min(keep, windows.length));
        const total = (all: readonly AgingWindow[]) => all.reduce((sum, { examples }) => sum + examples, 0);
        expect(total(merged)).toBe(total(windows));
        expect(merged[0]?.fromMs).toBe(windows[0]?.fromMs);
        expect(merged.at(-1)?.toMs).toBe(windows.at(-1)?.toMs);
        for (const [i, window] of merged.entries())
          if (i > 0) expect(window.fromMs).toBe(merged[i - 1]?.toMs);
      },
    ),
  );
});

test('the two that are smallest for their age become one, and of equals the oldest', () => {
  const sizesOf = (windows: readonly AgingWindow[]): number[] => windows.map(({ examples }) => examples);
  expect(sizesOf(mergeOldWindows(nights([1, 1, 1, 1]), 3))).toEqual([2, 1, 1]);
  expect(sizesOf(mergeOldWindows(nights([900, 10, 10, 100]), 3))).toEqual([900, 20, 100]);
  // the first two have 900 examples after them, the last two none
  expect(sizesOf(mergeOldWindows(nights([50, 50, 450, 450]), 3))).toEqual([100, 450, 450]);
});

test('refuses to keep none', () => {
  expect(() => mergeOldWindows([], 0)).toThrow(RangeError);
});
