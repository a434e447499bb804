/**
 * Small losses must not add up: a challenger may be a little worse than the champion, and the champion than the one
 * before it, so what may serve is held against former champions as well.
 */
import {
  type ChallengerComparison,
  judgeChallenger,
} from '../../shared/continuity/referee/challenger-comparison.ts';
import { formatPoints } from '../../shared/continuity/findings/format.ts';
import type { ContenderRecord } from './record.ts';

/**
 * The reference check: many small losses, each within the margin, must not add up. A challenger that may serve is out
 * where a former champion is shown to be better than it, by more than twice the margin as far as one can see.
 *
 * @param most     what may be lost to a former champion, as a share of what answers are worth
 * @param between  two versions on what was seen since then
 */
export function againstReference(
  records: readonly ContenderRecord[],
  most: number,
  alpha: number,
  between: (version: number, other: number, fromMs: number) => ChallengerComparison,
): ContenderRecord[] {
  const former = records.filter(({ kind, dropped }) => kind === 'former champion' && dropped === null);
  return records.map((record) => {
    if (record.kind !== 'challenger' || record.judgement?.finding !== 'better') return record;
    const better = former.find(({ version, fromMs }) => {
      const comparison = between(record.version, version, Math.max(record.fromMs, fromMs));
      return judgeChallenger(comparison, -most, alpha).finding === 'worse';
    });
    if (better === undefined) return record;
    const dropped = `version ${better.version}, a former champion, is better by more than ${formatPoints(most)} points on what came in`;
    return { ...record, judgement: null, dropped };
  });
}
