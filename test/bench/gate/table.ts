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

export function printTable(
  title: string,
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): void {
  const cells = [header, ...rows].map((row) => row.map(String));
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
  );
  console.log(`\n${title}\n${'-'.repeat(title.length)}\n${lines.join('\n')}`);
}

/** 0.0512 as `5.1`. */
export function percent(share: number): string {
  return (100 * share).toFixed(1);
}
