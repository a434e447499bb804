/**
 * Whether flips are all that stands between a candidate and its promotion: then it has learnt what it should, and a
 * training that holds on to the champion's right answers may mend it.
 */
import type { CheckResult } from './check-result.ts';
import type { Verdict } from './gate.ts';

const FLIP_CHECKS: ReadonlySet<string> = new Set(['negative-flips', 'reported-flips', 'worsened']);

/**
 * The checks that refused or held a candidate, where all of them count flips and saw some; [] otherwise. Where none was
 * seen, only more labels help.
 */
export function flipsAlone({ checks }: Pick<Verdict, 'checks'>): readonly CheckResult[] {
  const standing = checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'hold');
  const alone = standing.every(({ check, flips }) => FLIP_CHECKS.has(check) && (flips?.total ?? 0) > 0);
  return alone ? standing : [];
}
