/**
 * Asks a deployment again and again until what was asked for is there.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { unwrap } from './failure.ts';
import { createProgressLine, type ProgressLine } from './output.ts';
import type { Answer } from './target.ts';

const POLL_MS = 700;
/** A deployment that restarts answers again within this. */
const MAX_FAILURES = 20;

/** @param see  shows how far it is; null while it is not over */
export async function poll<State, T>(
  ask: () => Answer<State>,
  see: (state: State, line: ProgressLine) => T | null,
): Promise<T> {
  const line = createProgressLine();
  let failures = 0;
  try {
    for (;;) {
      const state = await ask();
      failures = state.ok ? 0 : failures + 1;
      if (!state.ok && failures > MAX_FAILURES) unwrap(state);
      const seen = state.ok ? see(state.value, line) : null;
      if (seen !== null) return seen;
      await sleep(POLL_MS);
    }
  } finally {
    line.close();
  }
}
