/**
 * Class recall: no class is given up for the sake of the others.
 */
import { gravestOf, plainFinding } from '../findings/check-result.ts';
import type { CheckOutcome } from '../findings/check-result.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { GatePolicy } from '../policy.ts';
import { classSlices, judgeSlice } from '../findings/slices.ts';
import { comparedWindows } from '../evidence/windows.ts';

/**
 * Passes when, for every class with enough examples over all windows, Tango's lower bound of the paired
 * difference in recall is above -margin. A class with fewer can fail, when it is shown to be worse, but does
 * not hold: a rare class would otherwise keep every candidate out.
 */
export function checkClassRecall(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  if (evidence.champion === null) return plainFinding('skip', 'there is no champion to compare with');
  const windows = comparedWindows(evidence);
  const limits = { margin: policy.margins.classRecall, minimum: policy.minimum.class };
  const parts = classSlices(evidence).map((slice) => judgeSlice(slice, windows, policy, limits));
  return gravestOf(parts, 'classes');
}
