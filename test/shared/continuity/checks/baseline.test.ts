import { describe, expect, test } from 'vitest';
import { checkBaseline } from '../../../../shared/continuity/checks/baseline.ts';
import type { Evidence } from '../../../../shared/continuity/evidence/evidence.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy/policy.ts';
import { evidenceOf, withoutChampion } from '../make-evidence.ts';

const policy = gatePolicySchema.parse({});

test('passes a candidate that beats the constant answer, with and without a champion', () => {
  // half of the labels are the majority class; the candidate is right on 95 % of all
  const evidence = evidenceOf([], { gains: 5, losses: 5, n: 200, bothWrong: 5 });
  const outcome = checkBaseline(evidence, policy);
  expect(outcome.verdict).toBe('pass');
  expect(outcome.estimate).toBeCloseTo(0.45, 12);
  expect(outcome.detail).toContain("against always 'cat'");
  expect(checkBaseline(withoutChampion(evidence), policy)).toEqual(outcome);
});

test('fails a candidate that is worse than the constant answer', () => {
  const evidence = evidenceOf([], { gains: 0, losses: 140, n: 200 });
  expect(checkBaseline(evidence, policy).verdict).toBe('fail');
});

test('holds a first version that is about as good; beside a champion it waits for nothing', () => {
  const close = evidenceOf([], { gains: 0, losses: 98, n: 200 });
  expect(checkBaseline(withoutChampion(close), policy)).toMatchObject({
    verdict: 'hold',
    moreLabels: { where: 'what comes in' },
  });
  expect(checkBaseline(close, policy)).toMatchObject({ verdict: 'skip', skipped: 'unanswerable' });
});

test('a first version of a handful of examples is decided by an exact test', () => {
  // right on all; always 'cat' is right on half
  const rightOn = (n: number) =>
    checkBaseline(withoutChampion(evidenceOf([], { gains: 0, losses: 0, n })), policy);
  // 0.5 ** 4 = 0.06, 0.5 ** 5 = 0.03
  expect(rightOn(8).verdict).toBe('hold');
  expect(rightOn(8).parts?.[0]?.detail).toContain("McNemar's exact p 0.062");
  expect(rightOn(10).verdict).toBe('pass');
});

test('a baseline that beats the champion as well refuses no candidate that is no worse than it', () => {
  const losing = (gains: number, losses: number) =>
    checkBaseline(evidenceOf([], { gains, losses, n: 400, bothWrong: 260 }), policy);
  expect(losing(20, 10)).toMatchObject({ verdict: 'skip', skipped: 'unanswerable' });
  expect(losing(20, 10).parts?.[0]?.detail).toContain('version 3 does no better');
  expect(losing(10, 20).verdict).toBe('fail');
});

test('compares with the majority of the training data, not of the window', () => {
  const evidence = evidenceOf([], { gains: 0, losses: 0, n: 200 });
  const skewed = {
    ...evidence,
    windows: evidence.windows.map((window) => ({
      ...window,
      labels: window.labels.map((_, i) => (i < 180 ? 1 : 0)),
      candidate: window.candidate.map(() => 1),
    })),
  };
  const first = withoutChampion(skewed);
  expect(checkBaseline({ ...first, majority: 0 }, policy).parts?.[0]).toMatchObject({
    id: 'majority',
    verdict: 'pass',
  });
  expect(checkBaseline({ ...first, majority: 1 }, policy).parts?.[0]).toMatchObject({
    id: 'majority',
    verdict: 'hold',
  });
});

