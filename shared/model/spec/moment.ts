/**
 * Times as people and programs write them, read the same for examples' times and for features that are dates.
 */
import { err, ok, type Result } from '../../result.ts';
import { kindOf } from './read-value.ts';

/** What a text alone can't say. */
export interface MomentForm {
  /** How 1/2/2026 is meant; without it only 1.2.2026 (day first) is read. */
  readonly order?: 'dmy' | 'mdy' | undefined;
  /** From a time on the wall to UTC, in milliseconds; UTC is assumed without it. */
  readonly toUtc?: ((wallMs: number) => number) | undefined;
}

const CLOCK = String.raw`(?:(?:T|\s+)(\d{1,2}):?(\d{2})(?::?(\d{2})(?:[.,](\d+))?)?(?:\s?([ap])\.?m\.?)?\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?`;
const YEAR_FIRST = new RegExp(String.raw`^(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})${CLOCK}$`, 'i');
const YEAR_LAST = new RegExp(String.raw`^(\d{1,2})([-/.])(\d{1,2})\2(\d{4})${CLOCK}$`, 'i');

/**
 * ISO 8601 and what databases and spreadsheets make of it; day or month first where the form says which; seconds, milli-,
 * micro- or nanoseconds since 1970 by their size, of years from 1973 to 2100; 20260131 as a day.
 *
 * @returns whole milliseconds since the epoch, NaN for what is no time
 */
export function parseMoment(value: unknown, form: MomentForm = {}): number {
  if (typeof value === 'number') return fromNumber(value);
  if (typeof value !== 'string') return Number.NaN;
  const text = value.trim();
  if (/^\d+(?:\.\d+)?$/.test(text)) return fromNumber(Number(text));
  const parts = toParts(text, form.order);
  if (parts === null) return Number.NaN;
  const [year, month, day, clock] = parts;
  const wall = toWall(year, month, day, clock);
  const zone = clock[5];
  if (zone !== undefined) return wall - offsetOf(zone);
  return form.toUtc === undefined || Number.isNaN(wall) ? wall : form.toUtc(wall);
}

type Clock = readonly (string | undefined)[];

function toParts(text: string, order: MomentForm['order']): [number, number, number, Clock] | null {
  const first = YEAR_FIRST.exec(text);
  // Without a mark between them, all must have their zeros.
  if (first !== null && (first[2] !== '' || /^\d{8}/.test(text)))
    return [Number(first[1]), Number(first[3]), Number(first[4]), first.slice(5)];
  const last = YEAR_LAST.exec(text);
  const meant = last?.[2] === '.' ? 'dmy' : order;
  if (last === null || meant === undefined) return null;
  const [a, b] = [Number(last[1]), Number(last[3])];
  return [Number(last[4]), meant === 'dmy' ? b : a, meant === 'dmy' ? a : b, last.slice(5)];
}

function toWall(year: number, month: number, day: number, clock: Clock): number {
  const [minute, second] = [Number(clock[1] ?? 0), Number(clock[2] ?? 0)];
  let hour = Number(clock[0] ?? 0);
  const half = clock[4]?.toLowerCase();
  if (half !== undefined && (hour < 1 || hour > 12)) return Number.NaN;
  if (half !== undefined) hour = (hour % 12) + (half === 'p' ? 12 : 0);
  if (hour > 23 || minute > 59 || second > 59 || year < 1_000) return Number.NaN;
  const ms = Math.floor(Number(`0.${clock[3] ?? 0}`) * 1_000);
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second, ms));
  // A 30th of February would be the 2nd of March.
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : Number.NaN;
}

function offsetOf(zone: string): number {
  const match = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone);
  if (match === null) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
  return (match[1] === '-' ? -1 : 1) * minutes * 60_000;
}

/** 1973 and 2100: between them, the size of a number says its unit. */
const [FIRST, LAST] = [1e8, 4.2e9];

function fromNumber(value: number): number {
  for (const unit of [1, 1e3, 1e6, 1e9]) {
    if (value >= FIRST * unit && value <= LAST * unit) return Math.floor((value / unit) * 1_000);
  }
  return value >= 1_000_00_00 && value < 3_000_00_00 && Number.isInteger(value)
    ? parseMoment(`${String(value).slice(0, 4)}-${String(value).slice(4, 6)}-${String(value).slice(6)}`)
    : Number.NaN;
}

/** Clocks differ; more than this is a mistake. */
const MAX_FUTURE_MS = 5 * 60_000;

/**
 * When an example was seen.
 *
 * @param nowMs  later times, but for what clocks differ by, are refused: no run would see them
 * @returns null where there is none; the error goes on after `line 3: time: `
 */
export function parseTime(value: unknown, nowMs: number, form?: MomentForm): Result<number | null, string> {
  if (value === null || value === undefined) return ok(null);
  const at = parseMoment(value, form);
  if (Number.isNaN(at)) {
    const forms = ' as ISO 8601, or as seconds, milli-, micro- or nanoseconds since 1970';
    const known = typeof value === 'string' || typeof value === 'number';
    return err(`expected a time${known ? forms : ''}, got ${kindOf(value)}`);
  }
  if (at < 0) return err(`expected a time after 1970, got ${kindOf(value)}`);
  if (at > nowMs + MAX_FUTURE_MS)
    return err(`expected a time that has passed, got ${new Date(at).toISOString()}`);
  return ok(at);
}
