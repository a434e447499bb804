/**
 * Regression, worst past window: no single earlier window is given up for less than it is worth.
 */
import { gravestOf, notAsked, refuseOnly } from '../findings/check-result.ts';
import type { CheckOutcome } from '../findings/check-result.ts';
import { errorRise, mainMeasure, sampleErrors } from '../measures/errors.ts';
import type { RegressionEvidence } from '../evidence/evidence.ts';
import { priceOf, settle } from '../findings/exchange.ts';
import { errorMetric } from '../policy/metric.ts';
import { fallNow, poolPastErrors, showRelative } from '../findings/past-errors.ts';
import type { GatePolicy } from '../policy/policy.ts';
import { judgeRise } from '../findings/rise-finding.ts';
import { withinTolerance } from '../measures/within-tolerance.ts';
import { checkWorstWindow } from './worst-window.ts';

/**
 * Fails when, on a past window, the bootstrap's lower bound of the relative rise of the error is above the margin, and the
 * error on what comes in falls by less than the exchange asks for that window.
 */
export function checkErrorWorst(evidence: RegressionEvidence, policy: GatePolicy): CheckOutcome {
  const metric = errorMetric(policy);
  if (typeof metric === 'object' && 'tolerance' in metric) {
    return checkWorstWindow(withinTolerance(evidence, metric.tolerance), { ...policy, metric: 'accuracy' });
  }
  if (evidence.champion === null) return notAsked('there is no champion to compare with');
  const pools = poolPastErrors(evidence, policy);
  if (pools.length === 0) return notAsked('there are no past windows yet');
  const measure = mainMeasure(metric);
  const gain = fallNow(evidence, metric);
  const parts = pools.map(({ id, windows, age }) => {
    const sample = sampleErrors(windows, policy, measure);
    const rise = errorRise(sample, policy, measure);
    const question = { where: `window ${id}, ${measure.name}`, unit: 'relative' } as const;
    const finding = judgeRise(rise, sample, { ...question, margin: policy.margins.worstError }, policy);
    const loss = rise?.estimate ?? 0;
    const price = priceOf([{ loss, age }], policy);
    return { id, ...settle(refuseOnly(finding), loss, { price, gain, show: showRelative }) };
  });
  return gravestOf(parts, 'past windows');
}
