/**
 * How long predictions are gathered before they are written. A write costs as much as many predictions, and holds up those
 * beside it, so in the long run there is one a second, whatever the load. What was saved in a quiet time pays for a few
 * at once (a token bucket): a prediction that comes alone is written at once, or nearly.
 */

export interface WriteBudget {
  /** Takes a write. @returns after how many milliseconds it is due */
  take(nowMs: number): number;
}

/** In a stream; and of what is lost in a crash the most. */
export const MAX_WAIT_MS = 1_000;
/** Those who ask together share a write. */
export const MIN_WAIT_MS = 25;
export const MAX_SAVED = 4;

/** @param startMs  from when on writes are saved; there are some to begin with */
export function createWriteBudget(startMs: number): WriteBudget {
  let saved = MAX_SAVED;
  let atMs = startMs;
  return {
    take(nowMs) {
      saved = Math.min(MAX_SAVED, saved + (nowMs - atMs) / MAX_WAIT_MS);
      atMs = nowMs;
      // Not in debt for more than one: writes that could not wait (for their bytes) do not make the next ones late.
      saved = Math.max(-1, saved - 1);
      return saved >= 0 ? MIN_WAIT_MS : Math.max(MIN_WAIT_MS, -saved * MAX_WAIT_MS);
    },
  };
}
