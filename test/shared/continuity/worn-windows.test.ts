/** What reuse does to every check: a worn window is judged at a stricter level. */
import { describe, expect, test } from 'vitest';
import { decideGate, decideRegressionGate } from '../../../shared/continuity/gate.ts';
import { gatePolicySchema } from '../../../shared/continuity/policy.ts';
import { evidenceOf } from './make-evidence.ts';
import { regressionOf } from './make-regression.ts';
import { withProbabilities } from '../../trainer/report/make-report.ts';

const policy = gatePolicySchema.parse({});
const kept = { gains: 10, losses: 12, n: 2_000 };
const fresh = withProbabilities(evidenceOf([kept, kept], kept), 0.8);
const worn = { ...fresh, windows: fresh.windows.map((window) => ({ ...window, decisions: 99 })) };
const JUDGED = [
  'current-window',
  'past-mean',
  'worst-window',
  'negative-flips',
  'class-recall',
  'calibration',
  'baseline',
];

describe('a window that has served 99 decisions', () => {
  test.each(JUDGED)('has wider bounds in %s', (id) => {
    const width = (evidence: typeof fresh) => {
      const check = decideGate(evidence, policy).checks.find(({ check }) => check === id);
      return (check?.upper ?? Number.NaN) - (check?.lower ?? Number.NaN);
    };
    expect(width(worn)).toBeGreaterThan(1.3 * width(fresh));
  });

  test('is judged like a fresh one when the policy does not guard', () => {
    const unguarded = { ...policy, guardWear: false };
    expect(decideGate(worn, unguarded)).toEqual(decideGate(fresh, unguarded));
    expect(decideGate(fresh, unguarded)).toEqual(decideGate(fresh, policy));
  });

  test.each(['current-window', 'past-mean', 'worst-window', 'worsened'])(
    'has wider bounds in regression, %s',
    (id) => {
      const evidence = regressionOf(600, 1.01);
      const used = { ...evidence, windows: evidence.windows.map((window) => ({ ...window, decisions: 99 })) };
      const upper = (judged: typeof evidence) =>
        decideRegressionGate(judged, policy).checks.find(({ check }) => check === id)?.upper ?? Number.NaN;
      expect(upper(used)).toBeGreaterThan(upper(evidence));
    },
  );
});
