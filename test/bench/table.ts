/**
 * Rows as an aligned table.
 */
import type { Row } from './summarise.ts';

const HEADER = ['case', 'unit', 'ours', 'theirs', 'ratio', 'target', 'met', 'compared with'];
/** Columns of numbers, set to the right. */
const NUMERIC = new Set(['ours', 'theirs', 'ratio']);

/** @returns lines, each ended */
export function formatTable(rows: readonly Row[]): string {
  const cells = [HEADER, ...rows.map(toCells)];
  const widths = HEADER.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  return cells.map((line) => formatLine(line, widths)).join('');
}

function toCells(row: Row): string[] {
  const met = row.met === null ? '' : row.met ? 'yes' : 'NO';
  const numbers = [row.ours, row.theirs, row.ratio].map(formatNumber);
  return [row.case, row.unit, ...numbers, row.target ?? '', met, row.peer];
}

function formatLine(line: readonly string[], widths: readonly number[]): string {
  const padded = line.map((cell, column) => {
    const width = widths[column] ?? 0;
    return NUMERIC.has(HEADER[column] ?? '') ? cell.padStart(width) : cell.padEnd(width);
  });
  return `${padded.join('  ').trimEnd()}\n`;
}

/** Three significant digits, whole numbers from 100 on. */
function formatNumber(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
