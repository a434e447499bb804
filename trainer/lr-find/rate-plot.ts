/**
 * The loss over the learning rate in characters, for a terminal.
 */
import { highest } from './rate-page.ts';
import { formatRate, type RateSearch } from './rate-search.ts';

const COLUMNS = 60;
const ROWS = 12;

/** Lines of a plot: losses at the left, rates below, and a column of bars at the suggestion. */
export function plotSearch({ points, from, to, suggestion }: RateSearch): string {
  const losses = points.map(({ loss }) => loss);
  const [low, high] = [Math.min(...losses), highest(losses)];
  const columnOf = (rate: number): number =>
    Math.round((Math.log(rate / from) / Math.log(to / from)) * (COLUMNS - 1));
  const rowOf = (loss: number): number =>
    Math.round(((high - Math.min(loss, high)) / (high - low || 1)) * (ROWS - 1));
  const cells = Array.from({ length: ROWS }, () => Array.from({ length: COLUMNS }, () => ' '));
  if (suggestion !== null) for (const row of cells) row[columnOf(suggestion)] = '│';
  for (const { rate, loss } of points) (cells[rowOf(loss)] as string[])[columnOf(rate)] = '•';
  const labels = new Map([
    [0, high.toPrecision(3)],
    [ROWS - 1, low.toPrecision(3)],
  ]);
  const lines = cells.map((row, i) => `${(labels.get(i) ?? '').padStart(8)} ┤${row.join('')}`.trimEnd());
  return [...lines, `${' '.repeat(9)}└${'─'.repeat(COLUMNS)}`, axis(from, to)].join('\n');
}

function axis(from: number, to: number): string {
  const middle = formatRate(Math.sqrt(from * to));
  const [left, right] = [formatRate(from), formatRate(to)];
  const half = Math.floor(COLUMNS / 2);
  const line = left.padEnd(half - Math.floor(middle.length / 2)) + middle;
  return ' '.repeat(10) + line.padEnd(COLUMNS - right.length) + right;
}
