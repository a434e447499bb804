/**
 * Worsened predictions: what negative flips are to classes. How often a prediction becomes worse by more than a user
 * would overlook.
 */
import { judgeInterval, plainFinding } from '../findings/check-result.ts';
import type { CheckOutcome, Finding, FlippedExample } from '../findings/check-result.ts';
import { absoluteErrors, championMae, comparedRegressions } from '../errors.ts';
import type { ComparedRegression } from '../errors.ts';
import type { RegressionEvidence } from '../evidence/evidence.ts';
import { formatConfidence, formatCount, formatPercent } from '../findings/format.ts';
import { holdForExamples, holdUntilSettled, POWER } from '../findings/paired-finding.ts';
import { countGroups } from '../findings/paired-sample.ts';
import type { GatePolicy } from '../policy.ts';
import { clopperPearson } from '../statistics/clopper-pearson.ts';
import { effectiveShare } from '../statistics/design-effect.ts';
import { levelForPower } from '../statistics/normal.ts';
import { levelFor } from '../findings/wear.ts';
import { concatenate, joinGroups } from '../findings/unit-sample.ts';

/** As many as there are of flips. */
const MAX_LISTED = 50;

/**
 * Passes when the Clopper-Pearson upper bound of the share of examples whose absolute error grows by more than tau,
 * over all windows, is within the budget. Without a tau in the policy it is the champion's mean absolute error.
 */
export function checkWorsened({ windows, champion }: RegressionEvidence, policy: GatePolicy): CheckOutcome {
  if (champion === null) return plainFinding('skip', 'there is no champion to compare with');
  const compared = comparedRegressions(windows);
  const tau = policy.tau ?? championMae(compared);
  const worse = concatenate(compared.map((window) => worsenedBy(window, tau)));
  const n = worse.length;
  const ids = joinGroups(compared, n);
  const groups = ids && countGroups(ids);
  const alpha = levelFor(compared, { alpha: policy.alpha, guarded: policy.guardWear });
  const where = 'all windows';
  if (n < policy.minimum.current) return holdForExamples(n, policy.minimum.current, where);
  if (groups !== null && groups < policy.minimum.groups) {
    return {
      ...plainFinding(
        'hold',
        `${where}: ${groups} of the ${policy.minimum.groups} groups needed for a judgement`,
      ),
      n,
    };
  }
  const share = ids === null ? 1 : effectiveShare(worse, ids, alpha);
  const total = worse.reduce((sum, value) => sum + value, 0);
  const listed = compared.flatMap((window) => worsenedExamples(window, tau)).slice(0, MAX_LISTED);
  return {
    ...judgeRate({ count: total, n, share, alpha, tau }, policy.budgets.worsened),
    flips: { total, examples: listed },
  };
}

function worsenedExamples(window: ComparedRegression, tau: number): FlippedExample[] {
  const { id, exampleIds, targets, candidate, champion } = window;
  const worse = worsenedBy(window, tau);
  const show = (values: Float64Array, i: number): string => String(Number(values[i]?.toPrecision(6)));
  return exampleIds.flatMap((exampleId, i) =>
    worse[i] === 1
      ? [
          {
            window: id,
            id: exampleId,
            label: show(targets, i),
            champion: show(champion, i),
            candidate: show(candidate, i),
          },
        ]
      : [],
  );
}

/** 1 where the candidate's error exceeds the champion's by more than tau, else 0, [n]. */
function worsenedBy({ targets, candidate, champion }: ComparedRegression, tau: number): Float64Array {
  const before = absoluteErrors(targets, champion);
  return absoluteErrors(targets, candidate).map((error, i) => (error - (before[i] as number) > tau ? 1 : 0));
}

interface Rate {
  readonly count: number;
  readonly n: number;
  readonly share: number;
  readonly alpha: number;
  readonly tau: number;
}

function judgeRate({ count, n, share, alpha, tau }: Rate, budget: number): Finding {
  const where = 'all windows';
  const boundsAt = (factor: number, level: number) =>
    clopperPearson(count * share * factor, n * share * factor, level);
  const interval = boundsAt(1, alpha);
  const verdict = judgeInterval(interval, budget, 'below');
  const bound = verdict === 'fail' ? 'lower' : 'upper';
  const detail =
    `${where}: ${formatCount(count)} of ${formatCount(n)} predictions are worse by more than ${Number(tau.toPrecision(3))} (${formatPercent(interval.estimate)}), ` +
    `${formatConfidence(alpha)} ${bound} bound ${formatPercent(interval[bound])}, budget ${formatPercent(budget)}`;
  const finding: Finding = { ...interval, margin: budget, passes: 'below', n, verdict, detail };
  if (verdict !== 'hold') return finding;
  const level = levelForPower(alpha, POWER);
  return holdUntilSettled(
    finding,
    where,
    (factor) => judgeInterval(boundsAt(factor, level), budget, 'below') !== 'hold',
  );
}
