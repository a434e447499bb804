/**
 * How many requests an isolate should have in flight, found out from how long they take.
 *
 * Predictions of one isolate run one after the other, so beyond a few a request more in flight is only a longer wait for
 * all. How many are a few depends on the model, and nothing here can measure it: a Worker's clock stands still while it
 * computes. But a request that finds the isolate busy waits for its body until it has its turn, and the clock has moved
 * on by then. So: where even the quickest of the requests of a moment took longer than the target, all of them waited,
 * and the limit falls by a third; otherwise it rises again. A slow client or a write to storage makes some requests
 * take long, not all, and says nothing. (The standing queue of Nichols & Jacobson 2012, CoDel: the minimum, not the
 * mean; decrease by a factor and increase by addition, Chiu & Jain 1989.)
 */

export interface Pace {
  /** From `MIN_LIMIT` to the largest. */
  limit(): number;
  /** Takes note of a request that was answered, and how long it held its place. */
  took(ms: number, nowMs: number): void;
}

/** What a request may take for a start; those that wait behind it double it. */
export const TARGET_MS = 100;
/** Long enough for a few requests, short enough to follow a burst. */
const MOMENT_MS = 100;
/** One that is computed, and one whose body is read meanwhile. */
export const MIN_LIMIT = 2;
const DECREASE = 2 / 3;
/** Back from the smallest limit to 64 in a few seconds. */
const INCREASE = 2;

/** @param max  the limit to begin with, and the largest */
export function createPace(max: number): Pace {
  const min = Math.min(MIN_LIMIT, max);
  let limit = max;
  let momentStartMs = 0;
  let quickestMs = Infinity;

  const close = (nowMs: number): void => {
    limit =
      quickestMs > TARGET_MS ? Math.max(min, Math.floor(limit * DECREASE)) : Math.min(max, limit + INCREASE);
    momentStartMs = nowMs;
    quickestMs = Infinity;
  };

  return {
    limit: () => limit,
    took(ms, nowMs) {
      quickestMs = Math.min(quickestMs, ms);
      if (nowMs - momentStartMs >= MOMENT_MS) close(nowMs);
    },
  };
}
