import { expect, test } from 'vitest';
import {
  formatConfidence,
  formatCount,
  formatMoreLabels,
  formatPercent,
  formatPoints,
} from '../../../../shared/continuity/findings/format.ts';

test('points have one decimal, a true minus sign, and no minus zero', () => {
  expect([0.0123, -0.031, -0.0001, 0, 1].map(formatPoints)).toEqual(['1.2', '−3.1', '0.0', '0.0', '100.0']);
});

test('percents, counts, labels and confidence read as a person writes them', () => {
  expect(formatPercent(0.9312)).toBe('93.1 %');
  expect([7, 1_234, 1_234_567.4].map(formatCount)).toEqual(['7', '1,234', '1,234,567']);
  expect([1, 2_000].map(formatMoreLabels)).toEqual(['1 more label', '2,000 more labels']);
  expect([0.05, 0.01, 0.001].map(formatConfidence)).toEqual(['95 %', '99 %', '99.9 %']);
});
