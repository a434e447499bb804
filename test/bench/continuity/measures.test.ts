/**
 * Measures by hand-worked numbers.
 */
import { describe, expect, test } from 'vitest';
import type { NightNote } from './lives/courses.ts';
import { kappaOf, lastKnown, seasonal } from './measures/baselines.ts';
import { measure, requirementOf } from './measures/measures.ts';
import { lossesOf, type Outcome, type Replayed } from './measures/outcomes.ts';
import { listLockouts, listPromotions } from './measures/promotions.ts';
import { meanRun } from './measures/statistics.ts';

/** A history of ten rows of class 0, then blocks of ten rows whose true class is 1. */
function replayOf(blocks: number, season: number | null = null): Replayed {
  const rows = Array.from({ length: 10 * (blocks + 1) }, (_, i) => ({
    raw: Float32Array.of(i),
    label: i < 10 ? 0 : 1,
  }));
  const cut = Array.from({ length: blocks }, (_, i) => ({ from: 10 * (i + 1), to: 10 * (i + 2) }));
  return {
    stream: {
      name: 'by hand',
      part: '',
      task: { task: 'classification', labels: ['a', 'b'] },
      input: { kind: 'tabular', features: [{ name: 'x', type: 'number' }] },
      rows,
      season,
      changes: [],
      relabelled: false,
    },
    nights: { history: { from: 0, to: 10 }, blocks: cut },
    labels: Float32Array.from({ length: 10 * blocks }, () => 1),
    ranges: cut.map((_, i) => ({ from: 10 * i, to: 10 * (i + 1) })),
  };
}

/** @param right  of each version, how many of the ten rows of each block it has right: the first ones */
function outcomeOf(
  replayed: Replayed,
  serving: readonly number[],
  right: readonly (readonly number[])[],
): Outcome {
  const versions = right.map((blocks, i) => ({
    after: i - 1,
    answers: Float32Array.from(
      blocks.flatMap((n) => Array.from({ length: 10 }, (_, row) => (row < n ? 1 : 0))),
    ),
  }));
  const answers = Float32Array.from(
    serving.flatMap((version, block) => [
      ...(versions[version]?.answers.slice(10 * block, 10 * block + 10) ?? []),
    ]),
  );
  const losses = lossesOf(replayed, answers);
  return { strategy: 'by hand', failed: null, serving, versions, answers, losses, nights: [] };
}

describe('kappa', () => {
  test("is Cohen's: 0.4 for the table 20, 5, 10, 15", () => {
    const answers = [...Array(25).fill(1), ...Array(25).fill(0)] as number[];
    const labels = [...Array(20).fill(1), ...Array(5).fill(0), ...Array(10).fill(1), ...Array(15).fill(0)];
    expect(kappaOf(answers, labels as number[])).toBeCloseTo(0.4);
  });

  test('is 0 where answers and labels have one value only', () => {
    expect(kappaOf([1, 1], [1, 1])).toBe(0);
  });
});

describe('answers without a model', () => {
  test('repeat the last label of the block before, never one of the block itself', () => {
    expect([...lastKnown(replayOf(2))]).toEqual([...Array(10).fill(0), ...Array(10).fill(1)]);
  });

  test('go back as many seasons as it takes for a label to be known', () => {
    const answers = seasonal(replayOf(2, 4));
    // row 10 of the stream: 6, known; row 14: 10 is not known yet, so 6 again
    expect([...(answers ?? [])].slice(0, 10)).toEqual(Array(10).fill(0));
    expect(seasonal(replayOf(2))).toBeNull();
  });
});

