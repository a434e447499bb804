/**
 * Past windows, worst: no single earlier window is forgotten, however well the mean looks.
 *
 * Two questions, as one bound cannot answer both. Not worse than a wide margin, for every window: that is what lets a
 * candidate through. And no window shown to be worse at all, at a level divided over the windows: that catches the
 * loss of 3 points on one window which a margin of 5 would bear.
 */
import { gravestOf, plainFinding } from '../findings/check-result.ts';
import type { CheckOutcome, Finding, Part } from '../findings/check-result.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { formatConfidence, formatPoints, formatSignedPoints } from '../findings/format.ts';
import { holdForGroups, judgePaired, questionOf, scaleCounts } from '../findings/paired-finding.ts';
import { samplePairs } from '../findings/paired-sample.ts';
import type { PairedSample } from '../findings/paired-sample.ts';
import type { GatePolicy } from '../policy.ts';
import { tangoInterval } from '../statistics/tango.ts';
import { poolPastWindows } from '../evidence/windows.ts';

/**
 * Passes when, on every past window, Tango's lower bound of the paired difference is above -margin, and no upper bound
 * at level alpha / (2 windows) is below -forgotten. Such false alarms are at most alpha / 2 of the equal candidates.
 */
export function checkWorstWindow(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  if (evidence.champion === null) return plainFinding('skip', 'there is no champion to compare with');
  const pools = poolPastWindows(evidence, policy.minimum.window);
  if (pools.length === 0) return plainFinding('skip', 'there are no past windows yet');
  const alarmLevel = policy.alpha / (2 * pools.length);
  const parts = pools.map(({ id, windows }): Part => {
    const sample = samplePairs(windows, policy);
    const where = `window ${id}`;
    const finding =
      holdForGroups(sample, policy.minimum.groups, where) ??
      judgePaired(
        sample.counts,
        questionOf(sample, where, -policy.margins.worstWindow, policy.minimum.window),
      );
    return {
      id,
      ...raiseAlarm(finding, sample, { where, level: alarmLevel, forgotten: policy.margins.forgotten }),
    };
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
  { counts, share }: PairedSample,
  { where, level, forgotten }: Alarm,
): Finding {
  if (finding.estimate === null || finding.verdict === 'fail') return finding;
  const { upper } = tangoInterval(scaleCounts(counts, share), level);
  if (upper >= -forgotten) return finding;
  const { moreLabels: _moreLabels, ...numbers } = finding;
  const bound = `${formatConfidence(level)} upper bound ${formatSignedPoints(upper)}`;
  const detail = `${where}: candidate ${formatPoints(-finding.estimate)} points worse, ${bound}, forgotten below ${formatSignedPoints(-forgotten)}`;
  return { ...numbers, verdict: 'fail', detail };
}
