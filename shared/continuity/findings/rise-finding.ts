/**
 * The finding for a rise of a loss or an error.
 */
import { judgeInterval, unanswerable } from './check-result.ts';
import type { Finding } from './check-result.ts';
import { formatConfidence, formatCount, formatMeasure } from './format.ts';
import { growInterval, holdForGroups, holdUntilSettled, POWER } from './paired-finding.ts';
import type { GatePolicy } from '../policy/policy.ts';
import type { Interval } from '../statistics/interval.ts';
import { levelForPower } from '../statistics/normal.ts';
import type { UnitSample } from '../measures/unit-sample.ts';

export interface RiseQuestion {
  /** subject of the sentence: `window 2026-11-20, log loss` */
  readonly where: string;
  /** largest rise that is tolerated */
  readonly margin: number;
  readonly unit: 'score' | 'relative';
}

interface RisenSample extends Pick<UnitSample, 'n' | 'groups' | 'alpha'> {
  /** the rise where it is the same in every unit: beyond the margin it needs no bound to be refused */
  readonly constantRise?: number | null;
}

/**
 * Passes when the upper bound of the rise, at the sample's level, is within the margin; fails when the lower one is above.
 *
 * @param interval  null where none can be drawn: the examples do not vary, or are of one group
 * @param grown     the interval that a sample `factor` times as large would give; as of one whose width falls like
 *   1 / sqrt(n) when left out
 */
export function judgeRise(
  interval: Interval | null,
  { n, groups, alpha, constantRise = null }: RisenSample,
  { where, margin, unit }: RiseQuestion,
  policy: GatePolicy,
  grown?: (factor: number, alpha: number) => Interval,
): Finding {
  const tooFew = holdForGroups(groups, n, policy.minimum.groups, where);
  if (tooFew !== null) return tooFew;
  if (constantRise !== null && constantRise > margin) {
    const rise = formatMeasure(constantRise, unit);
    const detail = `${where}: ${rise} in every one of ${formatCount(n)} examples, margin ${formatMeasure(margin, unit)}`;
    const numbers = { estimate: constantRise, lower: constantRise, upper: constantRise, margin };
    return { ...numbers, passes: 'below', unit, n, verdict: 'fail', detail };
  }
  // without a spread, resampling may end in what is no number
  if (interval === null || constantRise !== null) {
    const detail = `${where}: the same in every one of ${formatCount(n)} examples, so that no bound can be drawn`;
    return { ...unanswerable(detail), n };
  }
  const verdict = judgeInterval(interval, margin, 'below');
  const show = (value: number): string => formatMeasure(value, unit);
  const bound =
    verdict === 'fail' ? `lower bound ${show(interval.lower)}` : `upper bound ${show(interval.upper)}`;
  const detail = `${where}: ${show(interval.estimate)}, ${formatConfidence(alpha)} ${bound}, margin ${show(margin)}`;
  const finding: Finding = { ...interval, margin, passes: 'below', unit, n, verdict, detail };
  if (verdict !== 'hold') return finding;
  const level = levelForPower(alpha, POWER);
  const boundsAt = grown ?? ((factor: number, to: number) => growInterval(interval, factor, alpha, to));
  return holdUntilSettled(
    finding,
    where,
    (factor) => judgeInterval(boundsAt(factor, level), margin, 'below') !== 'hold',
  );
}
