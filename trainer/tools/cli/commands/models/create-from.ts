/**
 * `holdfast create --from`: what a table's columns are taken for, shown as a table, with an option for every guess.
 */
import type { Command } from 'commander';
import type { InputKind } from '../../../../../shared/model/spec/spec-bounds.ts';
import type { FileColumns, Spec } from '../../../../../shared/model/spec/spec.ts';
import { inferFromArrays } from '../../../../data-import/infer-arrays.ts';
import {
  inferFromTable,
  type Inferred,
  NO_OPTIONS,
  type ColumnOptions,
} from '../../../../data-import/infer-spec.ts';
import { fetchFile } from '../../../../data-import/readers/fetch-file.ts';
import { type Format, FORMATS, openTable } from '../../../../data-import/readers/open-source.ts';
import type { Context } from '../../context.ts';
import { unwrap } from '../../failure.ts';
import { formatCount, formatTable } from '../../output.ts';
import { commaList, oneOf, wholeNumber } from '../../options.ts';

export interface FromOptions {
  readonly from?: string;
  readonly format?: Format;
  readonly label?: string;
  readonly time?: string;
  readonly group?: string;
  readonly id?: string;
  readonly ignore?: readonly string[];
  readonly use?: readonly string[];
  readonly number?: readonly string[];
  readonly category?: readonly string[];
  readonly date?: readonly string[];
  readonly missing?: readonly string[];
  readonly rare?: number;
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly decimal?: '.' | ',';
  readonly dateOrder?: 'dmy' | 'mdy';
  readonly timeZone?: string;
}

/** How a file is written, for whoever reads one. */
export function addFileOptions(command: Command): Command {
  return command
    .option('--format <format>', `${FORMATS.join(', ')} (default: by name and content)`, oneOf(FORMATS))
    .option('--delimiter <mark>', 'what stands between columns (default: found out); tab for a tabulator')
    .option(
      '--encoding <name>',
      'utf8, utf16, latin1, windows-1251, shift_jis, … (default: UTF-8, or by its mark)',
    )
    .option(
      '--decimal <mark>',
      'decimal mark of numbers that are texts: . or , (default: found out)',
      oneOf(['.', ',']),
    )
    .option('--date-order <order>', 'how 1/2/2026 is meant: dmy or mdy', oneOf(['dmy', 'mdy']))
    .option('--time-zone <zone>', 'of times that name none, like Europe/Berlin (default: UTC)');
}

/** The options by which a table is read and its columns are told; each goes with `--from`. */
export function addFromOptions(command: Command): Command {
  const whereFrom = (what: string): string => `with --from: ${what}`;
  return addFileOptions(
    command
      .option(
        '--from <file>',
        'infer input and labels from a table (CSV, NDJSON, JSON, Parquet) or arrays (.npz, .npy); -, https://, s3://',
      )
      .option(
        '--label <column>',
        whereFrom('the label (default: one that is called so, else the last column)'),
      )
      .option(
        '--time <column>',
        whereFrom('the time, no feature (default: the column that is called time, where it is one)'),
      )
      .option('--group <column>', whereFrom('the group, no feature'))
      .option('--id <column>', whereFrom('what names an example, no feature'))
      .option('--ignore <columns>', whereFrom('other columns that are no features'), commaList)
      .option('--use <columns>', whereFrom('columns that are features, though they look like ids'), commaList)
      .option('--number <columns>', whereFrom('columns that are numbers'), commaList)
      .option('--category <columns>', whereFrom('columns that are categories'), commaList)
      .option('--date <columns>', whereFrom('columns that are dates'), commaList)
      .option(
        '--missing <columns>',
        whereFrom('columns that may be missing, though they are not here'),
        commaList,
      )
      .option(
        '--rare <n>',
        whereFrom('values of fewer training examples are joined as "other" (default 5)'),
        wholeNumber(1),
      ),
  );
}

export interface FromTable {
  /** As parts of a spec. */
  readonly parts: object;
  /** What was found, for people. */
  readonly text: string;
}

