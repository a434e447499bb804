/**
 * Regression, feature slices: no part of the users is given up for the sake of the others, on what comes in.
 */
import { gravestOf, holdBroken, notAsked, refuseOnly, unanswerable } from '../findings/check-result.ts';
import type { CheckOutcome, Part } from '../findings/check-result.ts';
import {
  comparedRegressions,
  errorRise,
  filterExamples,
  LEAST_UNITS,
  mainMeasure,
  sampleErrors,
} from '../measures/errors.ts';
import type { ComparedRegression } from '../measures/errors.ts';
import type { RegressionEvidence } from '../evidence/evidence.ts';
import { errorMetric } from '../policy/metric.ts';
import type { GatePolicy } from '../policy/policy.ts';
import { judgeRise } from '../findings/rise-finding.ts';
import { missingFeatures } from '../findings/slices.ts';
import { withinTolerance } from '../measures/within-tolerance.ts';
import { checkFeatureSlices } from './feature-slices.ts';

/** Fails when, on a slice of the current window, the lower bound of the relative rise of the error is above the margin. */
export function checkErrorSlices(evidence: RegressionEvidence, policy: GatePolicy): CheckOutcome {
  const metric = errorMetric(policy);
  if (typeof metric === 'object' && 'tolerance' in metric) {
    return checkFeatureSlices(withinTolerance(evidence, metric.tolerance), { ...policy, metric: 'accuracy' });
  }
  const current = comparedRegressions(evidence.windows).at(-1);
  if (current === undefined) return notAsked('there is no champion to compare with');
  if (policy.slices.length === 0) return notAsked('the policy names no features');
  const features = evidence.features ?? [];
  const missing = missingFeatures(features, policy.slices);
  if (missing.length > 0) return holdBroken(`the evidence lacks the features ${missing.join(', ')}`);
  const parts = features.flatMap(({ name, values }, at) =>
    policy.slices.includes(name)
      ? values.map((value, valueId) =>
          judgeSlice(
            `${name} = ${value}`,
            filterExamples(current, (i) => current.features?.[at]?.[i] === valueId),
            policy,
          ),
        )
      : [],
  );
  return parts.length === 0
    ? notAsked('the features that the policy names have no values')
    : gravestOf(parts, 'slices');
}

function judgeSlice(id: string, window: ComparedRegression, policy: GatePolicy): Part {
  const measure = mainMeasure(asRatio(policy));
  const sample = sampleErrors([window], policy, measure);
  const { n, groups, worth } = sample;
  if (n === 0) return { id, ...notAsked(`${id}: no examples`) };
  const small = worth < Math.max(policy.minimum.slice, LEAST_UNITS);
  if (small || (groups !== null && groups < policy.minimum.groups)) {
    return { id, ...unanswerable(`${id}: too few examples to tell (${n})`) };
  }
  const question = {
    where: `${id}, ${measure.name}`,
    unit: 'relative',
    margin: policy.margins.worstError,
  } as const;
  return { id, ...refuseOnly(judgeRise(errorRise(sample, policy, measure), sample, question, policy)) };
}

function asRatio(policy: GatePolicy) {
  const metric = errorMetric(policy);
  return typeof metric === 'object' && 'tolerance' in metric ? 'auto' : metric;
}
