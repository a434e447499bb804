/**
 * From a comparison of two models on the same examples to a finding, for every check that makes one.
 */
import { judgeInterval, plainFinding } from './check-result.ts';
import type { Finding, MoreLabels } from './check-result.ts';
import type { WindowComparison } from '../measures/window-comparison.ts';
import {
  formatConfidence,
  formatCount,
  formatMoreLabels,
  formatPoints,
  formatSignedPoints,
} from './format.ts';
import { nameMetric } from '../policy/metric.ts';
import { scaleCounts } from '../policy/metrics.ts';
import type { PairedSample } from '../measures/paired-sample.ts';
import { growthToSettle } from '../statistics/growth.ts';
import type { Interval, PairedCounts } from '../statistics/interval.ts';
import { mcnemarExact } from '../statistics/mcnemar.ts';
import { levelForPower, upperNormalPoint } from '../statistics/normal.ts';
import { tangoInterval } from '../statistics/tango.ts';

/** A forecast of labels aims at settling the question four times in five: the field's custom. */
export const POWER = 0.8;

/** With fewer disagreements than this a score test of "no better" promises too much, and the exact one decides. */
const FEW_DISAGREEMENTS = 25;

export interface PairedQuestion {
  /** subject of the sentence: `window 2026-11-20` */
  readonly where: string;
  /** the difference that must be exceeded: -margin, or 0 to demand improvement */
  readonly line: number;
  /** level at which the candidate must be shown to be above the line */
  readonly alpha: number;
  /** level at which it is shown to be below; alpha when left out */
  readonly refuseAt?: number;
}

/**
 * A sample from too few groups holds, whatever it shows; null when there are enough.
 *
 * @param groups  how many equal ones they are worth; null without groups
 */
export function holdForGroups(
  groups: number | null,
  n: number,
  minimum: number,
  where: string,
): Finding | null {
  if (groups === null || groups >= minimum) return null;
  const worth = Math.round(groups) < minimum ? Math.round(groups) : groups.toFixed(1);
  const detail = `${where}: ${formatCount(n)} examples are worth ${worth} of the ${minimum} groups needed for a judgement`;
  return { ...plainFinding('hold', detail), n };
}

/** Whether P(candidate right) - P(reference right) lies above the line, by Tango's interval. */
export function judgePaired(
  { counts, share }: Pick<PairedSample, 'counts' | 'share'>,
  question: PairedQuestion,
): Finding {
  const intervalAt = (factor: number, alpha: number): Interval =>
    tangoInterval(scaleCounts(counts, factor * share), alpha);
  return describeDifference(counts.n, question, intervalAt);
}

/** Whether the candidate is better than the line says, by the comparison's metric. */
export function judgeWindowComparison(comparison: WindowComparison, question: PairedQuestion): Finding {
  const { n, metric, boundsAt, counts, share } = comparison;
  if (boundsAt(question.alpha) === null) {
    return { ...plainFinding('hold', `${question.where}: ${formatCount(n)} examples, all of one group`), n };
  }
  const intervalAt = (factor: number, alpha: number): Interval => boundsAt(alpha, factor) as Interval;
  const finding = describeDifference(
    n,
    question,
    intervalAt,
    metric === 'accuracy' ? '' : ` by ${nameMetric(metric)}`,
  );
  return metric === 'accuracy' ? requireSignTest(finding, scaleCounts(counts, share), question) : finding;
}

/** Of few disagreements, a candidate that is shown to be better must be so by the exact test as well. */
function requireSignTest(
  finding: Finding,
  { gains, losses }: PairedCounts,
  { line, alpha }: PairedQuestion,
): Finding {
  if (finding.verdict !== 'pass' || line < 0 || gains + losses >= FEW_DISAGREEMENTS) return finding;
  const p = mcnemarExact({ gains: Math.floor(gains), losses: Math.ceil(losses) }).better;
  if (p <= alpha) return finding;
  const held: Finding = {
    ...finding,
    verdict: 'hold',
    detail: `${finding.detail}, but McNemar's exact p ${p.toFixed(3)}`,
  };
  const settles = (factor: number): boolean =>
    mcnemarExact({ gains: Math.floor(gains * factor), losses: Math.ceil(losses * factor) }).better <= alpha;
  return holdUntilSettled(held, 'what comes in', settles);
}

