/**
 * What people read: aligned tables, relative times, colours where there is a terminal.
 */
import { stripVTControlCharacters, styleText } from 'node:util';
import type { VerdictName } from '../../../shared/registry/versions/manifest.ts';
import { ours, styled, withoutStyles } from '../../safe-output.ts';

type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';

/** Coloured on a terminal, plain elsewhere and under NO_COLOR. */
export function style(name: Style, text: string): string {
  return styled(text, (shown) => styleText(name, shown, { stream: process.stdout }));
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/**
 * Lines of an aligned table with a dim heading; the last column is not padded. Our own: what styles a text may carry is
 * marked until it is printed (safe-output.ts), which no library's measure of width knows.
 */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, i) =>
    Math.max(width(title), ...rows.map((row) => width(row[i] ?? ''))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => pad(cell, widths[i] ?? 0, columns[i]?.align ?? 'left'))
      .join('  ')
      .trimEnd();
  return [style('dim', line(columns.map(({ title }) => title))), ...rows.map(line)].join('\n');
}

/** Lines of `name  value`, the values aligned. */
export function formatFacts(facts: readonly (readonly [name: string, value: string])[]): string {
  const widest = Math.max(...facts.map(([name]) => name.length));
  return facts.map(([name, value]) => `${style('dim', name.padEnd(widest))}  ${value}`).join('\n');
}

function pad(cell: string, to: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, to - width(cell)));
  return align === 'right' ? space + cell : cell + space;
}

function width(text: string): number {
  return stripVTControlCharacters(withoutStyles(text)).length;
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** `3 hours ago`; days beyond a month as a date. */
export function relativeTime(iso: string, now: Date): string {
  const seconds = Math.floor((now.getTime() - Date.parse(iso)) / 1_000);
  if (seconds < 5) return 'just now';
  if (seconds > 30 * 86_400) return `on ${iso.slice(0, 10)}`;
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? ['s', 1];
  const count = Math.floor(seconds / size);
  return `${count} ${unit}${count > 1 && (unit === 'day' || unit === 'hour') ? 's' : ''} ago`;
}

/** A whole number with commas between thousands. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** A verdict in its colour; `-` where there is none yet. */
export function formatVerdict(verdict: VerdictName | null): string {
  switch (verdict) {
    case 'promote':
      return style('green', verdict);
    case 'reject':
      return style('red', verdict);
    case 'hold':
      return style('yellow', verdict);
    case null:
      return '-';
  }
}

/**
 * How far a file is: `1,200 rows, 40 %, 9,000 rows/s, 12 s left`.
 *
 * @param fraction  0 to 1
 * @param seconds   since it began
 */
export function describeRows(rows: number, fraction: number, seconds: number): string {
  const rate = formatCount(Math.round(rows / Math.max(0.001, seconds)));
  // Before that the rate says little.
  const known = seconds > 1 && fraction > 0.01 && fraction < 1;
  const left = known ? `, ${formatSeconds((seconds / fraction) * (1 - fraction))} left` : '';
  return `${formatCount(rows)} rows, ${Math.floor(fraction * 100)} %, ${rate} rows/s${left}`;
}

function formatSeconds(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5_400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`;
}

export interface ProgressLine {
  /** @param text  what makes it is asked only where it is shown */
  update(text: string | (() => string)): void;
  /** Clears it: what follows starts on a clean line. */
  close(): void;
}

const TERMINAL_MS = 100;
const LOG_MS = 5_000;

/** One line on stderr: rewritten on a terminal, now and then a new one elsewhere. */
export function createProgressLine(stream: NodeJS.WriteStream = process.stderr): ProgressLine {
  const terminal = stream.isTTY;
  let last = Date.now() - (terminal ? TERMINAL_MS : 0);
  let shown = false;
  return {
    update(text) {
      const now = Date.now();
      if (now - last < (terminal ? TERMINAL_MS : LOG_MS)) return;
      last = now;
      shown = true;
      const shownText = typeof text === 'string' ? text : text();
      stream.write(terminal ? `${ours('\r\u001b[K')}${shownText}` : `${shownText}\n`);
    },
    close() {
      if (shown && terminal) stream.write(ours('\r\u001b[K'));
    },
  };
}
