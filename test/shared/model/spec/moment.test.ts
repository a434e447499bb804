import { describe, expect, test } from 'vitest';
import { parseMoment, parseTime } from '../../../../shared/model/spec/moment.ts';

const NEW_YEAR = Date.parse('2026-01-01T00:00:00Z');

describe('a time', () => {
  test.each([
    '2026-01-01',
    '2026-01-01T00:00:00Z',
    '2026-01-01 00:00:00',
    '2026-01-01 00:00:00+00',
    '2026-01-01 00:00:00 UTC',
    '2026-01-01 00:00:00 +00:00',
    '2026-01-01 01:00+0100',
    '2025-12-31T19:00:00-05',
    '2026/1/1',
    '01.01.2026 00:00',
    '2026-01-01T00:00:00,0004Z',
    '2026-01-01 12:00 AM',
    '20260101',
    '20260101T000000Z',
    20_260_101,
    '1767225600',
    1_767_225_600,
    1_767_225_600_000,
    1_767_225_600_000_000,
    '1767225600000000000',
  ])('%j is the new year', (value) => {
    expect(parseMoment(value)).toBe(NEW_YEAR);
  });

  test.each([
    '2026-02-30',
    '2026-13-01',
    '2026-01-01 24:00',
    '2026-01-01 10:61',
    '2026',
    2026,
    45_000.5,
    1,
    '1/2/2026',
    'wen',
    '',
    true,
    null,
    '0026-01-01',
    '2026-01-01 13:00 PM',
  ])('%j is none', (value) => {
    expect(parseMoment(value)).toBeNaN();
  });

  test('has its day or its month first, as the form says', () => {
    expect(parseMoment('2/1/2026', { order: 'dmy' })).toBe(NEW_YEAR + 86_400_000);
    expect(parseMoment('1/2/2026', { order: 'mdy' })).toBe(NEW_YEAR + 86_400_000);
  });

  test('without a zone is on the wall, with one it is not', () => {
    const toUtc = (wallMs: number): number => wallMs - 9 * 3_600_000;
    expect(parseMoment('2026-01-01 09:00', { toUtc })).toBe(NEW_YEAR);
    expect(parseMoment('2026-01-01 00:00Z', { toUtc })).toBe(NEW_YEAR);
  });
});

test('when an example was seen is in the past, clocks apart', () => {
  expect(parseTime(null, NEW_YEAR)).toEqual({ ok: true, value: null });
  expect(parseTime('2026-01-01 00:04', NEW_YEAR).ok).toBe(true);
  expect(parseTime('2026-01-01 00:06', NEW_YEAR)).toEqual({
    ok: false,
    error: 'expected a time that has passed, got 2026-01-01T00:06:00.000Z',
  });
  expect(parseTime('1969-12-31', NEW_YEAR).ok).toBe(false);
});
