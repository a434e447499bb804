/**
 * When a model is retrained: hourly, daily at a time in a zone, or after so many labels. Plain arithmetic on times; who
 * looks at a clock is trainer/schedule/.
 */
import * as z from 'zod';

const TIME_OF_DAY = /^([01]\d|2[0-3]):[0-5]\d$/;

export const scheduleSchema = z.discriminatedUnion('every', [
  z.strictObject({ every: z.literal('hour') }),
  z.strictObject({
    every: z.literal('day'),
    at: z.string().regex(TIME_OF_DAY, 'expected a time of day such as 03:00'),
    /** As IANA names it: Europe/Berlin. */
    zone: z.string().refine(isZone, 'expected a time zone such as Europe/Berlin'),
  }),
  z.strictObject({ every: z.literal('labels'), count: z.int().min(1).max(100_000_000) }),
]);
export type Schedule = z.infer<typeof scheduleSchema>;

/** Of a model that is retrained on schedule and does not say when. */
export const DEFAULT_SCHEDULE: Schedule = { every: 'day', at: '03:00', zone: 'UTC' };

/** Whether the runtime knows that time zone, by its name in the IANA database. */
export function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/**
 * The first time after `after` at which a run is due; null where labels decide.
 * A time of day that a change of clocks skips is due when the clocks have changed; one that comes twice, the first time.
 */
export function nextDue(schedule: Schedule, after: Date): Date | null {
  switch (schedule.every) {
    case 'hour':
      return new Date((Math.floor(after.getTime() / HOUR) + 1) * HOUR);
    case 'day':
      return nextTimeOfDay(schedule.at, schedule.zone, after);
    case 'labels':
      return null;
  }
}

/** Of zones every offset there has ever been is a whole number of minutes by now, and none changes twice in two days. */
function nextTimeOfDay(at: string, zone: string, after: Date): Date {
  const [hours = 0, minutes = 0] = at.split(':').map(Number);
  const today = localParts(after, zone);
  for (let day = -1; ; day++) {
    const wall = Date.UTC(today.year, today.month - 1, today.day + day, hours, minutes);
    const due = fromWall(wall, zone);
    if (due > after.getTime()) return new Date(due);
  }
}

/** The instant at which a zone's clocks first show a wall time (given as if it were UTC), or first show a later one. */
function fromWall(wall: number, zone: string): number {
  const offsets = [wall - 24 * HOUR, wall + 24 * HOUR].map((at) => offsetAt(at, zone));
  const exact = offsets.map((offset) => wall - offset).filter((at) => at + offsetAt(at, zone) === wall);
  if (exact.length > 0) return Math.min(...exact);
  // Skipped: the clocks jump over it, from the earlier offset to the later one.
  let [low, high] = [wall - 24 * HOUR, wall + 24 * HOUR];
  while (high - low > MINUTE) {
    const middle = Math.floor((low + high) / 2 / MINUTE) * MINUTE;
    if (middle + offsetAt(middle, zone) >= wall) high = middle;
    else low = middle;
  }
  return high;
}

/** What a zone's clocks are ahead of UTC, in milliseconds. */
function offsetAt(at: number, zone: string): number {
  const { year, month, day, hour, minute, second } = localParts(new Date(at), zone);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1_000) * 1_000;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function localParts(at: Date, zone: string) {
  let format = formats.get(zone);
  if (format === undefined) {
    const digits = {
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    } as const;
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      ...digits,
    });
    formats.set(zone, format);
  }
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const part = (name: string): number => parts.get(name as Intl.DateTimeFormatPartTypes) ?? 0;
  return {
    year: part('year'),
    month: part('month'),
    day: part('day'),
    hour: part('hour'),
    minute: part('minute'),
    second: part('second'),
  };
}

/** `daily at 03:00 Europe/Berlin` */
export function describeSchedule(schedule: Schedule): string {
  switch (schedule.every) {
    case 'hour':
      return 'hourly';
    case 'day':
      return `daily at ${schedule.at} ${schedule.zone}`;
    case 'labels':
      return `after ${schedule.count} labels`;
  }
}
