import { describe, expect, test } from 'vitest';
import type { RegressionEvidence, RegressionWindow } from '../../../shared/continuity/evidence/evidence.ts';
import { decideRegressionGate, REGRESSION_CHECKS } from '../../../shared/continuity/gate.ts';
import { gatePolicySchema } from '../../../shared/continuity/policy/policy.ts';
import { regressionOf, withoutRegressionChampion } from './make-regression.ts';

const policy = gatePolicySchema.parse({});
const good = regressionOf(800, 0.98);

/** The evidence with window `at` changed. */
function changed(
  evidence: RegressionEvidence,
  at: number,
  change: (window: RegressionWindow) => Partial<RegressionWindow>,
) {
  return {
    ...evidence,
    windows: evidence.windows.map((window, i) => (i === at ? { ...window, ...change(window) } : window)),
  };
}

/** Errors of the candidate `factor` times as large. */
const worse =
  (factor: number) =>
  ({ targets, candidate }: RegressionWindow): Partial<RegressionWindow> => ({
    candidate: candidate.map((value, i) => (targets[i] ?? 0) + factor * (value - (targets[i] ?? 0))),
  });

const verdictOf = (evidence: RegressionEvidence, id: string, judged = policy) =>
  decideRegressionGate(evidence, judged).checks.find(({ check }) => check === id);

test('promotes a candidate that errs a little less, saying by how much at least', () => {
  const verdict = decideRegressionGate(good, policy);
  expect(verdict.verdict).toBe('promote');
  expect(verdict.summary).toMatch(
    /^Promote: it does better than version 3 .*At least 1\.\d % better than version 3 on the current window/,
  );
  expect(verdict.checks.map(({ check }) => check)).toEqual(REGRESSION_CHECKS.map(({ check }) => check));
});

test('rejects larger errors on the current window, by MAE and by RMSE', () => {
  const check = verdictOf(changed(good, 2, worse(1.2)), 'current-window');
  expect(check?.verdict).toBe('fail');
  expect(check?.parts?.map(({ id, verdict }) => [id, verdict])).toEqual([
    ['MAE', 'fail'],
    ['RMSE', 'fail'],
  ]);
  // 0.98 * 1.2 = 1.176
  expect(check?.parts?.[0]?.estimate).toBeCloseTo(0.176, 1);
});

test('a few large errors raise RMSE more than MAE', () => {
  const spiked = changed(good, 2, ({ targets, candidate }) => ({
    candidate: candidate.map((value, i) => (i % 100 === 0 ? (targets[i] ?? 0) + 4 : value)),
  }));
  const [mae, rmse] = verdictOf(spiked, 'current-window')?.parts ?? [];
  expect(rmse?.estimate).toBeGreaterThan(3 * (mae?.estimate ?? 1));
});

test('require improvement asks for a fall of MAE', () => {
  const equal = regressionOf(800, 1);
  expect(verdictOf(equal, 'current-window')?.verdict).toBe('pass');
  expect(
    verdictOf(equal, 'current-window', { ...policy, require: 'improvement' })?.parts?.[0]?.verdict,
  ).not.toBe('pass');
  expect(verdictOf(good, 'current-window', { ...policy, require: 'improvement' })?.parts?.[0]).toMatchObject({
    verdict: 'pass',
    margin: 0,
  });
});

test('rejects what forgets one past window, though the past together bears it', () => {
  const evidence = changed(good, 0, worse(1.35));
  expect(verdictOf(evidence, 'worst-window')).toMatchObject({
    verdict: 'fail',
    detail: expect.stringContaining('window past-0, MAE'),
  });
  expect(verdictOf(changed(good, 0, worse(1.05)), 'past-mean')?.verdict).toBe('pass');
  expect(verdictOf(evidence, 'past-mean')?.verdict).toBe('fail');
});

