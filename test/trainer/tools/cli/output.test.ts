import { describe, expect, it } from 'vitest';
import { formatFacts, formatTable, relativeTime } from '../../../../trainer/tools/cli/output.ts';

describe('formatTable', () => {
  it('aligns columns, numbers to the right, whatever the colours', () => {
    const rows = [
      ['a', '1'],
      ['\u001b[32mlonger\u001b[39m', '100'],
    ];
    expect(formatTable([{ title: 'NAME' }, { title: 'N', align: 'right' }], rows).split('\n')).toEqual([
      'NAME      N',
      'a         1',
      '\u001b[32mlonger\u001b[39m  100',
    ]);
  });

  it('aligns the values of facts', () => {
    expect(
      formatFacts([
        ['a', '1'],
        ['long', '2'],
      ]),
    ).toBe('a     1\nlong  2');
  });
});

describe('relativeTime', () => {
  const now = new Date('2026-11-23T12:00:00Z');
  it.each([
    ['2026-11-23T11:59:58Z', 'just now'],
    ['2026-11-23T12:00:30Z', 'just now'],
    ['2026-11-23T11:59:20Z', '40 s ago'],
    ['2026-11-23T11:01:00Z', '59 min ago'],
    ['2026-11-23T11:00:00Z', '1 hour ago'],
    ['2026-11-21T11:00:00Z', '2 days ago'],
    ['2026-01-02T11:00:00Z', 'on 2026-01-02'],
  ])('calls %s %s', (iso, text) => {
    expect(relativeTime(iso, now)).toBe(text);
  });
});
