import { describe, expect, test } from 'vitest';
import { formatLog } from '../../../../trainer/tools/local/log-lines.ts';

const timestamp = new Date(2026, 10, 23, 3, 0, 5).getTime();
const format = (level: string, message: string) => formatLog({ timestamp, level, message }, false);

describe('formatLog', () => {
  test('shows an event with its facts on one line', () => {
    expect(format('info', '{"event":"champion-moved","model":"digits","to":2,"why":"it holds"}')).toBe(
      '03:00:05  champion-moved  model=digits to=2 why="it holds"',
    );
  });

  test('marks errors and keeps their stack', () => {
    expect(format('error', '{"event":"internal-error","cause":"Error: x\\n    at f"}')).toBe(
      '03:00:05  error  internal-error  cause=Error: x\n    at f',
    );
  });

  test('shows what is no event as it is', () => {
    expect(format('log', '{"a": 1}')).toBe('03:00:05  {"a": 1}');
    expect(format('log', '{broken')).toBe('03:00:05  {broken');
  });

  test('drops empty messages and what workerd says of clients that hang up', () => {
    expect(format('info', '  ')).toBeNull();
    expect(
      format('error', 'kj/async-io-unix.c++: disconnected: read(): Connection reset by peer'),
    ).toBeNull();
  });

  test('colours errors where that is wanted', () => {
    expect(formatLog({ timestamp, level: 'error', message: 'bad' }, true)).toContain('\u001B[31m');
  });
});
