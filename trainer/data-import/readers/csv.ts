/**
 * Reads tables from CSV (RFC 4180) with a header, and from what spreadsheets and databases make of it: other marks
 * between columns, other encodings and line ends, columns without a name or with the same.
 */
import { CsvError, type Info, parse } from 'csv-parse';
import { parse as parseAtOnce } from 'csv-parse/sync';
import { err, ok, type Result } from '../../../shared/result.ts';
import type { ExampleSource, ReadOptions } from './example-source.ts';
import { createMeter, type InputFile, toReadable } from './input-file.ts';
import { nameColumns, type Table, type TableRecord } from './table.ts';
import { openTableSource } from './table-source.ts';
import { readLines } from './text-lines.ts';
import { openText, streamText, type TextFile, type TextForm } from './text-stream.ts';

/** Examples of a CSV file; an error where header and spec do not go together. */
export async function openCsv(
  file: InputFile,
  options: ReadOptions & TextForm,
): Promise<Result<ExampleSource, string>> {
  const table = await openCsvTable(file, options);
  return table.ok ? openTableSource(table.value, options) : table;
}

const MARKS: Readonly<Record<string, string>> = {
  ',': 'commas',
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'bars',
};

/**
 * The file as a table of texts, its delimiter guessed where the form names none. An error where the header can't be
 * read or a quote is never closed.
 */
export async function openCsvTable(file: InputFile, form: TextForm): Promise<Result<Table, string>> {
  const text = openText(file, form);
  if (!text.ok) return text;
  const delimiter = form.delimiter ?? (await guessDelimiter(text.value));
  const header = await readHeader(text.value, delimiter);
  if (!header.ok) return err(`${file.name}: ${header.error}`);
  const unclosed = file.quoted ? await findUnclosed(text.value, delimiter) : null;
  if (unclosed !== null) return err(unclosed);
  const columns = nameColumns(header.value);
  const meter = createMeter(file.bytes);
  return ok({
    name: file.name,
    digest: file.digest,
    columns,
    maxRows: Math.max(0, file.lines - 1),
    notes: [
      ...(delimiter === ',' ? [] : [`${MARKS[delimiter] ?? delimiter} between columns`]),
      ...(text.value.decoder === null ? [] : [`read as ${text.value.decoder}`]),
      ...header.value.flatMap((name, i) =>
        name.trim() === columns[i] ? [] : [`column ${i + 1} is called ${JSON.stringify(columns[i])}`],
      ),
    ],
    fraction: meter.fraction,
    records: () => readBody(text.value, delimiter, meter.add),
  });
}

async function* readBody(
  text: TextFile,
  delimiter: string,
  onBytes: (length: number) => void,
): AsyncGenerator<TableRecord> {
  let isHeader = true;
  for await (const { line, lastLine, cells } of readRecords(text, delimiter, onBytes)) {
    if (!isHeader) yield { place: where(line, lastLine), cells };
    isHeader = false;
  }
}

/** A record with more lines than it should have may have swallowed others: all of them are named. */
function where(line: number, lastLine: number): string {
  return line === lastLine ? `line ${line}` : `lines ${line} to ${lastLine}`;
}

const SAMPLE_BYTES = 65_536;
const SAMPLE_RECORDS = 50;

/** What divides the header into most columns, of which the records below have as many. A comma where nothing does. */
async function guessDelimiter(text: TextFile): Promise<string> {
  let sample = '';
  for await (const chunk of streamText(text)) {
    sample += chunk.toString();
    if (sample.length >= SAMPLE_BYTES) break;
  }
  let best = { delimiter: ',', score: 1 };
  for (const delimiter of Object.keys(MARKS)) {
    const widths = widthsBy(sample, delimiter);
    const [header = 1] = widths;
    const like = widths.filter((width) => width === header).length / Math.max(1, widths.length);
    const score = header * like;
    if (score > best.score) best = { delimiter, score };
  }
  return best.delimiter;
}

function widthsBy(sample: string, delimiter: string): number[] {
  try {
    const records: string[][] = parseAtOnce(sample, {
      bom: true,
      delimiter,
      to: SAMPLE_RECORDS,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
    });
    return records.map(({ length }) => length);
  } catch {
    return [];
  }
}

interface CsvRecord {
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
function readRecords(
  text: TextFile,
  delimiter: string,
  onBytes: (length: number) => void = () => {},
): AsyncGenerator<CsvRecord> {
  // Where nothing is quoted a record is a line, which costs a third of the parser.
  const plain = !text.file.quoted && text.file.start.includes(LINE_FEED);
  return plain ? readPlainRecords(text, delimiter, onBytes) : parseRecords(text, delimiter, onBytes);
}

const LINE_FEED = 10;

async function* readPlainRecords(
  text: TextFile,
  delimiter: string,
  onBytes: (length: number) => void,
): AsyncGenerator<CsvRecord> {
  let line = 0;
  for await (const content of readLines(streamText(text, onBytes))) {
    line += 1;
    const whole = line === 1 ? content.replace(/^\uFEFF/, '') : content;
    const record = whole.endsWith('\r') ? whole.slice(0, -1) : whole;
    if (record === '') continue;
    const cells =
      record.length > MAX_RECORD_BYTES
        ? err(describeCode('CSV_MAX_RECORD_SIZE'))
        : ok(record.split(delimiter));
    yield { line, lastLine: line, isUnclosed: false, cells };
  }
}

async function* parseRecords(
  text: TextFile,
  delimiter: string,
  onBytes: (length: number) => void,
): AsyncGenerator<CsvRecord> {
  const broken: Broken[] = [];
  const follow = createLineCount();
  const parser = toReadable(streamText(text, onBytes)).pipe(
    parse({
      bom: true,
      delimiter,
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
async function findUnclosed(text: TextFile, delimiter: string): Promise<string | null> {
  const { file } = text;
  for await (const { line, cells, isUnclosed } of readRecords(text, delimiter)) {
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
async function readHeader(text: TextFile, delimiter: string): Promise<Result<readonly string[], string>> {
  for await (const { cells } of readRecords(text, delimiter))
    return cells.ok ? cells : err(`line 1: ${cells.error}`);
  return err('expected a header, got an empty file');
}
