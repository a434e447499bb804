/**
 * What a run decides about: the same labels by the same spec against the same champion, and the same of them kept apart,
 * are not looked at twice.
 */
import { sha256Hex } from '../../shared/digest.ts';
import type { Stretch } from '../labels/stretch.ts';
import type { RunContext } from '../pipeline/context.ts';

/**
 * @param snapshot  its id
 * @param apart     stretches whose labels neither train nor judge, in order of time
 * @returns 32 hex digits
 */
export function subjectOf(
  { run }: Pick<RunContext, 'run'>,
  snapshot: string,
  apart: readonly Stretch[],
): string {
  const about = [snapshot, run.specDigest, run.championAtStart, run.mayPromote];
  const without = apart.map(({ fromMs, toMs }) => [fromMs, toMs]);
  return sha256Hex(JSON.stringify(without.length === 0 ? about : [...about, without])).slice(0, 32);
}