describe('worsened predictions', () => {
  const some = (share: number) =>
    changed(good, 2, ({ targets, candidate }) => ({
      candidate: candidate.map((value, i) => (i % 100 < 100 * share ? (targets[i] ?? 0) + 3 : value)),
    }));

  test('are counted on what comes in by the tau of the policy', () => {
    const check = verdictOf(some(0.03), 'worsened', { ...policy, tau: 1 });
    expect(check?.verdict).toBe('pass');
    expect(check?.estimate).toBeCloseTo(0.03, 10);
    expect(check?.detail).toContain('24 of 800 predictions are worse by more than 1 (3.0 %)');
  });

  test('fail beyond the budget, and none are worse by more than a large tau', () => {
    expect(verdictOf(some(0.3), 'worsened', { ...policy, tau: 1 })?.verdict).toBe('fail');
    expect(verdictOf(some(0.3), 'worsened', { ...policy, tau: 5 })?.estimate).toBe(0);
  });

  test("are those worse by more than the champion's mean error, where the policy has no tau", () => {
    // errors are uniform in [-1, 1]: a mean of 0.5
    expect(verdictOf(good, 'worsened')?.detail).toMatch(/worse by more than 0\.\d+/);
    expect(verdictOf(some(0.03), 'worsened')?.estimate).toBeCloseTo(0.03, 10);
  });

  test('of few groups show nothing, and groups of alike examples widen the bound', () => {
    const grouped = (size: number) => ({
      ...some(0.03),
      windows: some(0.03).windows.map((window) => ({
        ...window,
        groups: Int32Array.from(window.targets, (_, i) => Math.floor(i / size)),
      })),
    });
    expect(verdictOf(grouped(100), 'worsened', { ...policy, tau: 1 })?.skipped).toBe('unanswerable');
    const alone = verdictOf(some(0.03), 'worsened', { ...policy, tau: 1 })?.upper ?? 0;
    expect(verdictOf(grouped(3), 'worsened', { ...policy, tau: 1 })?.upper).toBeGreaterThan(1.1 * alone);
  });
});

describe('baselines', () => {
  test('a first model must beat the mean and repeating the last target', () => {
    const first = withoutRegressionChampion(good);
    const verdict = decideRegressionGate(first, policy);
    expect(verdict.verdict).toBe('promote');
    expect(verdict.checks.find(({ check }) => check === 'baseline')?.parts?.map(({ id }) => id)).toEqual([
      'mean',
      'no-change',
    ]);
  });

  test('one that errs like the mean holds or fails, and one worse than the last target fails', () => {
    const first = withoutRegressionChampion(good);
    const flat = changed(first, 2, ({ targets }) => ({ candidate: targets.map(() => 53) }));
    expect(verdictOf(flat, 'baseline')?.verdict).not.toBe('pass');
    const slow = changed(first, 2, ({ targets }) => ({
      previousTargets: targets.map((target) => target + 0.01),
      candidate: targets.map((target) => target + 0.1),
    }));
    expect(verdictOf(slow, 'baseline')?.parts?.map(({ verdict }) => verdict)).toEqual(['pass', 'fail']);
  });

  test('only those that the policy names', () => {
    const parts = (baselines: ('majority' | 'no-change')[]) =>
      verdictOf(good, 'baseline', { ...policy, baselines })?.parts?.map(({ id }) => id);
    expect(parts(['majority'])).toEqual(['mean']);
    expect(parts(['no-change'])).toEqual(['no-change']);
  });

  test('previous targets that the policy needs hold the candidate when they are missing', () => {
    const evidence = {
      ...good,
      windows: good.windows.map(({ previousTargets: _previous, ...window }) => window),
    };
    expect(verdictOf(evidence, 'baseline')?.verdict).toBe('pass');
    expect(verdictOf(evidence, 'baseline', { ...policy, needs: ['previous'] })?.verdict).toBe('hold');
  });
});

