import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { continueWindows, divideHistory, rangesOf } from '../../../../trainer/pipeline/data/windows.ts';

const policy = { examples: 100, keep: 12 };

describe('a history divided for the first time', () => {
  test('gives windows of the size asked for, and lets a small rest join the last one', () => {
    const times = Array.from({ length: 340 }, (_, i) => 1_000 + i);
    expect(divideHistory(times, 5_000, policy)).toEqual([
      { fromMs: 0, toMs: 1_100 },
      { fromMs: 1_100, toMs: 1_200 },
      { fromMs: 1_200, toMs: 5_001 },
    ]);
  });

  test('never has more windows than are kept, however long it is', () => {
    const times = Array.from({ length: 10_000 }, (_, i) => i);
    expect(divideHistory(times, 20_000, policy).length).toBeLessThanOrEqual(policy.keep + 1);
  });

  test('keeps examples of one instant together', () => {
    const windows = divideHistory(
      Array.from({ length: 500 }, () => 7),
      100,
      policy,
    );
    expect(windows).toEqual([{ fromMs: 0, toMs: 101 }]);
  });

  test('an empty history is one empty window', () => {
    expect(divideHistory([], 100, policy)).toEqual([{ fromMs: 0, toMs: 101 }]);
  });

  test('holds every example exactly once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(5_000), { maxLength: 800 }),
        fc.integer({ min: 10, max: 300 }),
        (unsorted, examples) => {
          const times = unsorted.sort((a, b) => a - b);
          const windows = divideHistory(times, 5_000, { examples, keep: 5 });
          const ranges = rangesOf(windows, times);
          expect(ranges[0]?.start).toBe(0);
          expect(ranges.at(-1)?.end).toBe(times.length);
          for (const [i, { start }] of ranges.entries()) if (i > 0) expect(start).toBe(ranges[i - 1]?.end);
        },
      ),
    );
  });
});

describe('windows after a promotion', () => {
  const window = (fromMs: number, examples: number) => ({ fromMs, toMs: fromMs + 100, examples });

  test('stay as they were, and everything newer is the current one', () => {
    const closed = [window(0, 100), window(100, 100)];
    expect(continueWindows(closed, 500, policy)).toEqual([
      { fromMs: 0, toMs: 100 },
      { fromMs: 100, toMs: 200 },
      { fromMs: 200, toMs: 501 },
    ]);
  });

  test('merge as they age when there are too many: the smallest for their age, not always the oldest', () => {
    const closed = [window(0, 900), window(100, 10), window(200, 10), window(300, 100)];
    expect(continueWindows(closed, 500, { examples: 100, keep: 3 })).toEqual([
      { fromMs: 0, toMs: 100 },
      { fromMs: 100, toMs: 300 },
      { fromMs: 300, toMs: 400 },
      { fromMs: 400, toMs: 501 },
    ]);
  });
});
