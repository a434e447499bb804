/**
 * Labelled examples from a table. Tabular models take their features by column name, image models take all other columns
 * in order as pixels. A column that is neither feature, label, time, group nor id must be ignored by name: a forgotten
 * one is a mistake.
 */
import { rawSize } from '../../../shared/model/spec/input.ts';
import type { InputSpec } from '../../../shared/model/spec/spec.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import type { ColumnNames, ExampleRow, ExampleSource, ReadOptions, ReadRow } from './example-source.ts';
import { type FieldNames, readFields } from './read-fields.ts';
import type { Table } from './table.ts';

/** A table's rows as examples; an error where a column is missing, stands for two things or was forgotten. */
export function openTableSource(table: Table, options: ReadOptions): Result<ExampleSource, string> {
  const layout = findColumns(table.columns, options);
  if (!layout.ok) return err(`${table.name}: ${layout.error}`);
  return ok({
    name: table.name,
    digest: table.digest,
    maxRows: table.maxRows,
    fraction: () => table.fraction(),
    rows: () => readRows(table, layout.value, options),
  });
}

/** Where each thing stands in a record. */
interface Layout {
  readonly width: number;
  /** null: the file lacks it, and it may be missing. */
  readonly features: readonly (number | null)[];
  readonly label: number;
  readonly time: number | null;
  readonly group: number | null;
  readonly id: number | null;
}

function findColumns(header: readonly string[], { spec, columns }: ReadOptions): Result<Layout, string> {
  const missing = namedColumns(columns).find(([, name]) => !header.includes(name));
  if (missing !== undefined) return err(describeMissing(header, missing[1], missing[0]));
  const features =
    spec.input.kind !== 'tabular'
      ? ok(pixelColumns(header, columns))
      : featureColumns(header, spec.input, columns);
  if (!features.ok) return features;
  const wanted = rawSize(spec.input);
  if (features.value.length !== wanted)
    return err(
      `expected ${wanted} columns of ${spec.input.kind === 'image' ? 'pixels' : 'numbers'} beside the label, got ${features.value.length}`,
    );
  const index = (name: string | null): number | null => (name === null ? null : header.indexOf(name));
  return ok({
    width: header.length,
    features: features.value,
    label: header.indexOf(columns.label),
    time: index(columns.time),
    group: index(columns.group),
    id: index(columns.id ?? null),
  });
}

function namedColumns({ label, time, group, id = null }: ColumnNames): [option: string, name: string][] {
  const named: [string, string | null][] = [
    ['--label', label],
    ['--time', time],
    ['--group', group],
    ['--id', id],
  ];
  return named.flatMap(([option, name]): [string, string][] => (name === null ? [] : [[option, name]]));
}

/** One sentence that offers what there is. */
export function describeMissing(header: readonly string[], name: string, option: string): string {
  // Control characters, and what stands where bytes were not UTF-8.
  if (header.some((column) => /[\p{Cc}\uFFFD]/u.test(column)))
    return 'expected a table as text in UTF-8, got other bytes';
  const shown = header.slice(0, 12).join(', ');
  const more = header.length > 12 ? ', …' : '';
  const [only] = header;
  const joined = header.length === 1 && only !== undefined && /[,;\t|]/.test(only);
  const way = joined ? '; --delimiter says what stands between columns' : `; name it with ${option}`;
  return `there is no column ${JSON.stringify(name)} (the columns are ${shown}${more})${way}`;
}

function isFeature(name: string, { label, time, group, id = null, ignore }: ColumnNames): boolean {
  return ![label, time, group, id, ...ignore].includes(name);
}

function pixelColumns(header: readonly string[], columns: ColumnNames): number[] {
  return header.flatMap((name, i) => (isFeature(name, columns) ? [i] : []));
}

function featureColumns(
  header: readonly string[],
  input: Extract<InputSpec, { kind: 'tabular' }>,
  columns: ColumnNames,
): Result<(number | null)[], string> {
  const names = input.features.map(({ name }) => name);
  const absent = input.features.find(({ name, missing }) => !missing && !header.includes(name));
  if (absent !== undefined) return err(`the model's feature ${JSON.stringify(absent.name)} is no column`);
  const extra = header.find((name) => isFeature(name, columns) && !names.includes(name));
  if (extra !== undefined) {
    const lacks = names.find((name) => !header.includes(name));
    const beside = lacks === undefined ? '' : `, and its feature ${JSON.stringify(lacks)} is no column`;
    return err(
      `the column ${JSON.stringify(extra)} is no feature of the model${beside}; --ignore ${extra} leaves it out`,
    );
  }
  return ok(names.map((name) => (header.includes(name) ? header.indexOf(name) : null)));
}

async function* readRows(table: Table, layout: Layout, options: ReadOptions): AsyncGenerator<ReadRow> {
  let row = 0;
  for await (const { place, cells } of table.records()) {
    const parsed = cells.ok ? parseRecord(cells.value, layout, options) : cells;
    yield parsed.ok ? ok({ row, ...parsed.value }) : err({ row, problem: `${place}: ${parsed.error}` });
    row += 1;
  }
}

const NAMES: FieldNames = { label: 'label', time: 'time', group: 'group', id: 'id', instance: 'row' };

function parseRecord(
  cells: readonly unknown[],
  layout: Layout,
  options: ReadOptions,
): Result<Omit<ExampleRow, 'row'>, string> {
  if (cells.length !== layout.width) return err(`expected ${layout.width} columns, got ${cells.length}`);
  const cell = (column: number | null): unknown => (column === null ? null : trim(cells[column]));
  const { input } = options.spec;
  const fields = {
    label: cell(layout.label),
    time: cell(layout.time),
    group: cell(layout.group),
    id: cell(layout.id),
    instance: cellsOf(input, layout.features, cells),
  };
  const read = readFields(fields, options, NAMES);
  return read.ok ? read : err(read.error.replace(/^row\.?/, ''));
}

/** The values of a record's features, as a prediction request would have them. @param columns  where each stands, null: nowhere */
export function cellsOf(
  input: InputSpec,
  columns: readonly (number | null)[],
  cells: readonly unknown[],
): unknown[] {
  return columns.map((column, i) => readCell(input, i, column === null ? null : trim(cells[column])));
}

function trim(cell: unknown): unknown {
  return typeof cell === 'string' ? cell.trim() : (cell ?? null);
}

/** A number where the model wants one: a CSV has nothing but text. What is none stays, so that a message can show it. */
function readCell(input: InputSpec, index: number, cell: unknown): unknown {
  if (typeof cell !== 'string' || cell === '') return cell;
  const feature = input.kind !== 'tabular' ? null : input.features[index];
  const plain = feature === null || (feature?.type === 'number' && feature.decimal === undefined);
  const number = plain ? Number(cell) : Number.NaN;
  return Number.isNaN(number) ? cell : number;
}
