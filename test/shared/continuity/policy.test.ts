import { describe, expect, test } from 'vitest';
import { gatePolicySchema } from '../../../shared/continuity/policy.ts';

test('an empty policy means the documented defaults', () => {
  expect(gatePolicySchema.parse({})).toEqual({
    alpha: 0.05,
    require: 'non-inferiority',
    margins: { current: 0.01, pastMean: 0.01, worstWindow: 0.05, classRecall: 0.05 },
    budgets: { negativeFlips: 0.05 },
    minimum: { window: 250, current: 100, class: 250 },
  });
});

test('one margin can be set without the others', () => {
  expect(gatePolicySchema.parse({ margins: { current: 0.02 } }).margins).toEqual({
    current: 0.02,
    pastMean: 0.01,
    worstWindow: 0.05,
    classRecall: 0.05,
  });
});

describe('refuses a policy that can never pass, or never fail', () => {
  test.each([
    [{ alpha: 0 }, 'alpha above 0'],
    [{ alpha: 0.5 }, 'alpha below 0.5'],
    [{ alpha: Number.NaN }, 'number'],
    [{ margins: { current: 1 } }, 'never fails'],
    [{ margins: { classRecall: 0 } }, "no amount of labels shows 'not worse at all'"],
    [{ margins: { worstWindow: -0.1 } }, 'margin above 0'],
    [{ budgets: { negativeFlips: 0 } }, 'never 0'],
    [{ budgets: { negativeFlips: 1 } }, 'never fails'],
    [{ minimum: { current: 0 } }, 'at least 1 example'],
    [{ minimum: { window: 2.5 } }, 'int'],
    [{ margin: { current: 0.1 } }, 'margin'],
  ])('%j', (policy, message) => {
    const parsed = gatePolicySchema.safeParse(policy);
    expect(parsed.success).toBe(false);
    expect(parsed.error?.issues.map((issue) => issue.message).join()).toContain(message);
  });
});
