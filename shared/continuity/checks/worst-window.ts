/**
 * Past windows, worst: no single earlier window is given up for less than it is worth, however well the mean looks.
 *
 * Two questions, as one bound cannot answer both. Shown to be worse than a wide margin, on any window. And shown to be
 * worse at all, at a level divided over the windows: that sees the loss of 3 points on one window which a margin of 5
 * would bear. Either refuses, unless what the candidate gains on what comes in pays for it.
 */
import { gravestOf, notAsked, refuseOnly, unanswerable } from '../findings/check-result.ts';
import type { CheckOutcome, Finding, Part } from '../findings/check-result.ts';
import type { WindowComparison } from '../measures/window-comparison.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { priceOf, settle } from '../findings/exchange.ts';
import { formatConfidence, formatPoints, formatSignedPoints } from '../findings/format.ts';
import { holdForGroups, judgeWindowComparison } from '../findings/paired-finding.ts';
import { comparePast, gainNow, showPoints, withoutPast } from '../findings/past.ts';
import type { GatePolicy } from '../policy/policy.ts';

/**
 * Fails when, on a past window, the upper bound of the paired difference is below -margin, or that at level
 * alpha / (2 windows) below -forgotten, and the gain on what comes in is less than the exchange asks for that window.
 * Such false alarms are at most alpha / 2 of the equal candidates.
 */
export function checkWorstWindow(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  if (evidence.champion === null) return notAsked('there is no champion to compare with');
  const pools = comparePast(evidence, policy);
  if (pools.length === 0) return withoutPast(evidence, policy);
  const alarmLevel = policy.alpha / (2 * pools.length);
  const gain = gainNow(evidence, policy);
  const parts = pools.map(({ id, age, comparison }): Part => {
    const where = `window ${id}`;
    const tooFew = holdForGroups(comparison.groups, comparison.n, policy.minimum.groups, where);
    if (tooFew !== null) return { id, ...unanswerable(tooFew) };
    const question = { where, line: -policy.margins.worstWindow, alpha: policy.alpha };
    const finding = refuseOnly(judgeWindowComparison(comparison, question));
    const alarm = { where, level: alarmLevel, forgotten: policy.margins.forgotten };
    const loss = -comparison.estimate;
    const price = priceOf([{ loss, age }], policy);
    return { id, ...settle(raiseAlarm(finding, comparison, alarm), loss, { price, gain, show: showPoints }) };
  });
  return gravestOf(parts, 'past windows');
}

interface Alarm {
  readonly where: string;
  readonly level: number;
  readonly forgotten: number;
}

/** The finding, failed when the window is shown to be worse than what counts as forgotten. */
function raiseAlarm(
  finding: Finding,
  { boundsAt }: WindowComparison,
  { where, level, forgotten }: Alarm,
): Finding {
  if (finding.estimate === null || finding.verdict === 'fail') return finding;
  const upper = boundsAt(level)?.upper ?? 1;
  if (upper >= -forgotten) return finding;
  const { skipped: _skipped, ...numbers } = finding;
  const bound = `${formatConfidence(level)} upper bound ${formatSignedPoints(upper)}`;
  const detail = `${where}: candidate ${formatPoints(-finding.estimate)} points worse, ${bound}, forgotten below ${formatSignedPoints(-forgotten)}`;
  return { ...numbers, verdict: 'fail', detail };
}
