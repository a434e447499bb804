/**
 * Current window: on the newest held-out examples the candidate is shown to be no worse than the champion by
 * the margin, or, with `require: 'improvement'`, shown to be better.
 */
import { plainFinding } from '../findings/check-result.ts';
import type { CheckOutcome } from '../findings/check-result.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { holdForGroups, judgePaired, questionOf } from '../findings/paired-finding.ts';
import { samplePairs } from '../findings/paired-sample.ts';
import type { GatePolicy } from '../policy.ts';
import { mcnemarExact } from '../statistics/mcnemar.ts';
import { comparedWindows } from '../evidence/windows.ts';

/** Passes when Tango's lower bound of the paired difference is above -margin (above 0 for improvement). */
export function checkCurrentWindow(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  const current = comparedWindows(evidence).at(-1);
  if (current === undefined) return plainFinding('skip', 'there is no champion to compare with');
  const where = `window ${current.id}`;
  const sample = samplePairs([current], policy);
  const line = policy.require === 'improvement' ? 0 : -policy.margins.current;
  const finding =
    holdForGroups(sample, policy.minimum.groups, where) ??
    judgePaired(sample.counts, questionOf(sample, where, line, policy.minimum.current));
  if (finding.estimate === null || sample.groups !== null) return finding;
  const p = mcnemarExact(sample.counts).twoSided;
  return { ...finding, detail: `${finding.detail} (McNemar p ${p < 0.001 ? '< 0.001' : p.toFixed(3)})` };
}
