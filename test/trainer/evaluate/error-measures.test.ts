import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { measureErrors } from '../../../trainer/evaluate/error-measures.ts';

it('is what a hand works out', () => {
  // The example of scikit-learn's user guide: r2 0.948…, MAE 0.5, MSE 0.375.
  const measures = measureErrors(Float64Array.of(3, -0.5, 2, 7), Float32Array.of(2.5, 0, 2, 8));
  expect(measures).toMatchObject({ n: 4, mae: 0.5, medianError: 0.5, bias: 0.25 });
  expect(measures.rmse).toBeCloseTo(Math.sqrt(0.375), 12);
  expect(measures.r2).toBeCloseTo(0.9486081370449679, 12);
  // The median is 2.5.
  expect(measures.baselineMae).toBeCloseTo((0.5 + 3 + 0.5 + 4.5) / 4, 12);
});

it('has no R2 where targets are all equal, and R2 0 where the mean is always said', () => {
  expect(measureErrors(Float64Array.of(2, 2), Float32Array.of(1, 3)).r2).toBeNull();
  expect(measureErrors(Float64Array.of(1, 3), Float32Array.of(2, 2)).r2).toBe(0);
});

it('moves with the unit', () => {
  const pair = fc.record({
    target: fc.integer({ min: -1_000, max: 1_000 }),
    answer: fc.integer({ min: -1_000, max: 1_000 }),
  });
  fc.assert(
    fc.property(fc.array(pair, { minLength: 1 }), (pairs) => {
      const of = (factor: number) =>
        measureErrors(
          Float64Array.from(pairs, ({ target }) => factor * target),
          Float32Array.from(pairs, ({ answer }) => factor * answer),
        );
      const [one, four] = [of(1), of(4)];
      expect(four.mae).toBeCloseTo(4 * one.mae, 6);
      expect(four.rmse).toBeCloseTo(4 * one.rmse, 6);
      expect(one.rmse).toBeGreaterThanOrEqual(one.mae - 1e-9);
      if (one.r2 !== null) expect(four.r2).toBeCloseTo(one.r2, 9);
    }),
  );
});