describe('a promotion', () => {
  test('counts flips on the next block, and relative to what independence would give (Yan et al. 2021)', () => {
    const replayed = replayOf(2);
    const [promotion] = listPromotions(
      replayed,
      outcomeOf(
        replayed,
        [0, 1],
        [
          [8, 8],
          [5, 5],
        ],
      ),
    );
    // 3 of 10 flip; error rates .2 and .5: .3 / (.8 * .5)
    expect(promotion).toMatchObject({ block: 1, flips: 3, before: 0, promoted: 1 });
    expect(promotion?.relativeFlips).toBeCloseTo(0.75);
    expect(promotion?.worse).toBeCloseTo(0.3);
  });

  test('is bad where it is worse by more than a point and beyond noise', () => {
    const replayed = replayOf(2);
    const badOf = (after: number) =>
      listPromotions(
        replayed,
        outcomeOf(
          replayed,
          [0, 1],
          [
            [8, 8],
            [8, after],
          ],
        ),
      )[0]?.bad;
    // 1 of 10: mean .1, standard error .1; 6 of 10: .6 and .163
    expect(badOf(7)).toBe(false);
    expect(badOf(2)).toBe(true);
    expect(badOf(9)).toBe(false);
  });
});

describe('a lock-out', () => {
  test('is the third night on which one version that never served is five points better', () => {
    const replayed = replayOf(4);
    const outcome = outcomeOf(
      replayed,
      [0, 0, 0, 0],
      [
        [5, 5, 5, 5],
        [9, 9, 9, 9],
      ],
    );
    // made after block 0, so blocks 1, 2 and 3 are its nights
    expect(listLockouts(replayed, outcome)).toEqual([3]);
  });

  test('does not count what followed a night whose labels were all false: nobody could decide by them', () => {
    const replayed = replayOf(5);
    const better = [
      [5, 5, 5, 5, 5],
      [9, 9, 9, 9, 9],
    ];
    const note = (fault: string | null): NightNote => ({
      status: 'complete',
      verdict: 'hold',
      summary: '',
      candidate: null,
      seconds: 1,
      fault,
    });
    const outcome = outcomeOf(replayed, [0, 0, 0, 0, 0], better);
    const faulty = ['labels rotated', 'x constant'].map((fault) => [null, null, fault, null, null].map(note));
    const [rotated, damaged] = faulty.map((nights) => listLockouts(replayed, { ...outcome, nights }));
    // block 3 was decided after block 2
    expect(rotated).toEqual([4]);
    expect(damaged).toEqual([3, 4]);
  });

  test('is none where the version serves, or is better on two nights only', () => {
    const replayed = replayOf(4);
    expect(
      listLockouts(
        replayed,
        outcomeOf(
          replayed,
          [0, 1, 1, 1],
          [
            [5, 5, 5, 5],
            [9, 9, 9, 9],
          ],
        ),
      ),
    ).toEqual([]);
    expect(
      listLockouts(
        replayed,
        outcomeOf(
          replayed,
          [0, 0, 0, 0],
          [
            [5, 5, 5, 5],
            [9, 9, 5, 9],
          ],
        ),
      ),
    ).toEqual([]);
  });
});

describe('a strategy', () => {
  test('is measured block by block', () => {
    const replayed = replayOf(4);
    const outcome = outcomeOf(
      replayed,
      [0, 0, 1, 1],
      [
        [8, 4, 9, 0],
        [9, 9, 6, 8],
      ],
    );
    const required = requirementOf(replayed, outcome);
    expect(required).toBeCloseTo(0.75);
    const measures = measure(replayed, outcome, required);
    expect(measures.score).toBeCloseTo((8 + 4 + 6 + 8) / 40);
    expect(measures.scores.map((score) => Math.round(10 * score))).toEqual([8, 4, 6, 8]);
    expect(measures.worst).toBeCloseTo(0.4);
    expect(measures.worstBlock).toBe(1);
    expect(measures.availability).toBe(0.5);
    expect(measures.continuity).toBe(1);
    // blocks 0 to 2 by the last version (9, 9, 6) less by what served after each (8, 9, 6)
    expect(measures.bwt).toBeCloseTo((0.1 + 0 + 0) / 3);
    // the history's constant answer is always wrong
    expect(measures.fwt).toBeCloseTo(measures.score);
  });

  test('keeps its service for so many blocks in a row, on average', () => {
    expect(meanRun([true, true, false, true])).toBe(1.5);
    expect(meanRun([false])).toBe(0);
  });
});
