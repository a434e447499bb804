/**
 * Feature slices: no part of the users, as the policy's features name them, is given up for the sake of the others.
 */
import { gravestOf, holdBroken, notAsked } from '../findings/check-result.ts';
import type { CheckOutcome } from '../findings/check-result.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { GatePolicy } from '../policy/policy.ts';
import { featureSlices, judgeSlice, missingFeatures } from '../findings/slices.ts';
import { comparedWindows } from '../evidence/windows.ts';

/** Fails when, on a slice of the current window, the upper bound of the difference is below -margin. */
export function checkFeatureSlices(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  const current = comparedWindows(evidence).at(-1);
  if (current === undefined) return notAsked('there is no champion to compare with');
  if (policy.slices.length === 0) return notAsked('the policy names no features');
  const features = evidence.features ?? [];
  const missing = missingFeatures(features, policy.slices);
  if (missing.length > 0) return holdBroken(`the evidence lacks the features ${missing.join(', ')}`);
  const limits = { margin: policy.margins.slice, minimum: policy.minimum.slice };
  const slices = featureSlices(features, policy.slices);
  if (slices.length === 0) return notAsked('the features that the policy names have no values');
  const parts = slices.map((slice) =>
    judgeSlice(slice, current, policy, { ...limits, among: slices.length }),
  );
  return gravestOf(parts, 'slices');
}
