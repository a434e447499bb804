import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { measureClasses } from '../../../trainer/evaluate/class-measures.ts';

/** Pairs counted one by one. */
function pairwiseArea(labels: readonly number[], scores: readonly number[], k: number): number | null {
  let [won, pairs] = [0, 0];
  for (const [i, a] of labels.entries()) {
    for (const [j, b] of labels.entries()) {
      if (a !== k || b === k) continue;
      pairs += 1;
      const [own, other] = [scores[i] as number, scores[j] as number];
      won += own > other ? 1 : own === other ? 0.5 : 0;
    }
  }
  return pairs === 0 ? null : won / pairs;
}

const sets = fc.integer({ min: 2, max: 4 }).chain((classes) =>
  fc
    .array(
      fc.record({
        label: fc.nat(classes - 1),
        // Few different ones: ties are what goes wrong.
        weights: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: classes, maxLength: classes }),
      }),
      { minLength: 1, maxLength: 40 },
    )
    .map((rows) => ({ classes, rows })),
);

function measure(classes: number, rows: readonly { label: number; weights: readonly number[] }[]) {
  const probabilities = rows.flatMap(({ weights }) => {
    const sum = weights.reduce((a, b) => a + b, 0);
    return weights.map((weight) => Math.fround(weight / sum));
  });
  const labels = rows.map(({ label }) => label);
  return {
    labels,
    probabilities,
    measures: measureClasses(Int32Array.from(labels), Float32Array.from(probabilities), classes),
  };
}

describe('measureClasses', () => {
  it('is what a hand works out', () => {
    // Truth 0 0 0 1 1 2, answers 0 0 1 1 2 2.
    const rows = [
      [0, [6, 3, 1]],
      [0, [8, 1, 1]],
      [0, [3, 5, 2]],
      [1, [1, 7, 2]],
      [1, [2, 3, 5]],
      [2, [1, 1, 8]],
    ] as const;
    const { measures } = measure(
      3,
      rows.map(([label, weights]) => ({ label, weights })),
    );
    expect(measures.confusion).toEqual([
      [2, 1, 0],
      [0, 1, 1],
      [0, 0, 1],
    ]);
    expect(measures.accuracy).toBeCloseTo(4 / 6, 12);
    expect(measures.balancedAccuracy).toBeCloseTo((2 / 3 + 1 / 2 + 1) / 3, 12);
    expect(measures.classes.map(({ f1 }) => f1)).toEqual([0.8, 0.5, 2 / 3]);
    expect(measures.macroF1).toBeCloseTo((0.8 + 0.5 + 2 / 3) / 3, 12);
    expect(measures.weightedF1).toBeCloseTo((3 * 0.8 + 2 * 0.5 + 2 / 3) / 6, 12);
    const losses = [0.6, 0.8, 0.3, 0.7, 0.3, 0.8].map((p) => -Math.log(p));
    expect(measures.logLoss).toBeCloseTo(losses.reduce((a, b) => a + b) / 6, 6);
    // Of the first: 0.4² + 0.3² + 0.1².
    const briers = [
      0.26,
      0.06,
      0.49 + 0.25 + 0.04,
      0.01 + 0.09 + 0.04,
      0.04 + 0.49 + 0.25,
      0.01 + 0.01 + 0.04,
    ];
    expect(measures.brier).toBeCloseTo(briers.reduce((a, b) => a + b) / 6, 6);
  });

  it('has the area that counting all pairs gives, ties as half', () => {
    fc.assert(
      fc.property(sets, ({ classes, rows }) => {
        const { labels, probabilities, measures } = measure(classes, rows);
        for (let k = 0; k < classes; k++) {
          const expected = pairwiseArea(
            labels,
            labels.map((_, i) => probabilities[i * classes + k] as number),
            k,
          );
          const got = measures.classes[k]?.auc ?? null;
          if (expected === null) expect(got).toBeNull();
          else expect(got).toBeCloseTo(expected, 9);
        }
      }),
    );
  });

  it('stays in its ranges, does not care for order, and counts everything once', () => {
    fc.assert(
      fc.property(sets, ({ classes, rows }) => {
        const { measures } = measure(classes, rows);
        const { accuracy, balancedAccuracy, macroF1, weightedF1, brier, calibrationError, logLoss } =
          measures;
        for (const share of [accuracy, balancedAccuracy, macroF1, weightedF1, calibrationError])
          expect(share >= 0 && share <= 1).toBe(true);
        expect(brier >= 0 && brier <= 2 && logLoss >= 0).toBe(true);
        expect(measures.accuracyInterval.lower).toBeLessThanOrEqual(accuracy);
        expect(measures.accuracyInterval.upper).toBeGreaterThanOrEqual(accuracy);
        expect(measures.confusion.flat().reduce((a, b) => a + b)).toBe(rows.length);
        const turned = measure(classes, rows.toReversed()).measures;
        expect(turned.auc ?? 0).toBeCloseTo(measures.auc ?? 0, 9);
        expect(turned.confusion).toEqual(measures.confusion);
      }),
    );
  });

  it('leaves open what nothing says: a class without examples, or without others', () => {
    const { measures } = measure(3, [{ label: 1, weights: [1, 4, 1] }]);
    expect(measures).toMatchObject({ auc: null, balancedAccuracy: 1, macroF1: 1 });
    expect(measures.classes[0]).toEqual({ n: 0, precision: null, recall: null, f1: null, auc: null });
  });
});
