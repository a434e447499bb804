/**
 * Reads labelled examples from CSV (RFC 4180) with a header.
 *
 * Tabular models take their features by column name, image models take all other columns in order as pixels.
 * A column that is neither feature, label, time nor group must be ignored by name: a forgotten one is a mistake.
 */
import { CsvError, type Info, parse } from 'csv-parse';
import { parseInstance, rawSize } from '../../../shared/model/spec/input.ts';
import type { InputSpec } from '../../../shared/model/spec/spec.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import type { ColumnNames, ExampleRow, ExampleSource, ReadOptions, ReadRow } from './example-source.ts';
import { createMeter, type InputFile, streamFile, toReadable } from './input-file.ts';
import { parseLabel, parseTime } from './values.ts';

export async function openCsv(file: InputFile, options: ReadOptions): Promise<Result<ExampleSource, string>> {
  const header = await readHeader(file);
  if (!header.ok) return header;
  const layout = findColumns(header.value, options);
  if (!layout.ok) return err(`${file.name}: ${layout.error}`);
  const unclosed = file.quoted ? await findUnclosed(file) : null;
  if (unclosed !== null) return err(unclosed);
  const meter = createMeter(file.bytes);
  return ok({
    name: file.name,
    digest: file.digest,
    maxRows: file.lines - 1,
    fraction: meter.fraction,
    rows: () => readRows(file, layout.value, options, meter.add),
  });
}

export interface CsvRecord {
  /** Of the file, from 1: where the record begins, and where it ends. */
  readonly line: number;
  readonly lastLine: number;
  /** A quote in it is never closed, so the rest of the file is part of it. */
  readonly isUnclosed: boolean;
  readonly cells: Result<readonly string[], string>;
}

/** A quote that is never closed makes one record of the rest of the file; this keeps it out of memory. */
const MAX_RECORD_BYTES = 16_000_000;

/** All records of a CSV file in their order, the header first. A record that can't be read is an error in its place. */
export async function* readRecords(
  file: Pick<InputFile, 'path' | 'gzipped'>,
  onBytes: (length: number) => void = () => {},
): AsyncGenerator<CsvRecord> {
  const broken: Broken[] = [];
  const follow = createLineCount();
  const parser = toReadable(streamFile(file, onBytes)).pipe(
    parse({
      bom: true,
      info: true,
      max_record_size: MAX_RECORD_BYTES,
      relax_column_count: true,
      // A stray quote belongs to its cell, which the model then refuses. Otherwise the parser takes it for the start
      // of a quotation, and every row after it is lost.
      relax_quotes: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
      on_skip: (error) => {
        broken.push(toBroken(error));
        return undefined;
      },
    }),
  );
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      // The parser is ahead of us: a broken record further down may be known already.
      while (broken[0] !== undefined && broken[0].lines < info.lines) {
        yield describeBroken(broken.shift() as Broken, follow);
      }
      yield { ...follow(info), isUnclosed: false, cells: ok(record) };
    }
    for (const last of broken) yield describeBroken(last, follow);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    yield describeBroken(toBroken(error), follow);
  }
}

/** How far the parser had come, with the lines it passed over. */
type Reached = Pick<Info, 'lines' | 'empty_lines'>;
type Broken = Reached & { readonly code: string | undefined };
type Span = Pick<CsvRecord, 'line' | 'lastLine'>;

/** Where each record begins: behind the one before, and the empty lines between. To be asked in the file's order. */
function createLineCount(): (reached: Reached) => Span {
  let before: Reached = { lines: 0, empty_lines: 0 };
  return (reached) => {
    const first = before.lines + 1 + (reached.empty_lines - before.empty_lines);
    before = reached;
    const lastLine = Math.max(1, reached.lines);
    return { line: Math.min(first, lastLine), lastLine };
  };
}

function toBroken(error: CsvError | undefined): Broken {
  const count = (name: string): number => {
    const value: unknown = error?.[name];
    return typeof value === 'number' ? value : 0;
  };
  return { lines: count('lines'), empty_lines: count('empty_lines'), code: error?.code };
}

const UNCLOSED = new Set(['CSV_QUOTE_NOT_CLOSED', 'CSV_MAX_RECORD_SIZE']);

function describeBroken(broken: Broken, follow: (reached: Reached) => Span): CsvRecord {
  const { code = '' } = broken;
  return { ...follow(broken), isUnclosed: UNCLOSED.has(code), cells: err(describeCode(broken.code)) };
}

/** Such a file is refused as a whole: what is behind the quote would be lost, and half of it would be in the model. */
async function findUnclosed(file: InputFile): Promise<string | null> {
  for await (const { line, cells, isUnclosed } of readRecords(file)) {
    if (!isUnclosed || cells.ok) continue;
    const behind = Math.max(0, file.lines - line);
    const lost = behind === 0 ? '' : `, and the ${behind} lines after it would be read as a part of it`;
    return `${file.name}: line ${line}: ${cells.error}${lost}; nothing was imported`;
  }
  return null;
}

function describeCode(code: string | undefined): string {
  switch (code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return 'a quote is opened and never closed';
    case 'CSV_MAX_RECORD_SIZE':
      return `expected a record of at most ${MAX_RECORD_BYTES} characters: is a quote never closed?`;
    case undefined:
    default:
      return `no CSV (${code ?? 'unknown error'})`;
  }
}

