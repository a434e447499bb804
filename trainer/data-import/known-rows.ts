/**
 * Which rows earlier imports brought already. People export a table every night, and most of it was there the night
 * before: counted twice, it would turn a hold into a promotion.
 *
 * A row is known by its content, label, group and own time, and by how many like it came before it in its file: a table
 * may well have equal rows. Each import keeps 8 bytes a row.
 */
import { createHash, type Hash } from 'node:crypto';
import { bytesToDoubles, doubleBytes } from './double-bytes.ts';
import { digestOf } from '../../shared/events/stored-input.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { createNumberSet } from './number-set.ts';
import type { ExampleRow, ReadRow } from './readers/example-source.ts';

/** What an import remembers of its rows. */
export interface ImportedRows {
  /** Of every row, ascending. */
  readonly rows: Float64Array;
  /** Of the rows in their order, as one digest. */
  readonly sequence: string;
  /** How many are unlike all before them. */
  readonly distinct: number;
}

/** Counts rows in the order of their file. */
export interface RowCounter {
  /** @param digest  of the row's input, where it is known @returns the row's key */
  count(row: ExampleRow, digest?: string): number;
  /** Of the rows so far. */
  sequence(): string;
  /** How many were unlike all before them. */
  distinct(): number;
}

/**
 * Counts rows of one file, in the order in which it has them; another order gives other numbers to rows that are
 * alike.
 */
export function createRowCounter(): RowCounter {
  const seen = createNumberSet();
  /** How often, of those that came again. */
  const repeats = new Map<number, number>();
  const all: Hash = createHash('sha256');
  return {
    count({ raw, label, group, at }, digest = digestOf(raw)) {
      const text = JSON.stringify([digest, label, group ?? null, at ?? null]);
      all.update(text);
      const like = keyOf(text);
      if (seen.add(like)) return like;
      const before = (repeats.get(like) ?? 0) + 1;
      repeats.set(like, before);
      return keyOf(`${text} ${before}`);
    },
    sequence: () => all.copy().digest('hex'),
    distinct: () => seen.size(),
  };
}

/** 52 bits of a digest: two of a million rows share theirs once in ten thousand tables. */
function keyOf(text: string): number {
  const digest = createHash('sha256').update(text).digest();
  return Math.max(1, digest.readUInt32BE(0) * 2 ** 20 + (digest.readUInt32BE(4) >>> 12));
}

/** Which rows of a file are known; null when none can be. */
export type IsKnown = (key: number, row: ExampleRow) => boolean;

/**
 * Looks through a file once, where there are earlier imports.
 *
 * Rows with times of their own are known wherever they were. Rows without are known only where the file is an earlier
 * one that grew: it begins with all of its rows, or has them all and they are mostly unlike each other. Otherwise equal
 * rows are equal events.
 */
export async function findKnownRows(
  earlier: readonly ImportedRows[],
  rows: () => AsyncIterable<ReadRow>,
): Promise<IsKnown | null> {
  if (earlier.every((one) => one.rows.length === 0)) return null;
  const counter = createRowCounter();
  const found: number[] = [];
  const begun = new Set<ImportedRows>();
  for await (const read of rows()) {
    if (!read.ok) continue;
    found.push(counter.count(read.value));
    for (const one of earlier) {
      if (one.rows.length === found.length && one.sequence === counter.sequence()) begun.add(one);
    }
  }
  const here = Float64Array.from(found).sort();
  const grown = earlier.filter(
    (one) =>
      begun.has(one) || (one.distinct * 2 > one.rows.length && one.rows.every((key) => includes(here, key))),
  );
  return (key, { at }) => (at === undefined ? grown : earlier).some((one) => includes(one.rows, key));
}

/** @param sorted  ascending */
function includes(sorted: Float64Array, key: number): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) < key) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === key;
}

const HEADER_BYTES = 40;

/** 32 bytes of the sequence, 8 of how many are distinct, then the keys. */
export async function saveImportedRows(
  store: ObjectStore,
  model: string,
  id: string,
  { rows, sequence, distinct }: ImportedRows,
): Promise<void> {
  const body = doubleBytes(Float64Array.of(distinct));
  const bytes = Buffer.concat([Buffer.from(sequence, 'hex'), body, doubleBytes(rows)]);
  await store.put(keys.importRows(model, id), new Uint8Array(bytes));
}

/** Imports from before rows were kept have none. */
export async function loadImportedRows(
  store: ObjectStore,
  model: string,
  except: string,
): Promise<ImportedRows[]> {
  const all: ImportedRows[] = [];
  for (const key of await store.list(keys.importRowsPrefix(model))) {
    if (key === keys.importRows(model, except)) continue;
    const bytes = (await store.get(key))?.bytes;
    if (bytes === undefined || bytes.byteLength < HEADER_BYTES) continue;
    const sequence = Buffer.from(bytes.subarray(0, 32)).toString('hex');
    const [distinct = 0] = bytesToDoubles(bytes.subarray(32, HEADER_BYTES));
    all.push({ rows: bytesToDoubles(bytes.subarray(HEADER_BYTES)), sequence, distinct });
  }
  return all;
}
