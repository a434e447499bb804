import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareAnswers } from '../../../shared/continuity/referee/challenger-comparison.ts';
import type { Spec } from '../../../shared/model/spec/spec.ts';
import { valueAnswers, wordingOf } from '../../../trainer/referee/answer-utility.ts';
import { rentSpec } from '../../support/regression-model.ts';
import { blobSpec } from '../../support/tabular-model.ts';

const NONE = new Map<number, Float64Array>();
const with3 = (metric: Spec['gate']['metric'], labels = ['no', 'yes']): Spec => {
  const spec = blobSpec('blobs', { labels });
  return { ...spec, gate: { ...spec.gate, metric } };
};
const of = (...values: number[]) => Float64Array.from(values);
/** 97 of 100 held-out examples are of the first class. */
const SKEWED = { constant: 0, heldOutByClass: [97, 3] };
const EVEN = { constant: 0, heldOutByClass: [50, 50] };

/** Mean utility of version 1 less that of version 2. */
function difference(
  spec: Spec,
  split: Parameters<typeof valueAnswers>[1],
  seen: Parameters<typeof valueAnswers>[2],
) {
  const { utilities, margin } = valueAnswers(spec, split, seen);
  const [a, b] = [utilities.get(1) as Float64Array, utilities.get(2) as Float64Array];
  const { mean } = compareAnswers({ differences: a.map((x, i) => x - (b[i] as number)) });
  return { mean, margin };
}

describe('classes', () => {
  // version 1 finds two of three rare ones and is wrong on four of the others; version 2 never says "yes"
  const labels = of(...Array<number>(97).fill(0), 1, 1, 1);
  const answers = new Map([
    [1, labels.map((label, i) => (i < 4 ? 1 : i === 99 ? 0 : label))],
    [2, labels.map(() => 0)],
  ]);
  const seen = { labels, answers, logLosses: NONE };

  test('97 to 3 is judged by balanced accuracy, as the exam judges it', () => {
    const { mean, margin } = difference(with3('auto'), SKEWED, seen);
    // balanced accuracy: (93 / 97 + 2 / 3) / 2 beside 1 / 2, on the scale of two classes of 3 %
    const balanced = (93 / 97 + 2 / 3 - 1) / 2;
    expect(mean).toBeCloseTo(balanced * 2 * 0.03, 4);
    expect(margin).toBeCloseTo(0.01 * 2 * 0.03, 12);
    expect(mean).toBeGreaterThan(margin);
    expect(difference(with3('accuracy'), SKEWED, seen).mean).toBeCloseTo(-0.02, 12);
    expect(difference(with3('auto'), EVEN, seen).mean).toBeCloseTo(-0.02, 12);
  });

  test('a cost matrix says what a mistake costs', () => {
    // to miss a "yes" costs ten times a false alarm
    const costs = [
      [0, 1],
      [10, 0],
    ];
    const { mean, margin } = difference(with3({ costs }), EVEN, seen);
    expect(mean).toBeCloseTo((2 * 10 - 4 * 1) / 10 / 100, 12);
    expect(margin).toBe(0.01);
  });

  test('log loss reads the probabilities', () => {
    const logLosses = new Map([
      [1, of(0.1, 0.2)],
      [2, of(0.7, 9)],
    ]);
    const two = {
      labels: of(0, 1),
      answers: new Map([
        [1, of(0, 1)],
        [2, of(0, 0)],
      ]),
      logLosses,
    };
    const most = Math.log(100);
    expect(difference(with3('log-loss'), EVEN, two).mean).toBeCloseTo((0.6 + (most - 0.2)) / most / 2, 1);
  });
});

describe('numbers', () => {
  const spec = rentSpec('rents');
  const by = (metric: Spec['gate']['metric']): Spec => ({ ...spec, gate: { ...spec.gate, metric } });
  const labels = of(100, 200, 300, 400);
  const answers = new Map([
    [1, of(110, 190, 310, 390)],
    [2, of(100, 200, 300, 440)],
  ]);
  const seen = { labels, answers, logLosses: NONE };
  const split = { constant: 250 };

  test('the same errors are alike by their mean, better by their squares, worse within a small tolerance', () => {
    expect(difference(by('auto'), split, seen).mean).toBeCloseTo(0, 12);
    expect(difference(by('rmse'), split, seen).mean).toBeGreaterThan(0.1);
    expect(difference(by({ tolerance: 5 }), split, seen)).toEqual({
      mean: -0.75,
      margin: spec.gate.margins.current,
    });
    // 0.9 of what is too low: 190 and 390 cost nine times what 110 and 310 do
    expect(difference(by({ pinball: 0.9 }), split, seen).mean).toBeLessThan(-0.05);
  });

  test('a margin is the loss of one whose error is larger by that share', () => {
    const share = spec.gate.margins.currentError;
    const worse = new Map([
      [
        1,
        of(110, 190, 310, 390).map(
          (x, i) => (labels[i] as number) + (x - (labels[i] as number)) * (1 + share),
        ),
      ],
      [2, of(110, 190, 310, 390)],
    ]);
    for (const metric of ['mae', 'rmse', { pinball: 0.5 }] as const) {
      const { mean, margin } = difference(by(metric), split, { labels, answers: worse, logLosses: NONE });
      // the scale is the mean of both, a little larger than the one's
      expect(-mean / margin).toBeGreaterThan(0.93);
      expect(-mean / margin).toBeLessThanOrEqual(1);
    }
  });
});

test('whoever did not answer is worth nothing at all, and every other answer something in [0, 1]', () => {
  const metrics = [
    'auto',
    'accuracy',
    'balanced-accuracy',
    {
      costs: [
        [0, 2],
        [1, 0],
      ],
    },
  ] as const;
  const answer = fc.constantFrom(0, 1, Number.NaN);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(0, 1), answer), { maxLength: 30 }),
      fc.constantFrom(...metrics),
      fc.constantFrom(SKEWED, EVEN, { constant: 0 }),
      (rows, metric, split) => {
        const seen = {
          labels: Float64Array.from(rows, ([label]) => label),
          answers: new Map([[1, Float64Array.from(rows, ([, said]) => said)]]),
          logLosses: NONE,
        };
        const worth = valueAnswers(with3(metric as Spec['gate']['metric']), split, seen).utilities.get(1);
        for (const [i, [, said]] of rows.entries()) {
          const value = worth?.[i] as number;
          expect(Number.isNaN(value)).toBe(Number.isNaN(said));
          if (!Number.isNaN(said)) expect(value >= 0 && value <= 1).toBe(true);
        }
      },
    ),
  );
});

test('gains and losses are told as right answers where answers are right or wrong', () => {
  expect(wordingOf(with3('auto'))).toBe('right');
  expect(wordingOf(with3('log-loss'))).toBe('better');
  expect(
    wordingOf(
      with3({
        costs: [
          [0, 1],
          [1, 0],
        ],
      }),
    ),
  ).toBe('better');
  const rents = rentSpec('rents');
  expect(wordingOf(rents)).toBe('better');
  expect(wordingOf({ ...rents, gate: { ...rents.gate, metric: { tolerance: 3 } } })).toBe('right');
});
