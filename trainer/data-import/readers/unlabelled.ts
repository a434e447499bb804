/**
 * Examples without labels, to be answered: rows of a table, arrays, or pictures in a folder, one by one and in order.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { parseInstance, rawSize } from '../../../shared/model/spec/input.ts';
import type { InputSpec } from '../../../shared/model/spec/spec.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import { openArrays } from './arrays.ts';
import type { ColumnNames } from './example-source.ts';
import { createMeter, reasonOf, scanFile } from './input-file.ts';
import { type Format, openTable } from './open-source.ts';
import { decodePicture } from './picture.ts';
import { cellsOf } from './table-source.ts';
import type { TextForm } from './text-stream.ts';

export interface UnlabelledRow {
  /** How messages name it. */
  readonly place: string;
  readonly raw: Result<Float32Array, string>;
  /** What is kept of it beside the answer, by `UnlabelledSource.kept`. */
  readonly kept: readonly unknown[];
}

export interface UnlabelledSource {
  readonly name: string;
  /** Names of what is kept: the columns that were asked for; `file` of pictures, `row` of what has no names. */
  readonly kept: readonly string[];
  fraction(): number;
  rows(): AsyncGenerator<UnlabelledRow>;
}

export interface UnlabelledOptions extends TextForm {
  readonly input: InputSpec;
  /** Which columns are no features; a label may be there or not. */
  readonly columns: ColumnNames;
  readonly format: Format | null;
  /** Columns to keep; all where it says so. */
  readonly keep: readonly string[] | 'all';
}

/**
 * Opens what is to be answered.
 *
 * @returns an error where the file can't be read, or a feature of the model is nowhere in it
 */
export async function openUnlabelled(
  path: string,
  options: UnlabelledOptions,
): Promise<Result<UnlabelledSource, string>> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory() === true) return openPictures(path, options.input);
  if (/\.(jpe?g|jfif|png|webp)$/i.test(path)) return openPictures(path, options.input, [basename(path)]);
  if (options.format === 'npy' || (options.format === null && /\.np[yz](\.gz)?$/i.test(path)))
    return openRows(path, options.input);
  return openRecords(path, options);
}

async function openPictures(
  path: string,
  input: InputSpec,
  only?: readonly string[],
): Promise<Result<UnlabelledSource, string>> {
  if (input.kind !== 'image') return err(`${path}: pictures were given, and this model reads none`);
  const folder = only === undefined ? path : join(path, '..');
  const names = only === undefined ? await listFiles(path) : ok(only);
  if (!names.ok) return names;
  let read = 0;
  return ok({
    name: basename(path),
    kept: ['file'],
    fraction: () => read / Math.max(1, names.value.length),
    async *rows() {
      for (const name of names.value) {
        const raw = await decodePicture(await readFile(join(folder, name)), input);
        read += 1;
        yield { place: name, raw, kept: [name] };
      }
    },
  });
}

/** All files of a folder and below, by name; what file managers leave behind is none. */
async function listFiles(folder: string): Promise<Result<readonly string[], string>> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter(
      (entry) => entry.isFile() && !/^(\.|thumbs\.db$|desktop\.ini$)/i.test(entry.name),
    );
    const names = files.map((entry) =>
      relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, '/'),
    );
    return names.length === 0 ? err(`${folder}: expected pictures, found no file`) : ok(names.sort());
  } catch (error) {
    return err(`${folder}: ${reasonOf(error)}`);
  }
}

async function openRows(path: string, input: InputSpec): Promise<Result<UnlabelledSource, string>> {
  const file = await scanFile(path);
  if (!file.ok) return file;
  const arrays = await openArrays(file.value, null, false);
  if (!arrays.ok) return arrays;
  const meter = createMeter(arrays.value.bytes);
  return ok({
    name: file.value.name,
    kept: ['row'],
    fraction: meter.fraction,
    async *rows() {
      let row = 0;
      for await (const instance of arrays.value.examples(meter.add)) {
        yield { place: `example ${row}`, raw: parseInstance(input, instance, 'example'), kept: [row] };
        row += 1;
      }
    },
  });
}

async function openRecords(
  path: string,
  { input, columns, keep, ...form }: UnlabelledOptions,
): Promise<Result<UnlabelledSource, string>> {
  const opened = await openTable(path, form);
  if (!opened.ok) return opened;
  const { table } = opened.value;
  const header = table.columns;
  const absent = keep === 'all' ? undefined : keep.find((name) => !header.includes(name));
  if (absent !== undefined) return err(`${table.name}: there is no column ${JSON.stringify(absent)} to keep`);
  const layout = layoutOf(header, input, columns);
  if (!layout.ok) return err(`${table.name}: ${layout.error}`);
  const kept = keep === 'all' ? header : keep;
  const places = kept.map((name) => header.indexOf(name));
  return ok({
    name: table.name,
    kept: kept.length === 0 ? ['row'] : kept,
    fraction: () => table.fraction(),
    async *rows() {
      let row = 0;
      for await (const { place, cells } of table.records()) {
        row += 1;
        const raw = cells.ok ? readCells(input, cells.value, header.length, layout.value) : cells;
        const values = cells.ok ? cells.value : [];
        yield { place, raw, kept: kept.length === 0 ? [row] : places.map((at) => values[at]) };
      }
    },
  });
}

/** Where a record's features stand: a column each, or one that holds a whole instance. */
type Layout = { readonly instance: number } | { readonly features: readonly (number | null)[] };

function layoutOf(header: readonly string[], input: InputSpec, columns: ColumnNames): Result<Layout, string> {
  if (input.kind === 'tabular') {
    const names = input.features.map(({ name }) => name);
    const absent = input.features.find(({ name, missing }) => !missing && !header.includes(name));
    if (absent !== undefined && header.includes('instance'))
      return ok({ instance: header.indexOf('instance') });
    if (absent !== undefined) return err(`the model's feature ${JSON.stringify(absent.name)} is no column`);
    return ok({ features: names.map((name) => (header.includes(name) ? header.indexOf(name) : null)) });
  }
  if (header.includes('instance')) return ok({ instance: header.indexOf('instance') });
  const { label, time, group, id = null, ignore } = columns;
  const others: readonly (string | null)[] = [label, time, group, id, ...ignore];
  const features = header.flatMap((name, i) => (others.includes(name) ? [] : [i]));
  return features.length === rawSize(input)
    ? ok({ features })
    : err(`expected ${rawSize(input)} columns of numbers, or one called instance, got ${features.length}`);
}

function readCells(
  input: InputSpec,
  cells: readonly unknown[],
  width: number,
  layout: Layout,
): Result<Float32Array, string> {
  if (cells.length !== width) return err(`expected ${width} columns, got ${cells.length}`);
  const instance = 'instance' in layout ? cells[layout.instance] : cellsOf(input, layout.features, cells);
  const raw = parseInstance(input, instance, 'row');
  return raw.ok ? raw : err(raw.error.replace(/^row\.?/, ''));
}