describe('against repeating the last label', () => {
  /** Labels in runs of `run`; the candidate errs on every `every`th example. */
  const inRuns = (run: number, every: number) => {
    const n = 1_000;
    const labels = Int32Array.from({ length: n }, (_, i) => Math.floor(i / run) % 2);
    const candidate = labels.map((label, i) => (i % every === 0 ? 1 - label : label));
    const previousLabels = labels.map((_, i) => (i === 0 ? -1 : (labels[i - 1] ?? 0)));
    const evidence = withoutChampion(evidenceOf([], { gains: 0, losses: 0, n }));
    return {
      ...evidence,
      windows: evidence.windows.map((window) => ({ ...window, labels, candidate, previousLabels })),
    };
  };
  const verdicts = (evidence: Evidence) =>
    checkBaseline(evidence, policy).parts?.map(({ id, verdict }) => [id, verdict]);

  test('a model that loses to it cannot hide behind its accuracy', () => {
    // 90 % right beats the majority; the last label is right 95 % of the time
    expect(verdicts(inRuns(20, 10))).toEqual([
      ['majority', 'pass'],
      ['no-change', 'fail'],
      ['kappa', 'pass'],
      ['kappa-temporal', 'fail'],
    ]);
    expect(checkBaseline(inRuns(20, 10), policy).verdict).toBe('fail');
  });

  test('a model that beats it passes, and shows the closest of the baselines in points', () => {
    const outcome = checkBaseline(inRuns(5, 20), policy);
    expect(outcome.verdict).toBe('pass');
    expect(outcome.detail).toContain('against repeating the last label');
    // 5 % wrong against 199 of 999
    expect(outcome.parts?.[3]?.estimate).toBeCloseTo(1 - 49 / 199, 2);
    expect(outcome.parts?.[2]?.estimate).toBeCloseTo(0.9, 2);
  });

  test('examples whose previous label is not known are left out', () => {
    expect(checkBaseline(inRuns(5, 20), policy).parts?.map(({ n }) => n)).toEqual([1_000, 999, 1_000, 999]);
  });

  test("a first version is shown better at the evidence's level, and refused at the policy's", () => {
    const fresh = inRuns(5, 20);
    const strict = checkBaseline({ ...fresh, level: 0.0005 }, policy);
    const strictly = checkBaseline(fresh, gatePolicySchema.parse({ alpha: 0.0005 }));
    expect(strict.parts?.map(({ lower }) => lower)).toEqual(strictly.parts?.map(({ lower }) => lower));
    expect(strict.parts?.map(({ upper }) => upper)).toEqual(
      checkBaseline(fresh, policy).parts?.map(({ upper }) => upper),
    );
  });

  test('is not asked where most labels come back too late for anyone to repeat them', () => {
    const fresh = inRuns(20, 10);
    const known = (share: number) => ({
      ...fresh,
      windows: fresh.windows.map((window) => ({
        ...window,
        previousLabels: (window.previousLabels ?? new Int32Array()).map((label, i) =>
          i < share * 1_000 ? label : -1,
        ),
      })),
    });
    expect(verdicts(known(0.6))?.[1]).toEqual(['no-change', 'fail']);
    expect(checkBaseline(known(0.4), policy).parts?.[1]).toMatchObject({ skipped: 'not-asked' });
    expect(checkBaseline(known(0), policy)).toMatchObject({ verdict: 'pass' });
  });

  test('is skipped when previous labels are not known, unless the policy needs them', () => {
    const evidence = withoutChampion(evidenceOf([], { gains: 5, losses: 5, n: 200 }));
    expect(verdicts(evidence)?.[1]).toEqual(['no-change', 'skip']);
    const needy = gatePolicySchema.parse({ needs: ['previous'] });
    expect(checkBaseline(evidence, needy).verdict).toBe('hold');
  });

  test('only the baselines that the policy names are asked', () => {
    const only = gatePolicySchema.parse({ baselines: ['kappa'] });
    expect(checkBaseline(inRuns(20, 10), only).verdict).toBe('pass');
  });

  test('few groups hold, and groups of alike examples widen every bound', () => {
    const grouped = (size: number) => {
      const evidence = inRuns(20, 10);
      return {
        ...evidence,
        windows: evidence.windows.map((window) => ({
          ...window,
          groups: window.labels.map((_, i) => Math.floor(i / size)),
        })),
      };
    };
    expect(checkBaseline(grouped(100), policy).parts?.map(({ verdict }) => verdict)).toEqual([
      'hold',
      'hold',
      'hold',
      'hold',
    ]);
    const [alone, tied] = [checkBaseline(inRuns(20, 10), policy), checkBaseline(grouped(20), policy)];
    expect(tied.parts?.[0]?.lower).toBeLessThan(alone.parts?.[0]?.lower ?? -1);
  });
});

test('one class only leaves kappa undefined, which is told; a first version has beaten nothing', () => {
  const evidence = withoutChampion(evidenceOf([], { gains: 0, losses: 0, n: 200 }));
  const windows = evidence.windows.map((window) => ({
    ...window,
    labels: new Int32Array(200),
    candidate: new Int32Array(200),
  }));
  const outcome = checkBaseline({ ...evidence, windows }, gatePolicySchema.parse({ metric: 'accuracy' }));
  expect(outcome.verdict).toBe('hold');
  expect(outcome.parts?.[2]?.detail).toContain('one class is all there is');
});

test('a kappa that is not settled says how many more labels would settle it', () => {
  const [kappa] =
    checkBaseline(
      withoutChampion(evidenceOf([], { gains: 0, losses: 92, n: 200 })),
      gatePolicySchema.parse({ baselines: ['kappa'] }),
    ).parts ?? [];
  expect(kappa?.verdict).toBe('hold');
  // kappa 0.08 with a standard error of 0.07: 200 (2.49 * 0.07 / 0.08)^2 = 950, less the 200 there are
  expect(kappa?.moreLabels?.n).toBeGreaterThan(500);
  expect(kappa?.moreLabels?.n).toBeLessThan(1_200);
});

test('kappa names the bound that decided', () => {
  const only = gatePolicySchema.parse({ baselines: ['kappa'] });
  const detail = (losses: number) => checkBaseline(evidenceOf([], { gains: 0, losses, n: 400 }), only).detail;
  expect(detail(20)).toMatch(/Cohen's kappa: \+0\.900, 95 % lower bound \+0\.8\d\d, needs more than 0$/);
  expect(detail(300)).toMatch(/Cohen's kappa: −0\.500, 95 % upper bound −0\.4\d\d, needs more than 0$/);
});

test('a pass shows a baseline in points, though another was closer in margins', () => {
  const evidence = evidenceOf([], { gains: 0, losses: 60, n: 400 });
  expect(
    checkBaseline(evidence, gatePolicySchema.parse({ baselines: ['kappa', 'majority'] })).detail,
  ).toContain('against always');
  expect(checkBaseline(evidence, gatePolicySchema.parse({ baselines: ['kappa'] })).unit).toBe('score');
});
