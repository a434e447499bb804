import { describe, expect, test } from 'vitest';
import type { CheckResult } from '../../../shared/continuity/findings/check-result.ts';
import { flipsAlone } from '../../../shared/continuity/flips-alone.ts';
import { decideGate, decideRegressionGate } from '../../../shared/continuity/gate.ts';
import { gatePolicySchema } from '../../../shared/continuity/policy/policy.ts';
import { evidenceOf, withoutChampion } from './make-evidence.ts';
import { regressionOf } from './make-regression.ts';

const policy = gatePolicySchema.parse({});
const namesOf = (checks: readonly CheckResult[]): string[] => checks.map(({ check }) => check);

describe('flips alone', () => {
  const gained = { gains: 250, losses: 200, n: 2_000 };

  test('stand in the way of a candidate that gains more than it loses, and flips too much', () => {
    const verdict = decideGate(evidenceOf([gained, gained], gained), policy);
    expect(verdict.verdict).toBe('reject');
    expect(namesOf(flipsAlone(verdict))).toEqual(['negative-flips']);
  });

  test('do not where anything else refuses or holds it too', () => {
    const lost = { gains: 0, losses: 800, n: 2_000 };
    const verdict = decideGate(evidenceOf([gained, lost], gained), policy);
    expect(verdict.checks.find(({ check }) => check === 'negative-flips')?.verdict).toBe('fail');
    expect(flipsAlone(verdict)).toEqual([]);
  });

  test('are worsened predictions in a regression', () => {
    const evidence = regressionOf(1_000, 0.5);
    const spoilt = evidence.windows.map((window) => ({
      ...window,
      candidate: window.candidate.map((value, i) =>
        i % 12 === 0 ? (window.targets[i] as number) + 1.2 : value,
      ),
    }));
    const verdict = decideRegressionGate({ ...evidence, windows: spoilt }, policy);
    expect(namesOf(flipsAlone(verdict))).toEqual(['worsened']);
  });

  test.each([
    ['a promotion', evidenceOf([], { gains: 20, losses: 10, n: 2_000 })],
    ['a first candidate', withoutChampion(evidenceOf([], gained))],
    ['evidence that cannot be judged', { ...evidenceOf([gained], gained), majority: 7 }],
    ['too few examples to count flips in', evidenceOf([], { gains: 30, losses: 5, n: 60 })],
  ])('do not stand in the way of %s', (_, evidence) => {
    expect(flipsAlone(decideGate(evidence, policy))).toEqual([]);
  });
});
