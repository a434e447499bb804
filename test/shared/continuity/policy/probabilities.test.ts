import { expect, test } from 'vitest';
import {
  brierScores,
  expectedCalibrationError,
  logLosses,
  reliabilityBins,
} from '../../../../shared/continuity/policy/probabilities.ts';
import oracle from '../../../fixtures/continuity/statistics.json' with { type: 'json' };

const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

test.each(oracle.scores.map((row, i) => [i, row] as const))(
  'agrees with plain sums in numpy, sample %i',
  (_, row) => {
    const labels = Int32Array.from(row.labels);
    const probabilities = Float32Array.from(row.probabilities);
    const classes = row.probabilities.length / row.labels.length;
    const predictions = labels.map((_, i) => {
      const values = row.probabilities.slice(i * classes, (i + 1) * classes);
      return values.indexOf(Math.max(...values));
    });
    expect(mean(logLosses(labels, probabilities))).toBeCloseTo(row.logLoss, 6);
    expect(mean(brierScores(labels, probabilities))).toBeCloseTo(row.brier, 6);
    expect(expectedCalibrationError(reliabilityBins(labels, predictions, probabilities))).toBeCloseTo(
      row.ece,
      6,
    );
  },
);

test('scores by hand: three quarters on the right of two classes', () => {
  const [labels, probabilities] = [Int32Array.of(1), Float32Array.of(0.25, 0.75)];
  expect(logLosses(labels, probabilities)[0]).toBeCloseTo(0.287_682, 6);
  expect(brierScores(labels, probabilities)[0]).toBeCloseTo(0.125, 10);
});

test('a probability of 0 on the label costs 16.1, not infinity', () => {
  expect(logLosses(Int32Array.of(0), Float32Array.of(0, 1))[0]).toBeCloseTo(16.118, 3);
});

test('a confidence falls into the bin that ends at it, 1 into the last, 0 into the first', () => {
  const bins = reliabilityBins(
    Int32Array.of(0, 0, 1),
    Int32Array.of(0, 1, 1),
    Float32Array.of(1, 0, 1, 0, 0.41, 0.59),
  );
  expect(bins.map(({ n }) => n)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
  expect(bins[14]).toEqual({ n: 1, confidence: 1, accuracy: 1 });
});

test('perfect calibration has no error, and neither have no examples', () => {
  expect(expectedCalibrationError([{ n: 10, confidence: 0.8, accuracy: 0.8 }])).toBe(0);
  expect(expectedCalibrationError([])).toBe(0);
});
