/**
 * Regression baselines: on the current window the candidate's error is below that of answers which need no model: always
 * the mean of the training data, and repeating the last target that was known. Of a first version they are what a
 * promotion rests on; beside a champion they can only refuse.
 */
import { gravestOf, notAsked, plainFinding, refuseOnly, unanswerable } from '../findings/check-result.ts';
import type { CheckOutcome, Finding, Part } from '../findings/check-result.ts';
import { compareWindows } from '../measures/window-comparison.ts';
import { estimatedRise, filterExamples, LEAST_UNITS, mainMeasure, sampleErrors } from '../measures/errors.ts';
import type { ComparedRegression } from '../measures/errors.ts';
import type { RegressionEvidence } from '../evidence/evidence.ts';
import { formatCount } from '../findings/format.ts';
import { LEAST_LEVEL, promotionLevel } from '../policy/level.ts';
import { type ErrorMetric, errorMetric } from '../policy/metric.ts';
import { holdForGroups, judgeWindowComparison, tellLabels } from '../findings/paired-finding.ts';
import type { Baseline, GatePolicy } from '../policy/policy.ts';
import { judgeRise } from '../findings/rise-finding.ts';
import { currentWindow } from '../evidence/windows.ts';
import { windowWithin } from '../measures/within-tolerance.ts';
import { absent } from './absent.ts';
import { twoLevels } from './error-current.ts';

/** Which of the policy's baselines ask for which constant answer. */
const MEAN: readonly Baseline[] = ['majority', 'kappa'];
const NO_CHANGE: readonly Baseline[] = ['no-change', 'kappa-temporal'];

/** Nobody could repeat the last target where targets come back too late for most examples. */
const LEAST_KNOWN = 0.5;

/**
 * Of a first version: passes when the bootstrap's upper bound of the error over each baseline's, less 1, at the evidence's
 * level, is at most 0. Beside a champion it fails what is shown to be worse than a baseline that the champion is not worse
 * than.
 */
export function checkErrorBaseline(evidence: RegressionEvidence, policy: GatePolicy): CheckOutcome {
  const window = currentWindow(evidence);
  const wanted = (baselines: readonly Baseline[]): boolean =>
    policy.baselines.some((baseline) => baselines.includes(baseline));
  const parts: Part[] = [];
  if (wanted(MEAN)) {
    const rival = { ...window, champion: window.targets.map(() => evidence.mean) };
    const where = `window ${window.id}, against always ${Number(evidence.mean.toPrecision(6))}`;
    parts.push({ id: 'mean', ...judge(rival, where, evidence, policy) });
  }
  if (wanted(NO_CHANGE)) parts.push({ id: 'no-change', ...judgeNoChange(evidence, policy) });
  return gravestOf(parts, 'baselines');
}

function judgeNoChange(evidence: RegressionEvidence, policy: GatePolicy): Finding {
  const window = currentWindow(evidence);
  const { previousTargets, id, targets } = window;
  if (previousTargets === undefined)
    return absent('previous', evidence, policy, 'the previous targets are not known');
  const rival: ComparedRegression = { ...window, champion: previousTargets };
  const known = filterExamples(rival, (i) => !Number.isNaN(previousTargets[i]));
  const n = known.targets.length;
  if (n === 0 || n < LEAST_KNOWN * targets.length) {
    const of = `${formatCount(n)} of ${formatCount(targets.length)} examples`;
    return notAsked(`window ${id}: a target was known before ${of}, so that nobody could repeat it`);
  }
  return judge(known, `window ${id}, against repeating the last target`, evidence, policy);
}

function judge(
  rival: ComparedRegression,
  where: string,
  evidence: RegressionEvidence,
  policy: GatePolicy,
): Finding {
  const first = evidence.champion === null;
  const level = first ? Math.max(LEAST_LEVEL, promotionLevel(evidence, policy)) : policy.alpha;
  const metric = errorMetric(policy);
  const finding =
    typeof metric === 'object' && 'tolerance' in metric
      ? judgeShares(rival, where, level, metric.tolerance, policy)
      : judgeErrors(rival, where, level, metric, policy);
  if (first) return tellLabels(toCome(finding));
  return besideChampion(finding, evidence, metric);
}

function judgeShares(
  rival: ComparedRegression,
  where: string,
  level: number,
  tolerance: number,
  policy: GatePolicy,
): Finding {
  const comparison = compareWindows([windowWithin(rival, tolerance)], 'accuracy', level);
  const tooFew = holdForGroups(comparison.groups, comparison.n, policy.minimum.groups, where);
  return (
    tooFew ?? judgeWindowComparison(comparison, { where, line: 0, alpha: level, refuseAt: policy.alpha })
  );
}

function judgeErrors(
  rival: ComparedRegression,
  where: string,
  level: number,
  metric: Exclude<ErrorMetric, { readonly tolerance: number }>,
  policy: GatePolicy,
): Finding {
  const measure = mainMeasure(metric);
  const sample = sampleErrors([rival], { ...policy, alpha: level }, measure);
  const { n, worth } = sample;
  if (worth < LEAST_UNITS) {
    const detail = `${where}: ${formatCount(n)} examples of the ${LEAST_UNITS} from which a bound is drawn`;
    const moreLabels = { n: Math.ceil(LEAST_UNITS - worth), where: 'what comes in' };
    return { ...plainFinding('hold', detail), n, moreLabels };
  }
  const question = { where: `${where}, ${measure.name}`, margin: 0, unit: 'relative' } as const;
  return judgeRise(twoLevels(sample, policy, measure), sample, question, policy);
}

function toCome(finding: Finding): Finding {
  const { moreLabels } = finding;
  return moreLabels === undefined
    ? finding
    : { ...finding, moreLabels: { ...moreLabels, where: 'what comes in' } };
}

/** A baseline refuses only where it tells the two models apart: the alternative to the candidate is the champion. */
function besideChampion(
  finding: Finding,
  { windows, champion }: RegressionEvidence,
  metric: ErrorMetric,
): Finding {
  if (finding.verdict !== 'fail') return refuseOnly(finding);
  const current = windows.at(-1);
  if (current === undefined || current.champion === null) return finding;
  const compared = { ...current, champion: current.champion };
  const rise =
    typeof metric === 'object' && 'tolerance' in metric
      ? -compareWindows([windowWithin(compared, metric.tolerance)], 'accuracy', 0.05).estimate
      : estimatedRise([compared], mainMeasure(metric));
  if (rise > 0) return finding;
  const detail = `${finding.detail}; version ${champion?.version ?? 0} does no better, so that it speaks for neither`;
  return unanswerable({ ...finding, detail });
}