/**
 * The finding for a difference whose bounds are known.
 *
 * @param intervalAt  the interval at a level that a sample `factor` times as large, with the same rates, would give
 * @param by          the measure, where it is not accuracy: ` by balanced accuracy`
 */
export function describeDifference(
  n: number,
  { where, line, alpha, refuseAt = alpha }: PairedQuestion,
  intervalAt: (factor: number, alpha: number) => Interval,
  by = '',
): Finding {
  const { estimate, lower } = intervalAt(1, alpha);
  const { upper } = intervalAt(1, refuseAt);
  const interval = { estimate, lower, upper };
  const verdict = judgeInterval(interval, line, 'above');
  const low = `${formatConfidence(alpha)} lower bound ${formatSignedPoints(lower)}`;
  const high = `${formatConfidence(refuseAt)} upper bound ${formatSignedPoints(upper)}`;
  const both =
    refuseAt === alpha
      ? `${formatConfidence(alpha)} bounds ${formatSignedPoints(lower)} and ${formatSignedPoints(upper)}`
      : `${low}, ${high}`;
  const bounds = { pass: low, fail: high, hold: both }[verdict];
  const detail = `${where}: candidate ${describeEstimate(estimate)}${by}, ${bounds}, margin ${formatSignedPoints(line)}`;
  const finding: Finding = { ...interval, margin: line, passes: 'above', n, verdict, detail };
  if (verdict !== 'hold') return finding;
  const settles = (factor: number): boolean =>
    intervalAt(factor, levelForPower(alpha, POWER)).lower > line ||
    intervalAt(factor, levelForPower(refuseAt, POWER)).upper < line;
  return holdUntilSettled(finding, where, settles);
}

/**
 * The bounds that a sample `factor` times as large would give, of an interval whose width falls like 1 / sqrt(n):
 * for every method without a closed form.
 *
 * @param from  the level of the interval
 * @param to    the level wanted
 */
export function growInterval(
  { estimate, lower, upper }: Interval,
  factor: number,
  from: number,
  to: number,
): Interval {
  const stretch = upperNormalPoint(to) / upperNormalPoint(from) / Math.sqrt(factor);
  return {
    estimate,
    lower: estimate - stretch * (estimate - lower),
    upper: estimate + stretch * (upper - estimate),
  };
}

/**
 * Adds to a finding that holds how many more labels would settle it, were the rates to stay as they are; nothing where no
 * number would. Whether labels can still come there is for the check to know: `tellLabels` says it.
 */
export function holdUntilSettled(
  finding: Finding,
  where: string,
  settles: (factor: number) => boolean,
): Finding {
  const factor = growthToSettle(settles);
  if (factor === null) return finding;
  const moreLabels: MoreLabels = { n: Math.ceil((factor - 1) * finding.n), where };
  return { ...finding, moreLabels };
}

/** The finding with its forecast in words, where it holds for want of labels that can come. */
export function tellLabels(finding: Finding): Finding {
  const { verdict, moreLabels, detail, estimate } = finding;
  if (verdict !== 'hold' || estimate === null) return finding;
  return moreLabels === undefined
    ? { ...finding, detail: `${detail}; too close for labels to settle` }
    : { ...finding, detail: `${detail}; about ${formatMoreLabels(moreLabels.n)} would settle it` };
}

/**
 * What the exam leaves open, the referee decides: on labels of what comes in from now on, all of them, as neither model
 * was trained on any.
 *
 * @param n  labels that would settle it; null where no number is known to
 */
export function leaveToReferee(finding: Finding, n: number | null): Finding {
  const { moreLabels: _moreLabels, ...rest } = finding;
  const sentence = 'left to the referee: what comes in will judge it';
  if (n === null) return { ...rest, verdict: 'hold', detail: `${finding.detail}; ${sentence}` };
  const labels = Math.max(1, Math.ceil(n));
  const detail = `${finding.detail}; ${sentence}, in about ${formatCount(labels)} labels`;
  return { ...rest, verdict: 'hold', detail, moreLabels: { n: labels, where: 'what comes in' } };
}

function describeEstimate(difference: number): string {
  const points = formatPoints(Math.abs(difference));
  if (points === '0.0') return 'as good';
  return `${points} ${points === '1.0' ? 'point' : 'points'} ${difference > 0 ? 'better' : 'worse'}`;
}
