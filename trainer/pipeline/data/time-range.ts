/**
 * A stretch of time whose labels are kept apart: they neither train nor judge.
 */

/** `fromMs` inclusive, `toMs` exclusive, of the inputs. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** @param at  when the input was seen, milliseconds */
export function isQuarantined(at: number, stretches: readonly TimeRange[]): boolean {
  return stretches.some(({ fromMs, toMs }) => at >= fromMs && at < toMs);
}
