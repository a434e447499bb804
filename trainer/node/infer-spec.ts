/**
 * Features and labels of a CSV file, read off its content: a column of numbers is a number feature, anything else a
 * category with the values that occur.
 */
import type { Feature } from '../../shared/model/spec.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { describeMissing, readHeader, readRecords } from './readers/csv.ts';
import type { ColumnNames } from './readers/example-source.ts';
import { scanFile } from './readers/input-file.ts';

/** As many as the spec allows. */
const MAX_CATEGORIES = 1_000;
const MAX_LABELS = 10_000;

export interface Inferred {
  readonly features: readonly Feature[];
  readonly labels: readonly string[];
}

/** What has been seen of a column. */
interface Column {
  readonly name: string;
  numeric: boolean;
  /** Different values, up to one more than a category may have. */
  readonly values: Set<string>;
}

/** @returns features in the file's order, labels sorted (numbers by value) */
export async function inferFromCsv(path: string, columns: ColumnNames): Promise<Result<Inferred, string>> {
  const file = await scanFile(path);
  if (!file.ok) return file;
  const header = await readHeader(file.value);
  if (!header.ok) return header;
  const named = [columns.label, columns.time, columns.group, ...columns.ignore];
  const missing = named.find((name) => name !== null && !header.value.includes(name));
  if (missing !== undefined && missing !== null)
    return err(
      `${path}: ${describeMissing(header.value, missing, missing === columns.label ? '--label' : 'another option')}`,
    );
  const seen = header.value.map((name): Column => ({ name, numeric: true, values: new Set() }));
  await look(file.value, seen);

  const labels = seen.find(({ name }) => name === columns.label)?.values ?? new Set();
  if (labels.size > MAX_LABELS)
    return err(
      `${path}: ${JSON.stringify(columns.label)} has more than ${MAX_LABELS} values: is it the label?`,
    );
  if (labels.size < 2)
    return err(`${path}: expected 2 or more labels in ${JSON.stringify(columns.label)}, got ${labels.size}`);
  const features: Feature[] = [];
  for (const column of seen.filter(({ name }) => !named.includes(name))) {
    const feature = toFeature(column);
    if (!feature.ok) return err(`${path}: ${feature.error}`);
    features.push(feature.value);
  }
  return ok({ features, labels: sortValues(labels) });
}

async function look(file: { path: string; gzipped: boolean }, seen: readonly Column[]): Promise<void> {
  let first = true;
  for await (const { cells } of readRecords(file)) {
    if (!first && cells.ok && cells.value.length === seen.length) {
      for (const [i, column] of seen.entries()) note(column, (cells.value[i] ?? '').trim());
    }
    first = false;
  }
}

function note(column: Column, cell: string): void {
  if (cell === '') return;
  if (column.numeric && !Number.isFinite(Number(cell))) column.numeric = false;
  if (column.values.size <= MAX_LABELS) column.values.add(cell);
}

function toFeature({ name, numeric, values }: Column): Result<Feature, string> {
  if (numeric) return ok({ name, type: 'number' });
  if (values.size >= 2 && values.size <= MAX_CATEGORIES)
    return ok({ name, type: 'category', values: sortValues(values) });
  const found = values.size > MAX_CATEGORIES ? `more than ${MAX_CATEGORIES}` : String(values.size);
  return err(
    `the column ${JSON.stringify(name)} is text with ${found} different values (2 to ${MAX_CATEGORIES} make a category); --ignore ${name} leaves it out`,
  );
}

function sortValues(values: ReadonlySet<string>): string[] {
  const collator = new Intl.Collator('en', { numeric: true });
  return [...values].sort((a, b) => collator.compare(a, b) || (a < b ? -1 : 1));
}
