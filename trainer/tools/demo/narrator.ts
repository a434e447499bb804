/**
 * How the demo speaks: chapters, facts, bars, and a line that is written over while something goes on.
 * Colour and rewriting on a terminal only, so a log file reads as well.
 */
import { styleText } from 'node:util';
import { ours, styled } from '../../safe-output.ts';
import type { Terminal } from '../local/terminal.ts';

type Paint = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';

export interface Narrator {
  readonly colour: boolean;
  readonly width: number;
  chapter(title: string): void;
  say(text: string): void;
  /** Something that was expected, and happened. */
  confirm(text: string): void;
  /** Something that was expected, and did not happen. */
  fail(text: string): void;
  /** A labelled bar: `day 3  ████████░░  82.5 %  by version 1`. */
  bar(label: string, fraction: number, note: string): void;
  /** What goes on right now; the next line of any kind takes its place on a terminal. */
  passing(text: string): void;
  /** Text that is laid out already. */
  block(text: string): void;
}

const BAR_CELLS = 40;
/** Below this a bar is yellow, below the second red. */
const GOOD = 0.95;
const POOR = 0.85;
const WIDEST = 110;

/** A narrator of one terminal or file; colour needs a terminal, and no NO_COLOR. */
export function createNarrator(out: Terminal): Narrator {
  const terminal = out.isTTY === true;
  const colour = terminal && process.env['NO_COLOR'] === undefined;
  const width = Math.min(out.columns ?? WIDEST, WIDEST);
  let passing = false;
  let chapters = 0;
  const paint = (name: Paint, text: string): string =>
    colour ? styled(text, (shown) => styleText(name, shown, { validateStream: false })) : text;
  const line = (text: string): void => {
    out.write(`${passing ? ours('\r\u001B[2K') : ''}${text}\n`);
    passing = false;
  };
  return {
    colour,
    width,
    chapter: (title) => {
      chapters += 1;
      line('');
      line(paint('bold', `${chapters}  ${title}`));
    },
    say: (text) => line(`   ${text}`),
    confirm: (text) => line(`   ${paint('green', '✓')} ${text}`),
    fail: (text) => line(`   ${paint('red', '✗')} ${text}`),
    bar: (label, fraction, note) => {
      const full = Math.round(fraction * BAR_CELLS);
      const filled = paint(
        fraction >= GOOD ? 'green' : fraction >= POOR ? 'yellow' : 'red',
        '█'.repeat(full),
      );
      const empty = paint('dim', '░'.repeat(BAR_CELLS - full));
      line(`   ${label.padEnd(8)}${filled}${empty} ${percent(fraction).padStart(7)}  ${paint('dim', note)}`);
    },
    passing: (text) => {
      if (!terminal) return;
      out.write(`${ours('\r\u001B[2K')}   ${paint('dim', text.slice(0, width - 4))}`);
      passing = true;
    },
    block: (text) => {
      for (const each of text.trimEnd().split('\n')) line(`   ${each}`);
    },
  };
}

/** A share as per cent with one decimal. */
export function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}

/** A difference of fractions. */
export function points(difference: number): string {
  return `${(100 * difference).toFixed(1)} points`;
}

const LEVELS = '▁▂▃▄▅▆▇█';
/** What the lowest level stands for. */
const SPARK_FLOOR = 0.5;

/** Fractions from one half to one, a character each. */
export function sparkline(fractions: readonly number[]): string {
  const level = (fraction: number): number =>
    Math.round((Math.max(0, fraction - SPARK_FLOOR) / (1 - SPARK_FLOOR)) * (LEVELS.length - 1));
  return fractions.map((fraction) => LEVELS[level(fraction)]).join('');
}
