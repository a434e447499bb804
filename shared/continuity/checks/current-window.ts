/**
 * Current window: on the newest held-out examples the candidate is shown to be no worse than the champion by
 * the margin, or, with `require: 'improvement'`, shown to be better.
 */
import { plainFinding } from '../check-result.ts';
import type { CheckOutcome } from '../check-result.ts';
import type { Evidence } from '../evidence.ts';
import { countPaired } from '../metrics.ts';
import { judgePaired } from '../paired-finding.ts';
import type { GatePolicy } from '../policy.ts';
import { currentWindow } from '../windows.ts';

/** Passes when Tango's lower bound of the paired difference is above -margin (above 0 for improvement). */
export function checkCurrentWindow(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  const { id, labels, candidate, champion } = currentWindow(evidence);
  if (champion === null) return plainFinding('skip', 'there is no champion to compare with');
  return judgePaired(countPaired(labels, candidate, champion), {
    where: `window ${id}`,
    line: policy.require === 'improvement' ? 0 : -policy.margins.current,
    alpha: policy.alpha,
    minimum: policy.minimum.current,
  });
}
