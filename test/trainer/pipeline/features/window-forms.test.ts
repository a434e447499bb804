import { expect, test } from 'vitest';
import { checkCalibration } from '../../../../shared/continuity/checks/calibration.ts';
import { checkPastMean } from '../../../../shared/continuity/checks/past-mean.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy/policy.ts';
import { decideGate } from '../../../../shared/continuity/gate.ts';
import {
  classificationForm,
  probabilitiesBeyond,
  probabilitiesKept,
} from '../../../../trainer/pipeline/features/window-forms.ts';
import { withProbabilities } from '../../report/make-report.ts';
import { evidenceOf } from '../../../shared/continuity/make-evidence.ts';

const policy = gatePolicySchema.parse({});

test('probabilities are kept of all windows, of the current one where all are too many, of none where even it is', () => {
  expect(probabilitiesKept(1_000, { all: 4_000, current: 400 })).toBe('all');
  expect(probabilitiesKept(1_000, { all: 4_001, current: 400 })).toBe('current');
  expect(probabilitiesKept(1_000, { all: 9_000, current: 4_001 })).toBe('none');
  expect(probabilitiesBeyond(1_000, { all: 4_001, current: 400 })).toEqual({});
  expect(probabilitiesBeyond(1_000, { all: 9_000, current: 4_001 }).beyond?.probabilities).toBe(
    '8,002,000 of the current window are more than the 8,000,000 that are kept',
  );
});

test('a window has them where they are kept', () => {
  const form = classificationForm(1_000, { all: 4_001, current: 1 });
  const truth = { labels: Float64Array.of(3), previous: Float64Array.of(Number.NaN) };
  const outputs = { candidate: new Float32Array(1_000), champion: new Float32Array(1_000) };
  const described = { id: 'w', fromMs: 0, toMs: 1, exampleIds: ['a'], features: [] };
  const has = (kind: 'past' | 'current'): boolean =>
    form.toWindow({ ...described, kind }, truth, outputs).candidateProbabilities !== undefined;
  expect([has('past'), has('current')]).toEqual([false, true]);
});

const scored = withProbabilities(
  evidenceOf([{ gains: 10, losses: 10, n: 500 }], { gains: 60, losses: 20, n: 2_000 }),
);
const strip = (of: 'past' | 'all') =>
  scored.windows.map(({ candidateProbabilities, championProbabilities, ...window }) => ({
    ...window,
    ...(of === 'past' &&
      window.kind === 'current' &&
      candidateProbabilities &&
      championProbabilities && { candidateProbabilities, championProbabilities }),
  }));

test('calibration is judged by the current window alone as well', () => {
  const evidence = { ...scored, windows: strip('past') };
  expect(checkCalibration(evidence, policy).parts?.map(({ id }) => id)).toEqual([
    'log loss, current',
    'Brier score, current',
  ]);
  expect(decideGate(evidence, policy).verdict).toBe('promote');
});

test('where there will never be any it is told, weighs nothing, and is no pass; who needs them waits by name', () => {
  const beyond = { probabilities: 'they are too many' };
  const evidence = { ...scored, windows: strip('all'), beyond };
  const { verdict, checks, summary } = decideGate(evidence, policy);
  expect(verdict).toBe('promote');
  expect(checks.find(({ check }) => check === 'calibration')).toMatchObject({
    verdict: 'skip',
    skipped: 'unanswerable',
    detail: 'no probabilities were supplied: they are too many',
  });
  expect(summary).toMatch(/, 2 could not be answered by the data there is$/);
  const needed = decideGate(evidence, { ...policy, needs: ['probabilities'] });
  expect(needed.verdict).toBe('hold');
  expect(needed.reasons.join()).toContain('they are too many, and the policy needs it');
});

test('a past that cannot be measured by log loss is not one that is not there yet', () => {
  const byLoss = { ...policy, metric: 'log-loss' as const };
  expect(checkPastMean({ ...scored, windows: strip('past') }, byLoss)).toMatchObject({
    skipped: 'unanswerable',
  });
  const missing = { probabilities: 'the disk was full' };
  expect(checkPastMean({ ...scored, windows: strip('past'), missing }, byLoss)).toMatchObject({
    verdict: 'hold',
    broken: true,
  });
});
