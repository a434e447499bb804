/**
 * Old windows merge as they age: few, large, exponentially older. The newest stay as they are. That bounds what is
 * stored, what is evaluated each night, and how many windows can hold a candidate back; and as a single window's bound
 * is as wide as 1 / sqrt(n), it keeps the worst window judgeable.
 * In the manner of exponential histograms: M. Datar et al. 2002, SIAM Journal on Computing 31:1794-1813.
 */

export interface AgingWindow {
  readonly fromMs: number;
  readonly toMs: number;
  readonly examples: number;
}

/**
 * Merges neighbours until at most `keep` windows are left: each time the two whose examples together are fewest for
 * their age, age being counted in examples that came after. Sizes then grow in proportion to age, night by night, and
 * what has been merged is never needed apart.
 *
 * @param windows  in time order, not the current one
 * @param keep     at least 1
 * @returns windows in time order that cover what the given ones covered
 */
export function mergeOldWindows(windows: readonly AgingWindow[], keep: number): AgingWindow[] {
  if (!Number.isSafeInteger(keep) || keep < 1)
    throw new RangeError(`expected at least 1 window to keep, got ${keep}`);
  const merged = [...windows];
  while (merged.length > keep) {
    const at = cheapestPair(merged);
    const [older, newer] = merged.slice(at, at + 2) as [AgingWindow, AgingWindow];
    merged.splice(at, 2, mergePair(older, newer));
  }
  return merged;
}

/** Index of the older of the two; of equals the oldest. */
function cheapestPair(windows: readonly AgingWindow[]): number {
  let best = 0;
  let bestCost = Number.POSITIVE_INFINITY;
  let after = 0;
  for (let i = windows.length - 2; i >= 0; i--) {
    const together = (windows[i]?.examples ?? 0) + (windows[i + 1]?.examples ?? 0);
    const cost = together / (after + together + 1);
    if (cost <= bestCost) [best, bestCost] = [i, cost];
    after += windows[i + 1]?.examples ?? 0;
  }
  return best;
}

function mergePair(older: AgingWindow, newer: AgingWindow): AgingWindow {
  return { fromMs: older.fromMs, toMs: newer.toMs, examples: older.examples + newer.examples };
}
