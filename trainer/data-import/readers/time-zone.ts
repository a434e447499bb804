/**
 * Times on the wall, of a place: what UTC was then.
 */
import { err, ok, type Result } from '../../../shared/result.ts';

/**
 * @param zone  an IANA name like Asia/Tokyo, or an offset like +09:00
 * @returns from a time on the wall, written as if it were UTC, to UTC. One that a clock skips in spring is what it would
 *          have been without the change; of one that comes twice in autumn, the first.
 */
export function createZone(zone: string): Result<(wallMs: number) => number, string> {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return err(`expected a time zone like Europe/Berlin or +01:00, got ${JSON.stringify(zone)}`);
  }
  const offsetAt = (utcMs: number): number => {
    const second = Math.floor(utcMs / 1_000) * 1_000;
    const parts = Object.fromEntries(
      format.formatToParts(second).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second: s = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, s) - second;
  };
  // Offsets change at whole hours: one look a quarter of an hour of the wall.
  const known = new Map<number, number>();
  return ok((wallMs) => {
    const quarter = Math.floor(wallMs / 900_000);
    let offset = known.get(quarter);
    if (offset === undefined) {
      const before = offsetAt(wallMs - 86_400_000);
      offset = offsetAt(wallMs - before) === before ? before : offsetAt(wallMs - offsetAt(wallMs - before));
      known.set(quarter, offset);
    }
    return wallMs - offset;
  });
}
