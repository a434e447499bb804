import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextDue, type Schedule, scheduleSchema } from '../../../shared/registry/schedule.ts';

const daily = (at: string, zone: string): Schedule => ({ every: 'day', at, zone });
const next = (schedule: Schedule, after: string): string | undefined =>
  nextDue(schedule, new Date(after))?.toISOString();

test('hourly is due on the hour, and never at the hour it is asked at', () => {
  expect(next({ every: 'hour' }, '2026-03-01T10:59:59.999Z')).toBe('2026-03-01T11:00:00.000Z');
  expect(next({ every: 'hour' }, '2026-03-01T11:00:00.000Z')).toBe('2026-03-01T12:00:00.000Z');
});

describe('daily in a zone', () => {
  test.each([
    ['03:00', 'UTC', '2026-03-01T02:59:59Z', '2026-03-01T03:00:00.000Z'],
    ['03:00', 'UTC', '2026-03-01T03:00:00Z', '2026-03-02T03:00:00.000Z'],
    ['03:00', 'Europe/Berlin', '2026-01-10T12:00:00Z', '2026-01-11T02:00:00.000Z'],
    ['03:00', 'Europe/Berlin', '2026-07-10T12:00:00Z', '2026-07-11T01:00:00.000Z'],
    ['00:30', 'Pacific/Auckland', '2026-07-10T12:00:00Z', '2026-07-10T12:30:00.000Z'],
    ['23:45', 'America/St_Johns', '2026-07-10T12:00:00Z', '2026-07-11T02:15:00.000Z'],
  ])('%s %s after %s is %s', (at, zone, after, expected) => {
    expect(next(daily(at, zone), after)).toBe(expected);
  });

  test('a time that the change to summer skips is due when the clocks have changed', () => {
    expect(next(daily('02:30', 'Europe/Berlin'), '2026-03-28T12:00:00Z')).toBe('2026-03-29T01:00:00.000Z');
  });

  test('a time that comes twice is due the first time, and once', () => {
    const schedule = daily('02:30', 'Europe/Berlin');
    expect(next(schedule, '2026-10-24T12:00:00Z')).toBe('2026-10-25T00:30:00.000Z');
    expect(next(schedule, '2026-10-25T00:30:00Z')).toBe('2026-10-26T01:30:00.000Z');
  });

  test('shows the wanted time on its clocks, within two days, wherever and whenever', () => {
    const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe'];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: 0, max: 1_439 }),
        fc.date({ min: new Date('2020-01-01'), max: new Date('2035-01-01'), noInvalidDate: true }),
        (zone, minutes, after) => {
          const at = [Math.floor(minutes / 60), minutes % 60]
            .map((n) => String(n).padStart(2, '0'))
            .join(':');
          const due = nextDue(daily(at, zone), after) as Date;
          expect(due.getTime()).toBeGreaterThan(after.getTime());
          expect(due.getTime() - after.getTime()).toBeLessThanOrEqual(26 * 3_600_000);
          const shown = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeStyle: 'short' }).format(due);
          // Where the clocks jump over it they show a later one, an hour at most.
          if (shown !== at)
            expect(shown > at && shown <= `${String(Math.floor(minutes / 60) + 1).padStart(2, '0')}:59`).toBe(
              true,
            );
        },
      ),
      { numRuns: 500 },
    );
  });
});

test.each([
  [{ every: 'day', at: '24:00', zone: 'UTC' }],
  [{ every: 'day', at: '03:00', zone: 'Mars/Olympus' }],
  [{ every: 'labels', count: 0 }],
  [{ every: 'week' }],
])('refuses %j', (schedule) => {
  expect(scheduleSchema.safeParse(schedule).success).toBe(false);
});
