/**
 * Feature slices: no part of the users, as the policy's features name them, is given up for the sake of the others.
 */
import { gravestOf, plainFinding } from '../findings/check-result.ts';
import type { CheckOutcome } from '../findings/check-result.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { GatePolicy } from '../policy.ts';
import { featureSlices, judgeSlice, missingFeatures } from '../findings/slices.ts';
import { comparedWindows } from '../evidence/windows.ts';

/** Passes when, on every slice with enough examples over all windows, the lower bound of the difference is above -margin. */
export function checkFeatureSlices(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  if (evidence.champion === null) return plainFinding('skip', 'there is no champion to compare with');
  if (policy.slices.length === 0) return plainFinding('skip', 'the policy names no features');
  const features = evidence.features ?? [];
  const missing = missingFeatures(features, policy.slices);
  if (missing.length > 0)
    return plainFinding('hold', `the evidence lacks the features ${missing.join(', ')}`);
  const limits = { margin: policy.margins.slice, minimum: policy.minimum.slice };
  const windows = comparedWindows(evidence);
  const parts = featureSlices(features, policy.slices).map((slice) =>
    judgeSlice(slice, windows, policy, limits),
  );
  return gravestOf(parts, 'slices');
}
