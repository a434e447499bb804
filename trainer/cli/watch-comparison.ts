/**
 * Follows a comparison in the trainer Worker until it ends.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Comparison } from '../compare/comparison.ts';
import type { Context } from './context.ts';
import { Failure, unwrap } from './failure.ts';
import { createProgressLine } from './output.ts';
import type { HttpTarget } from './target.ts';

const POLL_MS = 700;
/** A deployment that restarts answers again within this. */
const MAX_FAILURES = 20;

/** `comparing 40 %  4 of 10 splits` */
export function describeShare(fraction: number, message: string): string {
  return `comparing ${Math.floor(fraction * 100)} %  ${message}`;
}

export async function watchComparison(
  target: HttpTarget,
  context: Context,
  model: string,
  id: string,
): Promise<Comparison> {
  const line = createProgressLine();
  let failures = 0;
  try {
    for (;;) {
      const state = await target.comparison(model, id);
      failures = state.ok ? 0 : failures + 1;
      if (!state.ok && failures > MAX_FAILURES) unwrap(state);
      if (state.ok) {
        const { record, progress, result } = state.value;
        if (record.status === 'failed') throw new Failure(record.error ?? 'the comparison failed');
        if (record.status === 'complete' && result !== null) return result;
        if (progress !== null && !context.json)
          line.update(describeShare(progress.fraction, progress.message));
      }
      await sleep(POLL_MS);
    }
  } finally {
    line.close();
  }
}
