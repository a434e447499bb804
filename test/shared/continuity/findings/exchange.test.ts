import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainFinding } from '../../../../shared/continuity/findings/check-result.ts';
import { priceOf, settle, worthAt } from '../../../../shared/continuity/findings/exchange.ts';

const policy = { exchange: { weight: 0.25, halfLife: 4 } };

test('a point lost on the newest past window is worth a quarter of one, and half as much every four windows', () => {
  expect([0, 4, 8].map((age) => worthAt(age, policy))).toEqual([0.25, 0.125, 0.0625]);
  expect(priceOf([{ loss: 0.04, age: 0 }], policy)).toBeCloseTo(0.01, 12);
  expect(priceOf([{ loss: 0.04, age: 9 }], policy)).toBeCloseTo(0.01 * 2 ** (-9 / 4), 12);
});

test('a point lost on all of the past is worth a quarter of one, however many windows there are', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), (count) => {
      const losses = Array.from({ length: count }, (_, age) => ({ loss: 0.02, age }));
      expect(priceOf(losses, policy)).toBeCloseTo(0.005, 12);
    }),
  );
});

test('gains on one past window pay for no loss on another', () => {
  const losses = [
    { loss: 0.1, age: 0 },
    { loss: -0.3, age: 1 },
  ];
  expect(priceOf(losses, policy)).toBeCloseTo((0.25 * 0.1) / (1 + 2 ** (-1 / 4)), 12);
  expect(priceOf([{ loss: -0.3, age: 1 }], policy)).toBe(0);
});

test('only a loss that is shown asks for anything', () => {
  const payment = { price: 0.02, gain: 0, show: String };
  for (const verdict of ['pass', 'skip'] as const) {
    const finding = plainFinding(verdict, 'd');
    expect(settle(finding, 0.1, payment)).toBe(finding);
  }
  expect(settle(plainFinding('fail', 'd'), 0.1, payment).verdict).toBe('fail');
  expect(settle(plainFinding('fail', 'd'), 0.1, { ...payment, gain: 0.02 }).verdict).toBe('pass');
  expect(settle(plainFinding('fail', 'd'), 0, { ...payment, price: 0 }).verdict).toBe('fail');
});
