import { describe, expect, test } from 'vitest';
import type { CheckResult } from '../../../shared/continuity/findings/check-result.ts';
import { checkNegativeFlips } from '../../../shared/continuity/checks/negative-flips.ts';
import { flipsAlone } from '../../../shared/continuity/flips-alone.ts';
import { decideGate, decideRegressionGate } from '../../../shared/continuity/gate.ts';
import { gatePolicySchema } from '../../../shared/continuity/policy.ts';
import { createRandom } from '../../../shared/random.ts';
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

  test('do so as well where they hold it only', () => {
    const close = { gains: 200, losses: 105, n: 2_000 };
    const verdict = decideGate(evidenceOf([], close), policy);
    expect(verdict.verdict).toBe('hold');
    expect(namesOf(flipsAlone(verdict))).toEqual(['negative-flips']);
  });

  test('do not where anything else refuses or holds it too', () => {
    const lost = { gains: 10, losses: 300, n: 2_000 };
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

  test('are nothing to mend where none was seen and only labels are missing', () => {
    const few = { gains: 30, losses: 1, n: 110 };
    const strict = gatePolicySchema.parse({
      budgets: { negativeFlips: 0.2, sliceFlips: 0.03 },
      minimum: { class: 10 },
    });
    const verdict = decideGate(evidenceOf([], few), strict);
    expect(namesOf(verdict.checks.filter(({ verdict }) => verdict === 'hold'))).toEqual(['negative-flips']);
    expect(flipsAlone(verdict)).toEqual([]);
  });
});

/**
 * Two candidates a night, both with exactly as many flips as the budget bears, and drawn independently of each other:
 * the most that a second look can add. The windows served one decision before, as after any first version.
 */
function falsePassRate(nights: number, guardWear: boolean): number {
  const random = createRandom(7);
  const guarded = gatePolicySchema.parse({ guardWear, budgets: { sliceFlips: 0.99 } });
  const n = 500;
  const passes = (decisions: number): boolean => {
    let losses = 0;
    for (let i = 0; i < n; i++) losses += random.uniform() < guarded.budgets.negativeFlips ? 1 : 0;
    const evidence = evidenceOf([], { gains: 50, losses, n });
    const windows = evidence.windows.map((window) => ({ ...window, decisions }));
    return checkNegativeFlips({ ...evidence, windows }, guarded).verdict === 'pass';
  };
  let passed = 0;
  for (let night = 0; night < nights; night++) if (passes(1) || passes(2)) passed += 1;
  return passed / nights;
}

describe('a night of two looks', () => {
  const nights = 2_000;

  test('lets a candidate at the budget through at most as often as alpha, because both looks count', () => {
    expect(falsePassRate(nights, true)).toBeLessThan(policy.alpha);
  });

  test('would exceed alpha without the count', () => {
    expect(falsePassRate(nights, false)).toBeGreaterThan(1.2 * policy.alpha);
  });
});
