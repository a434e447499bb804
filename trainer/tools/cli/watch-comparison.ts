/**
 * Follows a comparison in the trainer Worker until it ends.
 */
import type { RecipeComparison } from '../../recipes/recipe-comparison.ts';
import type { Context } from './context.ts';
import { Failure } from './failure.ts';
import { poll } from './poll.ts';
import type { HttpTarget } from './target.ts';

/** `comparing 40 %  4 of 10 splits` */
export function describeShare(fraction: number, message: string): string {
  return `comparing ${Math.floor(fraction * 100)} %  ${message}`;
}

/** Asks until it has ended, and shows how far it is. Throws a Failure where it failed. */
export function watchComparison(
  target: HttpTarget,
  context: Context,
  model: string,
  id: string,
): Promise<RecipeComparison> {
  return poll(
    () => target.comparison(model, id),
    ({ record, progress, result }, line) => {
      if (record.status === 'failed') throw new Failure(record.error ?? 'the comparison failed');
      if (record.status === 'complete' && result !== null) return result;
      if (progress !== null && !context.json) line.update(describeShare(progress.fraction, progress.message));
      return null;
    },
  );
}
