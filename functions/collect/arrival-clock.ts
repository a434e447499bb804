/**
 * When events came in, so that the last word on something can be told from the first: in milliseconds, and no two of an
 * isolate alike.
 */

/** Times of this century are exact to twice that. */
const STEP_MS = 1 / 1_024;

/** @returns arrival times, each later than the one before, whatever the clock says */
export function createArrivalClock(): (nowMs: number) => number {
  let last = 0;
  return (nowMs) => {
    last = Math.max(nowMs, last + STEP_MS);
    return last;
  };
}
