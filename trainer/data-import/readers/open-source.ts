/**
 * From a path to its examples, or to its table: which reader it takes, by the option or by what lies there.
 */
import { stat } from 'node:fs/promises';
import { err, ok, type Result } from '../../../shared/result.ts';
import { openArraySource } from './array-source.ts';
import { openCsv, openCsvTable } from './csv.ts';
import type { ExampleSource, ReadOptions } from './example-source.ts';
import { openIdx } from './idx.ts';
import { openImageFolder } from './image-folder.ts';
import { type InputFile, scanFile } from './input-file.ts';
import { isNpy } from './npy.ts';
import { openObjectSource, openObjectTable } from './objects.ts';
import { openParquetTable } from './parquet.ts';
import type { Table } from './table.ts';
import { openTableSource } from './table-source.ts';
import type { TextForm } from './text-stream.ts';

export const FORMATS = ['csv', 'ndjson', 'json', 'parquet', 'idx', 'npy', 'images'] as const;
export type Format = (typeof FORMATS)[number];

export interface SourceOptions extends ReadOptions, TextForm {
  /** null: guessed from the name and the content */
  readonly format: Format | null;
  /** Where labels of IDX and of .npy lie; null: beside the examples. */
  readonly labelsFile: string | null;
}

/** The examples of a file or folder; an error where its format can't be told or its reader refuses it. */
export async function openSource(
  path: string,
  options: SourceOptions,
): Promise<Result<ExampleSource, string>> {
  if (options.format === 'images' || (options.format === null && (await isFolder(path))))
    return openImageFolder(path, options);
  const file = await scanFile(path);
  if (!file.ok) return file;
  const format = options.format === null ? guessFormat(file.value) : ok(options.format);
  if (!format.ok) return format;
  switch (format.value) {
    case 'csv':
      return openCsv(file.value, options);
    case 'ndjson':
    case 'json':
      return openObjectSource(file.value, format.value, options);
    case 'parquet': {
      const table = await openParquetTable(file.value);
      return table.ok ? openTableSource(table.value, options) : table;
    }
    case 'idx':
      return openIdx(file.value, options.labelsFile, options);
    case 'npy':
      return openArraySource(file.value, options.labelsFile, options);
    case 'images':
      return openImageFolder(path, options);
  }
}

/** What is a table, for looking at its columns. */
export async function openTable(
  path: string,
  { format: asked, ...form }: TextForm & { readonly format: Format | null },
): Promise<Result<{ readonly table: Table; readonly format: Format }, string>> {
  if (await isFolder(path)) return err(`${path}: expected a table, got a folder`);
  const file = await scanFile(path);
  if (!file.ok) return file;
  const format = asked === null ? guessFormat(file.value) : ok(asked);
  if (!format.ok) return format;
  const table = await openTableAs(format.value, file.value, form);
  return table.ok ? ok({ table: table.value, format: format.value }) : table;
}

function openTableAs(format: Format, file: InputFile, form: TextForm): Promise<Result<Table, string>> {
  switch (format) {
    case 'csv':
      return openCsvTable(file, form);
    case 'ndjson':
    case 'json':
      return openObjectTable(file, format, form);
    case 'parquet':
      return openParquetTable(file);
    case 'idx':
    case 'npy':
    case 'images':
      return Promise.resolve(err(`${file.name}: expected a table, got ${format}`));
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** By the name; where it says nothing, by how the content begins. */
function guessFormat({ path, name, start }: InputFile): Result<Format, string> {
  const ending = name.toLowerCase().replace(/\.gz$/, '');
  if (/\.(csv|tsv|tab|txt)$/.test(ending) || /\.xlsx?$/.test(ending)) return ok('csv');
  if (/\.(ndjson|jsonl)$/.test(ending)) return ok('ndjson');
  if (/\.(parquet|pq)$/.test(ending)) return ok('parquet');
  if (/[-.]idx\d/.test(ending)) return ok('idx');
  if (/\.np[yz]$/.test(ending) || isNpy(start)) return ok('npy');
  const head = Buffer.from(start).toString('latin1').trimStart();
  if (head.startsWith('PAR1')) return ok('parquet');
  if (ending.endsWith('.json')) return ok(/^\{[^\n]*\}\s*\n\s*\{/.test(head) ? 'ndjson' : 'json');
  if (head.startsWith('[')) return ok('json');
  if (head.startsWith('{')) return ok('ndjson');
  if (ending === 'stdin') return ok('csv');
  return err(`${path}: the name does not say what it is; name it with --format ${FORMATS.join('|')}`);
}
