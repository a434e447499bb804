/**
 * Baseline: on the current window the candidate beats always answering the majority class.
 * Asked with and without a champion; without one it is the check that decides.
 */
import type { CheckOutcome } from '../check-result.ts';
import type { Evidence } from '../evidence.ts';
import { countPaired } from '../metrics.ts';
import { judgePaired } from '../paired-finding.ts';
import type { GatePolicy } from '../policy.ts';
import { currentWindow } from '../windows.ts';

/** Passes when Tango's lower bound of accuracy(candidate) - accuracy(constant answer) is above 0. */
export function checkBaseline(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  const { id, labels, candidate } = currentWindow(evidence);
  const constant = new Int32Array(labels.length).fill(evidence.majority);
  return judgePaired(countPaired(labels, candidate, constant), {
    where: `window ${id}, against always '${evidence.classes[evidence.majority]}'`,
    line: 0,
    alpha: policy.alpha,
    minimum: policy.minimum.current,
  });
}