describe('feature slices', () => {
  const sliced = (factor: number) => {
    const evidence = changed(good, 2, ({ targets, candidate }) => ({
      candidate: candidate.map((value, i) =>
        i % 2 === 0 ? (targets[i] ?? 0) + factor * (value - (targets[i] ?? 0)) : value,
      ),
    }));
    const windows = evidence.windows.map((window) => ({
      ...window,
      features: [Int32Array.from(window.targets, (_, i) => i % 2)],
    }));
    return { ...evidence, windows, features: [{ name: 'device', values: ['desk', 'phone'] }] };
  };
  const bySlice = { ...policy, slices: ['device'] };

  test('each must keep its errors', () => {
    expect(verdictOf(sliced(1), 'feature-slices', bySlice)?.verdict).toBe('pass');
    expect(verdictOf(sliced(2.5), 'feature-slices', bySlice)).toMatchObject({
      verdict: 'fail',
      detail: expect.stringContaining('device = desk, MAE'),
    });
  });

  test('are skipped when small, held when missing', () => {
    const small = { ...bySlice, minimum: { ...policy.minimum, slice: 5_000 } };
    expect(verdictOf(sliced(2.5), 'feature-slices', small)?.verdict).toBe('skip');
    expect(verdictOf(good, 'feature-slices', bySlice)?.verdict).toBe('hold');
    expect(verdictOf(good, 'feature-slices')?.verdict).toBe('skip');
  });
});

describe('never promotes', () => {
  test.each([
    [
      'a target that is no number',
      changed(good, 1, ({ targets }) => ({ targets: targets.map((t, i) => (i === 3 ? Number.NaN : t)) })),
      'windows[1].targets[3]: expected a finite number, got NaN',
    ],
    [
      'an infinite prediction',
      changed(good, 2, ({ candidate }) => ({ candidate: candidate.map((v, i) => (i === 0 ? Infinity : v)) })),
      'windows[2].candidate[0]: expected a finite number, got Infinity',
    ],
    [
      'lengths that differ',
      changed(good, 0, ({ champion }) => ({ champion: champion?.subarray(1) ?? null })),
      'windows[0].champion: expected 800 numbers, one per target, got 799',
    ],
    [
      'ids that are missing',
      changed(good, 0, () => ({ exampleIds: [] })),
      'windows[0].exampleIds: expected 800 ids',
    ],
    [
      'an empty window',
      changed(good, 2, () => ({
        targets: new Float64Array(0),
        candidate: new Float64Array(0),
        champion: new Float64Array(0),
        exampleIds: [],
        previousTargets: new Float64Array(0),
      })),
      'windows[2]: expected at least one example',
    ],
    [
      'no champion where there is one',
      changed(good, 0, () => ({ champion: null })),
      "windows[0].champion: expected the champion's predictions, got null",
    ],
    [
      'an infinite previous target',
      changed(good, 2, ({ targets }) => ({ previousTargets: targets.map(() => Infinity) })),
      'windows[2].previousTargets[0]: expected a finite number',
    ],
    [
      'time that runs backwards',
      changed(good, 2, () => ({ toMs: -1 })),
      'windows[2]: expected fromMs <= toMs',
    ],
    ['a mean that is no number', { ...good, mean: Number.NaN }, 'mean: expected a finite number, got NaN'],
    ['no windows', { ...good, windows: [] }, 'windows: expected exactly one current window, got 0'],
    [
      'no digest',
      { ...good, candidate: { ...good.candidate, digest: '' } },
      'candidate.digest: expected a digest',
    ],
  ])('on %s', (_, evidence, message) => {
    const verdict = decideRegressionGate(evidence, policy);
    expect(verdict.verdict).toBe('hold');
    expect(verdict.reasons.join('\n')).toContain(message);
  });

  test('a champion without errors, which no ratio can be drawn to', () => {
    const perfect = {
      ...good,
      windows: good.windows.map((window) => ({ ...window, champion: window.targets })),
    };
    expect(verdictOf(perfect, 'current-window')?.verdict).toBe('hold');
    expect(decideRegressionGate(perfect, policy).verdict).not.toBe('promote');
  });

  test("the champion's own predictions, from which no bound can be drawn", () => {
    const same = {
      ...good,
      windows: good.windows.map((window) => ({ ...window, candidate: window.champion ?? window.candidate })),
    };
    expect(decideRegressionGate(same, policy).verdict).toBe('hold');
  });
});
