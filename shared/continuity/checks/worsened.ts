/**
 * Worsened predictions: what negative flips are to classes. How often, on what comes in, a prediction becomes worse by
 * more than a user would overlook.
 */
import { judgeInterval, notAsked, refuseOnly, unanswerable } from '../findings/check-result.ts';
import type { CheckOutcome, Finding, FlippedExample } from '../findings/check-result.ts';
import {
  absoluteErrors,
  championMae,
  comparedRegressions,
  errorRise,
  sampleErrors,
} from '../measures/errors.ts';
import type { ComparedRegression } from '../measures/errors.ts';
import type { RegressionEvidence } from '../evidence/evidence.ts';
import { formatConfidence, formatCount, formatPercent } from '../findings/format.ts';
import { holdForGroups } from '../findings/paired-finding.ts';
import { worthOfGroups } from '../measures/paired-sample.ts';
import { shareOfNeighbours, tiesOf, unitsIn } from '../measures/ties.ts';
import type { GatePolicy } from '../policy/policy.ts';
import { clopperPearson } from '../statistics/clopper-pearson.ts';
import { effectiveShare } from '../statistics/design-effect.ts';

/** As many as there are of flips. */
const MAX_LISTED = 50;

/** Of the predictions that two models with unrelated errors would worsen, a candidate may worsen half. */
const RELATIVE_RATE = 0.5;

/**
 * Fails when the Clopper-Pearson lower bound of the share of the current window's examples whose absolute error grows by
 * more than tau is above the budget. Without a tau in the policy it is the champion's mean absolute error over all windows.
 * Where the champion is shown to have fallen behind, the budget is at least half of what unrelated errors would give.
 */
export function checkWorsened({ windows, champion }: RegressionEvidence, policy: GatePolicy): CheckOutcome {
  const compared = comparedRegressions(windows);
  const current = compared.at(-1);
  if (champion === null || current === undefined) return notAsked('there is no champion to compare with');
  const tau = policy.tau ?? championMae(compared);
  const worse = worsenedBy(current, tau);
  const n = worse.length;
  const ties = tiesOf([current]);
  const ids = unitsIn(ties);
  const tooFew = holdForGroups(ids && worthOfGroups(ids), n, policy.minimum.groups, `window ${current.id}`);
  if (tooFew !== null) return unanswerable(tooFew);
  const neighbours = shareOfNeighbours(ties, ids, worse);
  const share = ids === null ? neighbours : effectiveShare(worse, ids, policy.alpha, neighbours);
  const total = worse.reduce((sum, value) => sum + value, 0);
  const rate = { where: `window ${current.id}`, count: total, n, share, alpha: policy.alpha, tau };
  const budget = policy.budgets.worsened;
  const plain = judgeRate(rate, budget);
  const fallen = plain.verdict === 'fail' && hasFallenBehind(current, policy);
  const relative = fallen ? RELATIVE_RATE * unrelatedRate(current, tau) : 0;
  return {
    ...refuseOnly(relative > budget ? judgeRate(rate, relative) : plain),
    flips: { total, examples: worsenedExamples(current, tau).slice(0, MAX_LISTED) },
  };
}

function hasFallenBehind(current: ComparedRegression, policy: GatePolicy): boolean {
  const rise = errorRise(sampleErrors([current], policy), policy);
  return rise !== null && rise.upper < 0;
}

/** Share of all pairs of a candidate's and a champion's error, of whichever examples, that differ by more than tau. */
function unrelatedRate({ targets, candidate, champion }: ComparedRegression, tau: number): number {
  const before = absoluteErrors(targets, champion).sort();
  const after = absoluteErrors(targets, candidate).sort();
  let [below, pairs] = [0, 0];
  for (const error of after) {
    while (below < before.length && error - (before[below] as number) > tau) below++;
    pairs += below;
  }
  return pairs / (before.length * after.length);
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
  readonly where: string;
  readonly count: number;
  readonly n: number;
  readonly share: number;
  readonly alpha: number;
  readonly tau: number;
}

function judgeRate({ where, count, n, share, alpha, tau }: Rate, budget: number): Finding {
  const interval = clopperPearson(count * share, n * share, alpha);
  const verdict = judgeInterval(interval, budget, 'below');
  const bound = verdict === 'fail' ? 'lower' : 'upper';
  const detail =
    `${where}: ${formatCount(count)} of ${formatCount(n)} predictions are worse by more than ${Number(tau.toPrecision(3))} (${formatPercent(interval.estimate)}), ` +
    `${formatConfidence(alpha)} ${bound} bound ${formatPercent(interval[bound])}, budget ${formatPercent(budget)}`;
  return { ...interval, margin: budget, passes: 'below', n, verdict, detail };
}
