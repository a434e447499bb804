/**
 * Follows a reproduction in the trainer Worker until it ends.
 */
import type { Reproduction } from '../../../shared/registry/jobs/reproductions.ts';
import type { Context } from './context.ts';
import { poll } from './poll.ts';
import { describeProgress } from './run-text.ts';
import type { HttpTarget } from './target.ts';

/** Asks until it has ended, whichever way, and shows how far it is. */
export function watchReproduction(
  target: HttpTarget,
  context: Context,
  model: string,
  id: string,
): Promise<Reproduction> {
  return poll(
    () => target.reproduction(model, id),
    ({ record, progress }, line) => {
      if (record.status !== 'running') return record;
      if (progress !== null && !context.json) line.update(describeProgress(progress));
      return null;
    },
  );
}
