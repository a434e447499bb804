/**
 * From the paired counts of candidate and reference to a finding, for every check that compares two models.
 */
import { judgeInterval, plainFinding } from './check-result.ts';
import type { Finding, MoreLabels } from './check-result.ts';
import {
  formatConfidence,
  formatCount,
  formatMoreLabels,
  formatPoints,
  formatSignedPoints,
} from './format.ts';
import type { PairedSample } from './paired-sample.ts';
import { growthToSettle } from '../statistics/growth.ts';
import type { Interval, PairedCounts } from '../statistics/interval.ts';
import { levelForPower, upperNormalPoint } from '../statistics/normal.ts';
import { tangoInterval } from '../statistics/tango.ts';

/** A forecast of labels aims at settling the question four times in five: the field's custom. */
export const POWER = 0.8;

export interface PairedQuestion {
  /** subject of the sentence: `window 2026-11-20` */
  readonly where: string;
  /** the difference that must be exceeded: -margin, or 0 to demand improvement */
  readonly line: number;
  readonly alpha: number;
  /** fewer examples than this give no judgement */
  readonly minimum: number;
  /** share of the examples that counts, see effectiveShare; 1 when left out */
  readonly share?: number;
}

/** What a sample asks of paired-finding: its level and what groups leave of it. */
export function questionOf(
  { alpha, share }: PairedSample,
  where: string,
  line: number,
  minimum: number,
): PairedQuestion {
  return { where, line, alpha, minimum, share };
}

/** A sample from too few groups holds, whatever it shows; null when there are enough. */
export function holdForGroups(
  { groups, counts }: PairedSample,
  minimum: number,
  where: string,
): Finding | null {
  if (groups === null || groups >= minimum) return null;
  const detail = `${where}: ${formatCount(counts.n)} examples come from ${groups} of the ${minimum} groups needed for a judgement`;
  return { ...plainFinding('hold', detail), n: counts.n };
}

/** Whether P(candidate right) - P(reference right) lies above the line, by Tango's interval. */
export function judgePaired(counts: PairedCounts, question: PairedQuestion): Finding {
  const { where, minimum, share = 1 } = question;
  if (counts.n < minimum) return holdForExamples(counts.n, minimum, where);
  const intervalAt = (factor: number, alpha: number): Interval =>
    tangoInterval(scaleCounts(counts, factor * share), alpha);
  return describeDifference(intervalAt(1, question.alpha), counts.n, question, intervalAt);
}

/** Too few examples for any judgement. */
export function holdForExamples(n: number, minimum: number, where: string): Finding {
  const detail = `${where}: ${n} of the ${minimum} examples needed for a judgement`;
  return { ...plainFinding('hold', detail), n, moreLabels: { n: minimum - n, where } };
}

/**
 * The finding for a difference of accuracies whose interval is known.
 *
 * @param grown  the interval that a sample `factor` times as large, with the same rates, would give
 */
export function describeDifference(
  interval: Interval,
  n: number,
  { where, line, alpha }: PairedQuestion,
  grown: (factor: number, alpha: number) => Interval,
): Finding {
  const verdict = judgeInterval(interval, line, 'above');
  const [lower, upper] = [formatSignedPoints(interval.lower), formatSignedPoints(interval.upper)];
  const bounds = {
    pass: `lower bound ${lower}`,
    fail: `upper bound ${upper}`,
    hold: `bounds ${lower} and ${upper}`,
  }[verdict];
  const subject = `${where}: candidate ${describeEstimate(interval.estimate)}`;
  const detail = `${subject}, ${formatConfidence(alpha)} ${bounds}, margin ${formatSignedPoints(line)}`;
  const finding: Finding = { ...interval, margin: line, passes: 'above', n, verdict, detail };
  if (verdict !== 'hold') return finding;
  const level = levelForPower(alpha, POWER);
  return holdUntilSettled(
    finding,
    where,
    (factor) => judgeInterval(grown(factor, level), line, 'above') !== 'hold',
  );
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

/** Adds to a finding that holds how many more labels would settle it, were the rates to stay as they are. */
export function holdUntilSettled(
  finding: Finding,
  where: string,
  settles: (factor: number) => boolean,
): Finding {
  const factor = growthToSettle(settles);
  if (factor === null) return { ...finding, detail: `${finding.detail}; too close for labels to settle` };
  const moreLabels: MoreLabels = { n: Math.ceil((factor - 1) * finding.n), where };
  return {
    ...finding,
    detail: `${finding.detail}; about ${formatMoreLabels(moreLabels.n)} would settle it`,
    moreLabels,
  };
}

export function scaleCounts({ gains, losses, n }: PairedCounts, factor: number): PairedCounts {
  return { gains: gains * factor, losses: losses * factor, n: n * factor };
}

function describeEstimate(difference: number): string {
  const points = formatPoints(Math.abs(difference));
  if (points === '0.0') return 'as good';
  return `${points} ${points === '1.0' ? 'point' : 'points'} ${difference > 0 ? 'better' : 'worse'}`;
}
