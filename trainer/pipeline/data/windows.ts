/**
 * Windows: labelled examples in time order, cut where a promotion closed the window before.
 */
import { type AgingWindow, mergeOldWindows } from './aging.ts';

/** `fromMs` inclusive, `toMs` exclusive. */
export interface WindowBounds {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface WindowPolicy {
  /** examples a window when a history is divided for the first time */
  readonly examples: number;
  /** past windows at most */
  readonly keep: number;
}

/**
 * The windows of a model that has a champion: the champion's own windows are closed, and everything newer than their
 * newest example is the current one. Beyond `keep` past windows the old ones merge as they age.
 *
 * @param closed  in time order, with the examples they had when the champion was trained
 */
export function continueWindows(
  closed: readonly AgingWindow[],
  cutoffMs: number,
  { keep }: WindowPolicy,
): WindowBounds[] {
  const past = mergeOldWindows(closed, keep).map(({ fromMs, toMs }) => ({ fromMs, toMs }));
  const from = past.at(-1)?.toMs ?? 0;
  return [...past, { fromMs: from, toMs: Math.max(from, cutoffMs + 1) }];
}

/**
 * The windows of a model without a champion: its history in time order, `examples` each. A rest of less than half a
 * window joins the one before. Examples of one instant stay together.
 *
 * @param times  milliseconds, ascending, [n]
 */
export function divideHistory(
  times: ArrayLike<number>,
  cutoffMs: number,
  { examples, keep }: WindowPolicy,
): WindowBounds[] {
  const size = Math.max(examples, Math.ceil(times.length / (keep + 1)));
  const count = Math.max(1, Math.round(times.length / size));
  const cuts: number[] = [];
  for (let i = 1; i < count; i++) {
    const cut = times[i * size];
    if (cut !== undefined && cut > (cuts.at(-1) ?? times[0] ?? 0)) cuts.push(cut);
  }
  const starts = [0, ...cuts];
  return starts.map((fromMs, i) => ({ fromMs, toMs: starts[i + 1] ?? cutoffMs + 1 }));
}

/** Indices of `times` inside each window, in order; ascending times give consecutive ranges. */
export function rangesOf(
  windows: readonly WindowBounds[],
  times: readonly number[],
): { readonly start: number; readonly end: number }[] {
  return windows.map(({ fromMs, toMs }) => {
    const start = lowerBound(times, fromMs);
    return { start, end: Math.max(start, lowerBound(times, toMs)) };
  });
}

/** First index whose time is not below `at`. */
function lowerBound(times: readonly number[], at: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
