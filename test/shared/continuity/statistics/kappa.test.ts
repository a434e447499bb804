import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cohenKappa, kappaTemporal } from '../../../../shared/continuity/statistics/kappa.ts';
import oracle from '../../../fixtures/continuity/statistics.json' with { type: 'json' };

/** Labels and predictions whose confusion table is this one. */
function pairsOf(table: readonly (readonly number[])[]) {
  const cells = table.flatMap((row, label) =>
    row.flatMap((count, prediction) => Array.from({ length: count }, () => [label, prediction] as const)),
  );
  return {
    labels: Int32Array.from(cells, ([label]) => label),
    predictions: Int32Array.from(cells, ([, prediction]) => prediction),
  };
}

describe("Cohen's kappa", () => {
  test.each(oracle.kappa)('agrees with the numerical delta method: $table', (row) => {
    const { labels, predictions } = pairsOf(row.table);
    const interval = cohenKappa(labels, predictions, row.table.length, row.alpha);
    expect(interval?.estimate).toBeCloseTo(row.estimate, 10);
    expect(interval?.lower).toBeCloseTo(Math.max(-1, row.lower), 6);
    expect(interval?.upper).toBeCloseTo(Math.min(1, row.upper), 6);
  });

  test('gives the example of Fleiss, Cohen & Everitt 1969: kappa 0.429, variance 0.002885', () => {
    const { labels, predictions } = pairsOf([
      [106, 10, 4],
      [22, 28, 10],
      [2, 12, 6],
    ]);
    const { estimate, lower } = cohenKappa(labels, predictions, 3, 0.05) ?? { estimate: 0, lower: 0 };
    expect(estimate).toBeCloseTo(0.429, 3);
    expect(((estimate - lower) / 1.644_854) ** 2).toBeCloseTo(0.002_885, 5);
  });

  test('is undefined where one class is all there is', () => {
    expect(cohenKappa(new Int32Array(10), new Int32Array(10), 2, 0.05)).toBeNull();
  });

  test('is 1 for perfect and 0 for constant predictions', () => {
    const labels = Int32Array.from({ length: 60 }, (_, i) => i % 3);
    expect(cohenKappa(labels, labels, 3, 0.05)?.estimate).toBe(1);
    expect(cohenKappa(labels, new Int32Array(60), 3, 0.05)?.estimate).toBeCloseTo(0, 12);
  });

  test('grouped examples widen it by 1 / sqrt(share)', () => {
    const { labels, predictions } = pairsOf([
      [20, 5],
      [10, 15],
    ]);
    const alone = cohenKappa(labels, predictions, 2, 0.05);
    const grouped = cohenKappa(labels, predictions, 2, 0.05, 0.25);
    const reach = (interval: typeof alone) => (interval?.estimate ?? 0) - (interval?.lower ?? 0);
    expect(reach(grouped) / reach(alone)).toBeCloseTo(2, 10);
  });
});

describe('kappa-temporal', () => {
  test.each(oracle.kappaTemporal)(
    'agrees with the test inverted: $model and $previous errors of $n',
    (row) => {
      const interval = kappaTemporal(row, row.alpha);
      expect(interval?.estimate).toBeCloseTo(row.estimate, 10);
      expect(interval?.lower).toBeCloseTo(row.lower, 6);
      expect(interval?.upper).toBeCloseTo(row.upper, 6);
    },
  );

  test('is below 0 exactly when the model errs more often than the last label', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.integer({ min: 30, max: 100 }), fc.nat(30), (model, previous, overlap) => {
        const both = Math.min(overlap, model, previous);
        const interval = kappaTemporal({ model, previous, both, n: 300 }, 0.05);
        expect(Math.sign(interval?.estimate ?? 0)).toBe(Math.sign(previous - model));
      }),
    );
  });

  test('is undefined where repeating the last label never errs, or hardly ever', () => {
    expect(kappaTemporal({ model: 3, previous: 0, both: 0, n: 100 }, 0.05)).toBeNull();
    expect(kappaTemporal({ model: 0, previous: 1, both: 0, n: 100 }, 0.05)).toBeNull();
  });

  test('grouped examples widen it', () => {
    const counts = { model: 30, previous: 120, both: 20, n: 500 };
    expect(kappaTemporal(counts, 0.05, 0.3)?.lower).toBeLessThan(kappaTemporal(counts, 0.05)?.lower ?? -1);
  });
});