/** Looks at the whole file. @param task  what other options leave no doubt about */
export async function inferParts(
  context: Context,
  source: string,
  options: FromOptions & { readonly target?: string; readonly input?: InputKind },
  task: Spec['task'] | null,
): Promise<FromTable> {
  const brought = unwrap(await fetchFile(source, { openBucket: (location) => context.openBucket(location) }));
  try {
    if (options.format === 'npy' || (options.format === undefined && /\.np[yz]$/i.test(brought.path)))
      return await inferArrays(brought.path, options, task);
    const form = { delimiter: toMark(options.delimiter), encoding: options.encoding ?? null };
    const opened = unwrap(await openTable(brought.path, { ...form, format: options.format ?? null }));
    const { table } = opened;
    // Lines have these names where nothing else is said.
    const named = (name: string): string | null =>
      opened.format !== 'csv' && opened.format !== 'parquet' && table.columns.includes(name) ? name : null;
    const said: ColumnOptions = {
      ...NO_OPTIONS,
      label: options.target ?? options.label ?? null,
      time: options.time ?? named('timestamp'),
      group: options.group ?? named('group'),
      id: options.id ?? null,
      ...withoutUndefined(options, [
        'ignore',
        'use',
        'number',
        'category',
        'date',
        'missing',
        'rare',
        'decimal',
      ]),
      order: options.dateOrder ?? null,
      task,
    };
    const inferred = unwrap(await inferFromTable(table, said, context.now()));
    const { features, columns } = inferred;
    const input =
      options.input === 'image' || options.input === 'tensor' ? {} : { input: { kind: 'tabular', features } };
    const asWritten: Partial<FileColumns> = {
      ...(options.delimiter !== undefined && { delimiter: options.delimiter }),
      ...(options.encoding !== undefined && { encoding: options.encoding }),
      ...(options.timeZone !== undefined && { timeZone: options.timeZone }),
    };
    return {
      parts: { ...input, ...inferred.task, columns: { ...columns, ...asWritten } },
      text: describeFindings(inferred, table.notes),
    };
  } finally {
    await brought.end();
  }
}

/** Of arrays of NumPy: the shape, and the labels. */
async function inferArrays(
  path: string,
  { label, target, time, group, id }: FromOptions & { readonly target?: string },
  task: Spec['task'] | null,
): Promise<FromTable> {
  const inferred = unwrap(await inferFromArrays(path, target ?? label ?? null, task));
  const { count, shape } = inferred;
  const columns = {
    label: inferred.label,
    ...withoutUndefined({ time, group, id }, ['time', 'group', 'id']),
  };
  return {
    parts: { input: { kind: 'tensor', shape }, ...inferred.task, columns },
    text: `${formatCount(count)} examples of [${shape.join(', ')}], labels in ${inferred.label}\n`,
  };
}

/** What stands between columns: `tab` and `\t` are the tab; null where the file is to be asked. */
export function toMark(delimiter: string | undefined): string | null {
  if (delimiter === undefined) return null;
  return delimiter === 'tab' || delimiter === '\\t' ? '\t' : delimiter;
}

function withoutUndefined<T extends object, K extends keyof T>(
  options: T,
  names: readonly K[],
): Partial<Pick<T, K>> {
  const entries = names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]]));
  return Object.fromEntries(entries) as Partial<Pick<T, K>>;
}

const SHOWN_CHARACTERS = 24;

function describeFindings({ findings, rows, broken }: Inferred, notes: readonly string[]): string {
  const table = formatTable(
    [
      { title: 'column' },
      { title: 'taken for' },
      { title: 'missing', align: 'right' },
      { title: 'distinct', align: 'right' },
      { title: 'examples' },
    ],
    findings.map(({ column, taken, missing, distinct, examples, hint }) => [
      column,
      hint === null ? taken : `${taken} [${hint}]`,
      formatCount(missing),
      distinct === null ? 'many' : formatCount(distinct),
      examples.map(shorten).join(', '),
    ]),
  );
  const unread = broken === 0 ? [] : [`${formatCount(broken)} rows can't be read`];
  return [[`${formatCount(rows)} rows`, ...unread, ...notes].join(', '), table, ''].join('\n');
}

function shorten(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS - 1)}…` : text;
}
