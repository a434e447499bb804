/**
 * Past windows, worst: no single earlier window is forgotten, however well the mean looks.
 */
import { gravestOf, plainFinding } from '../check-result.ts';
import type { CheckOutcome } from '../check-result.ts';
import type { Evidence } from '../evidence.ts';
import { judgePaired } from '../paired-finding.ts';
import type { GatePolicy } from '../policy.ts';
import { poolPastWindows } from '../windows.ts';

/** Passes when, on every past window, Tango's lower bound of the paired difference is above -margin. */
export function checkWorstWindow(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  if (evidence.champion === null) return plainFinding('skip', 'there is no champion to compare with');
  const pools = poolPastWindows(evidence, policy.minimum.window);
  if (pools.length === 0) return plainFinding('skip', 'there are no past windows yet');
  const parts = pools.map(({ id, counts }) => ({
    id,
    ...judgePaired(counts, {
      where: `window ${id}`,
      line: -policy.margins.worstWindow,
      alpha: policy.alpha,
      minimum: policy.minimum.window,
    }),
  }));
  return gravestOf(parts, 'past windows');
}
