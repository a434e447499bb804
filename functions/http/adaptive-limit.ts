/**
 * How many requests an isolate should have in flight, found out from how long one waits here for its turn.
 *
 * Predictions of one isolate run one after the other, so beyond a few a request more in flight is only a longer wait for
 * all. How many are a few depends on the model, and nothing here can measure that: a Worker's clock stands still while it
 * computes. But a timer that is due at once goes off when everybody before it had their turn, and the clock has moved on
 * by then. Where that took longer than the target, the limit falls by a third; otherwise it rises again (increase by
 * addition, decrease by a factor: Chiu & Jain 1989). A slow client, a write to storage or the loading of a model holds a
 * place for long and makes nobody wait: it says nothing here.
 *
 * Of a model that takes long, few at once are no overload, as long as they are answered well within their time: so a few
 * may wait a share of that, and more only while they wait little.
 */

export interface AdaptiveLimit {
  /** From `MIN_LIMIT` to the largest. */
  limit(): number;
  /** Whether it is time to look again. Says so once, and then not before the next moment. */
  isDue(nowMs: number): boolean;
  /** Takes note of how long a turn took to come. */
  observe(ms: number): void;
}

/** What a turn may take to come where there are many. A request needs a few: for its head, its body, its answer. */
export const TARGET_MS = 50;
/** So many are no crowd. */
export const FEW = 8;
/** What a few may wait: this share of the time that a request has. */
export const SHARE = 1 / 4;
/** One that is computed, and one whose body is read meanwhile. */
export const MIN_LIMIT = 2;
export const MOMENT_MS = 100;
const DECREASE = 2 / 3;
/** A moment; a quiet time counts as many, so that what was long ago limits nobody. */
const INCREASE = 2;

/**
 * @param max        the limit to begin with, and the largest
 * @param timeoutMs  what a request may take at all
 */
export function createAdaptiveLimit(max: number, timeoutMs: number): AdaptiveLimit {
  const min = Math.min(MIN_LIMIT, max);
  let limit = max;
  let lookedAtMs = 0;
  let moments = 0;
  return {
    limit: () => limit,
    isDue(nowMs) {
      if (nowMs - lookedAtMs < MOMENT_MS) return false;
      moments = Math.floor((nowMs - lookedAtMs) / MOMENT_MS);
      lookedAtMs = nowMs;
      return true;
    },
    observe(ms) {
      const targetMs = limit > FEW ? TARGET_MS : Math.max(TARGET_MS, SHARE * timeoutMs);
      limit =
        ms > targetMs
          ? Math.max(min, Math.floor(limit * DECREASE))
          : Math.min(max, limit + INCREASE * moments);
    },
  };
}
