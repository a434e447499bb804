import { describe, expect, test } from 'vitest';
import { gatePolicySchema, policyProblems } from '../../../../shared/continuity/policy/policy.ts';

test('an empty policy means the documented defaults', () => {
  expect(gatePolicySchema.parse({})).toEqual({
    alpha: 0.05,
    require: 'non-inferiority',
    metric: 'auto',
    needs: [],
    exchange: { weight: 0.25, halfLife: 4 },
    holdBeyond: 0.15,
    margins: {
      current: 0.01,
      pastMean: 0.01,
      worstWindow: 0.05,
      forgotten: 0,
      classRecall: 0.05,
      slice: 0.05,
      splits: 0.02,
      logLoss: 0.05,
      brier: 0.02,
      currentError: 0.05,
      pastError: 0.05,
      worstError: 0.2,
    },
    budgets: { negativeFlips: 0.05, sliceFlips: 0.1, reportedFlips: 0.05, worsened: 0.05 },
    tau: null,
    selection: { nights: 3 },
    minimum: { window: 250, current: 1, class: 1, slice: 1, calibration: 500, groups: 20 },
    baselines: ['majority', 'no-change', 'kappa', 'kappa-temporal'],
    slices: [],
    splits: { count: 10, maxExamples: 2_000 },
    edge: { latencyRatio: 1.5, sizeRatio: 2, memoryBytes: 80_000_000 },
    bootstrap: { draws: 2_000, seed: 1 },
  });
});

test('a spec that was saved with a guard of wear is still read', () => {
  expect(gatePolicySchema.safeParse({ guardWear: false }).success).toBe(true);
});

test('one margin can be set without the others', () => {
  const { margins } = gatePolicySchema.parse({});
  expect(gatePolicySchema.parse({ margins: { current: 0.02 } }).margins).toEqual({
    ...margins,
    current: 0.02,
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
    [{ margins: { logLoss: 0 } }, 'no rise at all'],
    [{ margins: { logLoss: 17 } }, 'never fails'],
    [{ margins: { brier: 2 } }, 'never fails'],
    [{ margins: { forgotten: -0.01 } }, '0 or more'],
    [{ margins: { pastError: 1 } }, 'never fails'],
    [{ budgets: { reportedFlips: 1 } }, 'never fails'],
    [{ tau: 0 }, 'tau above 0'],
    [{ edge: { latencyRatio: 1 } }, 'noise alone'],
    [{ edge: { sizeRatio: 1_000 } }, 'never fails'],
    [{ edge: { memoryBytes: 128_000_001 } }, 'limit of an isolate'],
    [{ baselines: [] }, 'at least one baseline'],
    [{ baselines: ['kappa', 'kappa'] }, 'once'],
    [{ slices: ['device', 'device'] }, 'once'],
    [{ needs: ['edge', 'edge'] }, 'once'],
    [{ minimum: { groups: 1 } }, 'at least 2 groups'],
    [{ exchange: { weight: 0 } }, 'given up for nothing'],
    [{ exchange: { halfLife: 0 } }, 'no past window counts'],
    [{ holdBeyond: 0 }, 'margin above 0'],
    [
      {
        metric: {
          costs: [
            [0, 0],
            [0, 0],
          ],
        },
      },
      'nothing would be worse',
    ],
    [
      {
        metric: {
          costs: [
            [0, -1],
            [1, 0],
          ],
        },
      },
      'cost of 0 or more',
    ],
    [{ metric: { pinball: 1 } }, 'expected number to be <1'],
    [{ bootstrap: { draws: 100 } }, 'at least 1,000 draws'],
  ])('%j', (policy, message) => {
    const parsed = gatePolicySchema.safeParse(policy);
    expect(parsed.success).toBe(false);
    expect(parsed.error?.issues.map((issue) => issue.message).join()).toContain(message);
  });
});

describe('refuses a policy that does not fit the model', () => {
  const policy = gatePolicySchema.parse({ slices: ['device'], margins: { forgotten: 0.05 } });

  test('slices by a feature that the model does not have', () => {
    const [problem] = policyProblems(policy, { sliceable: ['country'] });
    expect(problem?.path).toEqual(['slices', 0]);
    expect(problem?.message).toContain(
      "expected a feature of this model that has named values, got 'device'",
    );
  });

  test('a margin of forgetting that the worst window fails before', () => {
    const problems = policyProblems(policy, { sliceable: ['device'] });
    expect(problems.map(({ path }) => path)).toEqual([['margins', 'forgotten']]);
    expect(problems[0]?.message).toContain('expected less than worstWindow (0.05), got 0.05');
  });

  test('and finds nothing in the defaults', () => {
    expect(policyProblems(gatePolicySchema.parse({}), { sliceable: [] })).toEqual([]);
  });
});

describe('repeated splits', () => {
  test.each([1, 4, 101])('%i are refused: they could not be judged, or would take all night', (count) => {
    expect(gatePolicySchema.safeParse({ splits: { count } }).success).toBe(false);
  });

  test.each([0, 5, 100])('%i are accepted', (count) => {
    expect(gatePolicySchema.safeParse({ splits: { count } }).success).toBe(true);
  });

  test('asked for and switched off could never pass', () => {
    const off = gatePolicySchema.parse({ splits: { count: 0 }, needs: ['splits'] });
    expect(policyProblems(off, { sliceable: [] })).toEqual([
      {
        path: ['splits', 'count'],
        message: 'expected some splits, as needs asks for them, got 0: it could never pass',
      },
    ]);
  });
});
