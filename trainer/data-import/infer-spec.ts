/**
 * Features and labels of a CSV file, read off its content: a column of numbers is a number feature, anything else a
 * category with the values that occur. Labels that are numbers are a target to predict, unless they are few whole ones.
 */
import type { Feature } from '../../shared/model/spec/spec.ts';
import type { TaskSpec } from '../../shared/model/spec/task.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { describeMissing, readHeader, readRecords } from './readers/csv.ts';
import type { ColumnNames } from './readers/example-source.ts';
import { scanFile } from './readers/input-file.ts';

/** As many as the spec allows. */
const MAX_CATEGORIES = 1_000;
const MAX_LABELS = 10_000;
/** Whole numbers of up to so many different values name classes, like digits or grades; more of them count something. */
const MAX_NUMBERED_CLASSES = 30;

export interface Inferred {
  readonly features: readonly Feature[];
  /** what the label column asks to predict */
  readonly task: TaskSpec;
}

/** What has been seen of a column. */
interface Column {
  readonly name: string;
  numeric: boolean;
  /** How many of its values are numbers. */
  numbers: number;
  /** Whether all numbers are whole. */
  whole: boolean;
  /** Different values, up to one more than a category may have. */
  readonly values: Set<string>;
}

/**
 * @param task  null: as the label's values suggest
 * @returns features in the file's order, labels sorted (numbers by value)
 */
export async function inferFromCsv(
  path: string,
  columns: ColumnNames,
  task: TaskSpec['task'] | null = null,
): Promise<Result<Inferred, string>> {
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
  const seen = header.value.map((name): Column => ({
    name,
    numeric: true,
    numbers: 0,
    whole: true,
    values: new Set(),
  }));
  await look(file.value, seen);

  const label = seen.find(({ name }) => name === columns.label) as Column;
  const predicted = toTask(label, task ?? suggestTask(label));
  if (!predicted.ok) return err(`${path}: ${predicted.error}`);
  const features: Feature[] = [];
  for (const column of seen.filter(({ name }) => !named.includes(name))) {
    const feature = toFeature(column);
    if (!feature.ok) return err(`${path}: ${feature.error}`);
    features.push(feature.value);
  }
  return ok({ features, task: predicted.value });
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
  const number = Number(cell);
  if (Number.isFinite(number)) column.numbers++;
  else column.numeric = false;
  if (!Number.isInteger(number)) column.whole = false;
  if (column.values.size <= MAX_LABELS) column.values.add(cell);
}

function suggestTask({ numeric, whole, values }: Column): TaskSpec['task'] {
  return numeric && !(whole && values.size <= MAX_NUMBERED_CLASSES) ? 'regression' : 'classification';
}

function toTask({ name, numeric, values }: Column, task: TaskSpec['task']): Result<TaskSpec, string> {
  const column = JSON.stringify(name);
  if (values.size < 2)
    return err(
      `expected 2 or more ${task === 'regression' ? 'values' : 'labels'} in ${column}, got ${values.size}`,
    );
  if (task === 'regression') {
    if (!numeric) return err(`expected numbers only in ${column}, the target of a regression`);
    return ok({ task, target: { name } });
  }
  if (values.size > MAX_LABELS) return err(`${column} has more than ${MAX_LABELS} values: is it the label?`);
  return ok({ task, labels: sortValues(values) });
}

/** What tables write where a number is not known. */
const MISSING = /^(nan|n\/?a|null|none|nil|-|\?|[+-]?inf(inity)?)$/i;

function toFeature({ name, numeric, numbers, values }: Column): Result<Feature, string> {
  if (numeric) return ok({ name, type: 'number' });
  const text = [...values].filter((value) => !Number.isFinite(Number(value)));
  if (numbers > 0 && text.every((value) => MISSING.test(value)))
    return err(
      `the column ${JSON.stringify(name)} has ${numbers} numbers, and ${text.map((value) => JSON.stringify(value)).join(', ')} in place of others: fill these in or leave their rows out; --feature names what the columns are, and an import then refuses such rows one by one`,
    );
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
