/**
 * Current window: on the newest held-out examples the candidate is shown to be no worse than the champion by
 * the margin, or, with `require: 'improvement'`, shown to be better. It is what a promotion by the exam rests on.
 */
import { notAsked, plainFinding } from '../findings/check-result.ts';
import type { CheckOutcome, Finding } from '../findings/check-result.ts';
import { type WindowComparison, compareWindows } from '../measures/window-comparison.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { formatCount, formatPoints } from '../findings/format.ts';
import { fewestExamples, LEAST_LEVEL, promotionLevel } from '../policy/level.ts';
import { canMeasure } from '../policy/measurable.ts';
import { classMetric } from '../policy/metric.ts';
import {
  holdForGroups,
  judgeWindowComparison,
  leaveToReferee,
  type PairedQuestion,
} from '../findings/paired-finding.ts';
import type { GatePolicy } from '../policy/policy.ts';
import { mcnemarExact } from '../statistics/mcnemar.ts';
import { comparedWindows, countBeyond } from '../evidence/windows.ts';
import { absent } from './absent.ts';

/**
 * Passes when the lower bound of the paired difference, at the evidence's level, is above -margin (above 0 for
 * improvement); fails when the upper bound, at the policy's alpha, is below. What is neither is left to the referee.
 */
export function checkCurrentWindow(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  const current = comparedWindows(evidence).at(-1);
  if (current === undefined) return notAsked('there is no champion to compare with');
  const metric = classMetric(evidence, policy);
  if (!canMeasure(current, metric)) {
    const needy = { ...policy, needs: [...policy.needs, 'probabilities' as const] };
    return absent('probabilities', evidence, needy, 'no probabilities were supplied for the log loss');
  }
  const where = `window ${current.id}`;
  const level = promotionLevel(evidence, policy);
  const line = policy.require === 'improvement' ? 0 : -policy.margins.current;
  const comparison = compareWindows([current], metric, Math.max(level, LEAST_LEVEL));
  const question = { where, line, alpha: Math.max(level, LEAST_LEVEL), refuseAt: policy.alpha };
  const finding = judge(comparison, question, level, policy);
  const told = { ...finding, detail: `${finding.detail}${describeBeyond(evidence)}` };
  if (finding.estimate === null || comparison.groups !== null || metric !== 'accuracy') return told;
  const p = mcnemarExact(comparison.counts).twoSided;
  return { ...told, detail: `${told.detail} (McNemar p ${p < 0.001 ? '< 0.001' : p.toFixed(3)})` };
}

/** What the two can't be compared by, and how the candidate fares there. */
function describeBeyond(evidence: Evidence): string {
  const beyond = countBeyond(evidence);
  if (beyond === 0) return '';
  const known = evidence.champion?.classes ?? 0;
  const right = evidence.windows.reduce(
    (sum, { labels, candidate }) =>
      sum + labels.filter((label, i) => label >= known && candidate[i] === label).length,
    0,
  );
  return `; left out are ${formatCount(beyond)} examples of labels that the champion is older than, of which the candidate is right on ${formatCount(right)}`;
}

function judge(
  comparison: WindowComparison,
  question: PairedQuestion,
  level: number,
  policy: GatePolicy,
): Finding {
  const { n, groups, metric } = comparison;
  const { where, line } = question;
  const tooFew = holdForGroups(groups, n, policy.minimum.groups, where);
  if (tooFew !== null) return leaveToReferee(tooFew, null);
  const finding = judgeWindowComparison(comparison, question);
  if (finding.verdict === 'fail') return finding;
  if (level < LEAST_LEVEL) {
    const spent = plainFinding(
      'hold',
      `${where}: nothing is left of the level at which a promotion is shown`,
    );
    return leaveToReferee({ ...spent, n }, null);
  }
  const byMargin = metric === 'accuracy' ? fewestExamples(line, level) : 1;
  const wanted = Math.max(policy.minimum.current, byMargin);
  if (n < wanted) {
    const reason = whyTooEarly(n, wanted, byMargin, line);
    return leaveToReferee({ ...finding, detail: `${finding.detail}; ${reason}` }, wanted);
  }
  if (finding.verdict !== 'hold') return finding;
  return leaveToReferee(finding, finding.moreLabels === undefined ? null : n + finding.moreLabels.n);
}

/** The interval counts what hangs together by what it is worth; this only asks whether there is anything to count. */
function whyTooEarly(n: number, wanted: number, byMargin: number, line: number): string {
  const margin = line < 0 ? `a margin of ${formatPoints(-line)} points` : 'an improvement';
  return wanted === byMargin
    ? `${margin} cannot be shown by fewer than ${formatCount(wanted)} examples, and there are ${formatCount(n)}`
    : `the policy asks for ${formatCount(wanted)} examples, and there are ${formatCount(n)}`;
}
