/**
 * Regression, past windows together: what was learnt before is not given up for less than it is worth.
 */
import { notAsked, refuseOnly } from '../findings/check-result.ts';
import type { CheckOutcome } from '../findings/check-result.ts';
import { errorRise, estimatedRise, mainMeasure, sampleErrors } from '../measures/errors.ts';
import type { RegressionEvidence } from '../evidence/evidence.ts';
import { priceOf, settle } from '../findings/exchange.ts';
import { errorMetric } from '../policy/metric.ts';
import { fallNow, poolPastErrors, showRelative } from '../findings/past-errors.ts';
import type { GatePolicy } from '../policy/policy.ts';
import { judgeRise } from '../findings/rise-finding.ts';
import { withinTolerance } from '../measures/within-tolerance.ts';
import { checkPastMean } from './past-mean.ts';

/**
 * Fails when the bootstrap's lower bound of the relative rise of the error over all past examples is above the margin, and
 * the error on what comes in falls by less than the exchange asks for.
 */
export function checkErrorPast(evidence: RegressionEvidence, policy: GatePolicy): CheckOutcome {
  const metric = errorMetric(policy);
  if (typeof metric === 'object' && 'tolerance' in metric) {
    return checkPastMean(withinTolerance(evidence, metric.tolerance), { ...policy, metric: 'accuracy' });
  }
  if (evidence.champion === null) return notAsked('there is no champion to compare with');
  const pools = poolPastErrors(evidence, policy);
  if (pools.length === 0) return notAsked('there are no past windows yet');
  const measure = mainMeasure(metric);
  const past = pools.flatMap(({ windows }) => windows);
  const sample = sampleErrors(past, policy, measure);
  const question = { where: `past windows, ${measure.name}`, unit: 'relative' } as const;
  const rise = errorRise(sample, policy, measure);
  const finding = judgeRise(rise, sample, { ...question, margin: policy.margins.pastError }, policy);
  const losses = pools.map(({ windows, age }) => ({ loss: estimatedRise(windows, measure), age }));
  const payment = { price: priceOf(losses, policy), gain: fallNow(evidence, metric), show: showRelative };
  return settle(refuseOnly(finding), rise?.estimate ?? 0, payment);
}
