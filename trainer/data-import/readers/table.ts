/**
 * A table as any file may hold it: named columns, and records one by one. What a cell is depends on the file: text in a
 * CSV, numbers, truths and times in a Parquet file.
 */
import type { Result } from '../../../shared/result.ts';

export interface TableRecord {
  /** How messages name it: `line 13`. Of a record over several lines, the last. */
  readonly place: string;
  readonly cells: Result<readonly unknown[], string>;
}

export interface Table {
  readonly name: string;
  /** SHA-256 of the content, unpacked. */
  readonly digest: string;
  /** All different; what has no name is called after its place. */
  readonly columns: readonly string[];
  /** There are not more records than this. */
  readonly maxRows: number;
  /** What was recognised, for people: `semicolons between columns`. */
  readonly notes: readonly string[];
  /** How far `records` has come, 0 to 1. */
  fraction(): number;
  /** Each call begins again. A record that can't be read is an error in its place. */
  records(): AsyncGenerator<TableRecord>;
}

/** Names for columns that have none, and different ones for those that have the same: `price`, `price (2)`. */
export function nameColumns(header: readonly string[]): string[] {
  const taken = new Set<string>();
  return header.map((text, i) => {
    const wanted = text.trim() === '' ? `column ${i + 1}` : text.trim();
    let name = wanted;
    for (let n = 2; taken.has(name); n++) name = `${wanted} (${n})`;
    taken.add(name);
    return name;
  });
}
