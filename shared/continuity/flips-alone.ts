/**
 * Whether flips are all that stands between a candidate and its promotion: then it has learnt what it should, and a
 * training that holds on to the champion's right answers may mend it.
 */
import type { CheckResult, Finding } from './findings/check-result.ts';
import type { Verdict } from './gate.ts';

const FLIP_CHECKS: ReadonlySet<string> = new Set(['negative-flips', 'reported-flips', 'worsened']);

/**
 * The checks that refused or held a candidate, where all of them count flips and fewer flips could settle them;
 * [] otherwise.
 */
export function flipsAlone({ checks }: Pick<Verdict, 'checks'>): readonly CheckResult[] {
  const standing = checks.filter(standsInTheWay);
  return standing.every(canBeMended) ? standing : [];
}

/** Where nothing flipped and a check holds all the same, only more labels help. */
function canBeMended({ check, flips, parts = [] }: CheckResult): boolean {
  const wantsLabels = parts.some((part) => standsInTheWay(part) && part.estimate === 0);
  return FLIP_CHECKS.has(check) && flips !== undefined && flips.total > 0 && !wantsLabels;
}

function standsInTheWay({ verdict }: Finding): boolean {
  return verdict === 'fail' || verdict === 'hold';
}
