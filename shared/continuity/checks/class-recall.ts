/**
 * Class recall: no class is given up for the sake of the others, on what comes in. (What older windows lose, of whatever
 * class, is part of the loss that the exchange prices.)
 */
import { gravestOf, notAsked } from '../findings/check-result.ts';
import type { CheckOutcome } from '../findings/check-result.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { GatePolicy } from '../policy/policy.ts';
import { classSlices, judgeSlice } from '../findings/slices.ts';
import { comparedWindows } from '../evidence/windows.ts';

/**
 * Fails when, for a class, Tango's upper bound of the paired difference in recall on the current window is below -margin.
 * Holds as `judgeSlice` does; a class that is too rare to be judged is told.
 */
export function checkClassRecall(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  const current = comparedWindows(evidence).at(-1);
  if (current === undefined) return notAsked('there is no champion to compare with');
  const limits = { margin: policy.margins.classRecall, minimum: policy.minimum.class };
  const slices = classSlices(evidence);
  const parts = slices.map((slice) =>
    judgeSlice(slice, current, policy, { ...limits, among: slices.length }),
  );
  return gravestOf(parts, 'classes');
}
