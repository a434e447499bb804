import { describe, expect, test } from 'vitest';
import { createNarrator, sparkline } from '../../../../trainer/tools/demo/narrator.ts';

function listen(isTTY: boolean) {
  const written: string[] = [];
  const narrator = createNarrator({ isTTY, columns: 80, write: (text: string) => written.push(text) });
  return { narrator, written };
}

describe('createNarrator', () => {
  test('writes plain lines where there is no terminal', () => {
    const { narrator, written } = listen(false);
    narrator.chapter('Labels come back');
    narrator.passing('working …');
    narrator.bar('day 1', 0.5, 'half');
    narrator.confirm('so it is');
    const text = written.join('');
    expect(text).toContain('1  Labels come back\n');
    expect(text).toContain(`day 1   ${'█'.repeat(20)}${'░'.repeat(20)}  50.0 %  half\n`);
    expect(text).not.toContain('working');
    expect(text).not.toContain('\u001B');
  });

  test('writes over a passing line on a terminal', () => {
    const { narrator, written } = listen(true);
    narrator.passing('working …');
    narrator.say('done');
    expect(written.at(-1)).toBe('\r\u001B[2K   done\n');
  });
});

test('sparkline draws one character a fraction, from one half to one', () => {
  expect(sparkline([0.2, 0.5, 0.75, 1])).toBe('▁▁▅█');
});
