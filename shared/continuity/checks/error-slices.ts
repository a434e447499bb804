/**
 * Regression, feature slices: no part of the users is given up for the sake of the others.
 */
import { gravestOf, plainFinding } from '../findings/check-result.ts';
import type { CheckOutcome, Part } from '../findings/check-result.ts';
import { comparedRegressions, filterExamples, maeRise, sampleErrors } from '../errors.ts';
import type { ComparedRegression } from '../errors.ts';
import type { RegressionEvidence } from '../evidence/evidence.ts';
import type { GatePolicy } from '../policy.ts';
import { judgeRise } from '../findings/rise-finding.ts';
import { missingFeatures } from '../findings/slices.ts';

/** Passes when, on every slice with enough examples, the upper bound of the relative rise of MAE is within the margin. */
export function checkErrorSlices(evidence: RegressionEvidence, policy: GatePolicy): CheckOutcome {
  if (evidence.champion === null) return plainFinding('skip', 'there is no champion to compare with');
  if (policy.slices.length === 0) return plainFinding('skip', 'the policy names no features');
  const features = evidence.features ?? [];
  const missing = missingFeatures(features, policy.slices);
  if (missing.length > 0)
    return plainFinding('hold', `the evidence lacks the features ${missing.join(', ')}`);
  const windows = comparedRegressions(evidence.windows);
  const parts = features.flatMap(({ name, values }, at) =>
    policy.slices.includes(name)
      ? values.map((value, valueId) => {
          const select = (window: ComparedRegression): ComparedRegression =>
            filterExamples(window, (i) => window.features?.[at]?.[i] === valueId);
          return judgeSlice(`${name} = ${value}`, windows.map(select), policy);
        })
      : [],
  );
  return gravestOf(parts, 'slices');
}

function judgeSlice(id: string, windows: readonly ComparedRegression[], policy: GatePolicy): Part {
  const sample = sampleErrors(windows, policy);
  const { n, groups } = sample;
  if (n < policy.minimum.slice || (groups !== null && groups < policy.minimum.groups)) {
    return { id, ...plainFinding('skip', `${id}: too few examples to hold a candidate back (${n})`) };
  }
  const mae = maeRise(sample, policy);
  const question = { where: `${id}, MAE`, unit: 'relative', minimum: 0 } as const;
  return { id, ...judgeRise(mae, sample, { ...question, margin: policy.margins.worstError }, policy) };
}
