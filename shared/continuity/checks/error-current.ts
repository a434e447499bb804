/**
 * Regression, current window: the owner's measure of error (MAE and RMSE where none is named) is shown not to rise by more
 * than the margin, or, with `require: 'improvement'`, shown to fall (MAE where both are asked).
 */
import { gravestOf, notAsked, plainFinding } from '../findings/check-result.ts';
import type { CheckOutcome, Finding, Part } from '../findings/check-result.ts';
import {
  comparedRegressions,
  errorRise,
  LEAST_UNITS,
  measuresOf,
  type RatioMetric,
  sampleErrors,
} from '../measures/errors.ts';
import type { ComparedRegression } from '../measures/errors.ts';
import type { RegressionEvidence } from '../evidence/evidence.ts';
import { formatCount } from '../findings/format.ts';
import { LEAST_LEVEL, promotionLevel } from '../policy/level.ts';
import { errorMetric } from '../policy/metric.ts';
import { leaveToReferee } from '../findings/paired-finding.ts';
import type { GatePolicy } from '../policy/policy.ts';
import { judgeRise } from '../findings/rise-finding.ts';
import type { Interval } from '../statistics/interval.ts';
import type { UnitSample } from '../measures/unit-sample.ts';
import { withinTolerance } from '../measures/within-tolerance.ts';
import { checkCurrentWindow } from './current-window.ts';

/**
 * Passes when the bootstrap's upper bounds of the relative rises, at the evidence's level, are within the margin; fails
 * when a lower bound, at the policy's alpha, is above. A tolerance is judged by the share within it, as right answers are.
 */
export function checkErrorCurrent(evidence: RegressionEvidence, policy: GatePolicy): CheckOutcome {
  const metric = errorMetric(policy);
  if (typeof metric === 'object' && 'tolerance' in metric) {
    return checkCurrentWindow(withinTolerance(evidence, metric.tolerance), { ...policy, metric: 'accuracy' });
  }
  const current = comparedRegressions(evidence.windows).at(-1);
  if (current === undefined) return notAsked('there is no champion to compare with');
  const level = promotionLevel(evidence, policy);
  return gravestOf(judgeMeasures(current, metric, level, policy), 'errors');
}

function judgeMeasures(
  current: ComparedRegression,
  metric: RatioMetric,
  level: number,
  policy: GatePolicy,
): Part[] {
  const measures = measuresOf(metric);
  return measures.map((measure, i): Part => {
    const sample = sampleErrors([current], { ...policy, alpha: Math.max(level, LEAST_LEVEL) }, measure);
    const margin = policy.require === 'improvement' && i === 0 ? 0 : policy.margins.currentError;
    const question = { where: `window ${current.id}, ${measure.name}`, margin, unit: 'relative' } as const;
    const finding = judgeRise(twoLevels(sample, policy, measure), sample, question, policy);
    return { id: measure.name, ...leaveOpen(finding, sample, level, policy) };
  });
}

/** The upper bound at the sample's level, the lower one, which refuses, at the policy's. */
export function twoLevels(
  sample: UnitSample,
  policy: GatePolicy,
  measure: Parameters<typeof errorRise>[2],
): Interval | null {
  const near = errorRise(sample, policy, measure);
  if (near === null || sample.alpha === policy.alpha) return near;
  const far = errorRise({ ...sample, alpha: policy.alpha }, policy, measure);
  return far && { ...near, lower: far.lower };
}

/** What is not refused and not shown is left to the referee. */
function leaveOpen(finding: Finding, { n, worth }: UnitSample, level: number, policy: GatePolicy): Finding {
  if (finding.verdict === 'fail') return finding;
  const wanted = Math.max(policy.minimum.current, LEAST_UNITS);
  if (worth < wanted) {
    const detail = `${formatCount(n)} examples of the ${formatCount(wanted)} from which a bound is drawn`;
    return leaveToReferee({ ...plainFinding('hold', detail), n }, wanted);
  }
  if (level < LEAST_LEVEL) {
    return leaveToReferee(
      { ...finding, detail: 'nothing is left of the level at which a promotion is shown' },
      null,
    );
  }
  if (finding.verdict === 'pass') return finding;
  return leaveToReferee(finding, finding.moreLabels === undefined ? null : n + finding.moreLabels.n);
}
