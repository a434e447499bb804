/**
 * Tables for the terminal, and the rows of the JSON file.
 */

/** One measured case beside what it is held against. */
export interface Row {
  readonly case: string;
  readonly unit: string;
  readonly ours: number;
  /** what ours is compared with, and its figure; null where there is none */
  readonly peer: string | null;
  readonly theirs: number | null;
  /** ours over theirs */
  readonly ratio: number | null;
  /** what is aimed at, in words: `<= 6.5` */
  readonly target: string | null;
  /** null where nothing is aimed at */
  readonly met: boolean | null;
}

export function rowOf(
  name: string,
  unit: string,
  ours: number,
  more: { peer?: string; theirs?: number; atMost?: number; atLeast?: number } = {},
): Row {
  const { peer = null, theirs = null, atMost, atLeast } = more;
  const target = atMost !== undefined ? `<= ${atMost}` : atLeast !== undefined ? `>= ${atLeast}` : null;
  const met = atMost !== undefined ? ours <= atMost : atLeast !== undefined ? ours >= atLeast : null;
  const ratio = theirs === null || theirs === 0 ? null : ours / theirs;
  return { case: name, unit, ours, peer, theirs, ratio, target, met };
}

export interface Table {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Rows that the bench holds against targets, and tables that people read. */
export interface Measured {
  readonly rows: readonly Row[];
  readonly tables: readonly Table[];
}

export function tableOf(
  title: string,
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): Table {
  return { title, header, rows: rows.map((row) => row.map(String)) };
}

export function printTable({ title, header, rows }: Table): void {
  const cells = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
  );
  console.log(`\n${title}\n${'-'.repeat(title.length)}\n${lines.join('\n')}`);
}

/** The same for a document. */
export function renderMarkdown({ title, header, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [`**${title}.**`, '', line(header), line(header.map(() => '---')), ...rows.map(line), ''].join('\n');
}

/** 0.0512 as `5.1`. */
export function percent(share: number): string {
  return (100 * share).toFixed(1);
}