/** The names in the first line. */
export async function readHeader(file: InputFile): Promise<Result<readonly string[], string>> {
  for await (const { cells } of readRecords(file)) {
    if (!cells.ok) return err(`${file.name}: line 1: ${cells.error}`);
    const names = cells.value.map((name) => name.trim());
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    return twice === undefined
      ? ok(names)
      : err(`${file.name}: the header names the column ${JSON.stringify(twice)} twice`);
  }
  return err(`${file.name}: expected a header, got an empty file`);
}

/** Where each thing stands in a record. */
interface Layout {
  readonly width: number;
  readonly features: readonly number[];
  readonly label: number;
  readonly time: number | null;
  readonly group: number | null;
}

function findColumns(header: readonly string[], { spec, columns }: ReadOptions): Result<Layout, string> {
  const missing = namedColumns(columns).find(([, name]) => !header.includes(name));
  if (missing !== undefined) return err(describeMissing(header, missing[1], missing[0]));
  const features =
    spec.input.kind === 'image'
      ? ok(pixelColumns(header, columns))
      : featureColumns(header, spec.input, columns);
  if (!features.ok) return features;
  const wanted = rawSize(spec.input);
  if (features.value.length !== wanted)
    return err(`expected ${wanted} columns of pixels beside the label, got ${features.value.length}`);
  const index = (name: string | null): number | null => (name === null ? null : header.indexOf(name));
  return ok({
    width: header.length,
    features: features.value,
    label: header.indexOf(columns.label),
    time: index(columns.time),
    group: index(columns.group),
  });
}

function namedColumns({ label, time, group, ignore }: ColumnNames): [option: string, name: string][] {
  const named: [string, string | null][] = [
    ['--label', label],
    ['--time', time],
    ['--group', group],
  ];
  const given = [...named, ...ignore.map((name): [string, string] => ['--ignore', name])];
  return given.flatMap(([option, name]): [string, string][] => (name === null ? [] : [[option, name]]));
}

/** One sentence that offers what there is. */
export function describeMissing(header: readonly string[], name: string, option: string): string {
  // Control characters, and what stands where bytes were not UTF-8.
  if (header.some((column) => /[\p{Cc}\uFFFD]/u.test(column)))
    return 'expected a table as text in UTF-8, got other bytes';
  const shown = header.slice(0, 12).join(', ');
  const more = header.length > 12 ? ', …' : '';
  return `there is no column ${JSON.stringify(name)} (the columns are ${shown}${more}); name it with ${option}`;
}

function isFeature(name: string, { label, time, group, ignore }: ColumnNames): boolean {
  return name !== label && name !== time && name !== group && !ignore.includes(name);
}

function pixelColumns(header: readonly string[], columns: ColumnNames): number[] {
  return header.flatMap((name, i) => (isFeature(name, columns) ? [i] : []));
}

function featureColumns(
  header: readonly string[],
  input: Extract<InputSpec, { kind: 'tabular' }>,
  columns: ColumnNames,
): Result<number[], string> {
  const names = input.features.map(({ name }) => name);
  const absent = names.find((name) => !header.includes(name));
  if (absent !== undefined) return err(`the model's feature ${JSON.stringify(absent)} is no column`);
  const extra = header.find((name) => isFeature(name, columns) && !names.includes(name));
  if (extra !== undefined) {
    return err(
      `the column ${JSON.stringify(extra)} is no feature of the model; --ignore ${extra} leaves it out`,
    );
  }
  return ok(names.map((name) => header.indexOf(name)));
}

async function* readRows(
  file: InputFile,
  layout: Layout,
  options: ReadOptions,
  onBytes: (length: number) => void,
): AsyncGenerator<ReadRow> {
  let row = -1;
  for await (const { line, lastLine, cells } of readRecords(file, onBytes)) {
    if (row === -1) {
      row = 0;
      continue;
    }
    const parsed = cells.ok ? parseRecord(cells.value, layout, options) : cells;
    yield parsed.ok
      ? ok({ row, ...parsed.value })
      : err({ row, problem: `${where(line, lastLine)}: ${parsed.error}` });
    row += 1;
  }
}

/** A record with more lines than it should have may have swallowed others: all of them are named. */
function where(line: number, lastLine: number): string {
  return line === lastLine ? `line ${line}` : `lines ${line} to ${lastLine}`;
}

function parseRecord(
  cells: readonly string[],
  layout: Layout,
  { spec, now }: ReadOptions,
): Result<Omit<ExampleRow, 'row'>, string> {
  if (cells.length !== layout.width) return err(`expected ${layout.width} columns, got ${cells.length}`);
  const label = parseLabel(spec, (cells[layout.label] ?? '').trim());
  if (!label.ok) return err(`label: ${label.error}`);
  const time = layout.time === null ? null : parseTime((cells[layout.time] ?? '').trim(), now);
  if (time !== null && !time.ok) return err(`time: ${time.error}`);
  const values = layout.features.map((column, i) => readCell(spec.input, i, cells[column] ?? ''));
  const raw = parseInstance(spec.input, values, 'row');
  if (!raw.ok) return err(raw.error.replace(/^row\.?/, ''));
  return ok({
    raw: raw.value,
    label: label.value,
    ...(time === null ? {} : { at: time.value }),
    ...(layout.group === null ? {} : { group: cells[layout.group] ?? '' }),
  });
}

/** A number where the model wants one; text stays text, so that the message can show it. */
function readCell(input: InputSpec, feature: number, cell: string): string | number {
  const text = cell.trim();
  const category = input.kind === 'tabular' && input.features[feature]?.type === 'category';
  const number = category || text === '' ? Number.NaN : Number(text);
  return Number.isNaN(number) ? text : number;
}
