/**
 * The arrays of a `.npz` archive, or a `.npy` file with its labels beside it: which are the examples, which say something
 * of them. Examples are streamed from a `.npy`; an archive is unpacked in memory.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readZip } from '../../zip-file.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import { access } from 'node:fs/promises';
import { type InputFile, scanFile, streamFile } from './input-file.ts';
import { type NpyHeader, npyItem, readNpyHeader } from './npy.ts';

/** Of all arrays of an archive together; more goes as .npy, which is streamed. */
const MAX_ARCHIVE_BYTES = 2_000_000_000;

/** An array whose items can be looked at one by one: labels, times, groups. */
export interface Column {
  readonly name: string;
  readonly length: number;
  item(i: number): unknown;
}

/** Examples with what stands beside them. */
export interface Arrays {
  /** SHA-256 of all that was read. */
  readonly digest: string;
  readonly count: number;
  /** Of one example. */
  readonly shape: readonly number[];
  /** Every example's numbers, in order. @param onBytes  gets the length of what was read */
  examples(onBytes?: (length: number) => void): AsyncGenerator<number[]>;
  /** Of the examples' numbers, in the file. */
  readonly bytes: number;
  /** The others of an archive by their names; of a .npy its labels, under the name that is asked for. */
  readonly columns: ReadonlyMap<string, Column>;
}

const EXAMPLES = /^(x|xs|x_?(train|all|data)|data|features?|inputs?|images?|samples?|arr_0)$/i;
export const LABELS = /^(y|ys|y_?(train|all|data)|labels?|targets?|classes|outputs?|arr_1)$/i;

/**
 * @param labelsFile  of a .npy; null: beside it, under the same name with y, labels or targets in place of x or features
 * @param labelled    whether a .npy must have labels
 * @returns an error that names what was looked for and what is there
 */
export async function openArrays(
  file: InputFile,
  labelsFile: string | null,
  labelled = true,
): Promise<Result<Arrays, string>> {
  const archive = Buffer.from(file.start.subarray(0, 2)).toString('latin1') === 'PK';
  const opened = archive ? await openArchive(file) : await openPair(file, labelsFile, labelled);
  return opened.ok ? opened : err(`${file.name}: ${opened.error}`);
}

async function openArchive(file: InputFile): Promise<Result<Arrays, string>> {
  const files = readZip(await readFile(file.path), 'the archive', MAX_ARCHIVE_BYTES);
  if (!files.ok) return files;
  const arrays = new Map<string, { readonly header: NpyHeader; readonly bytes: Uint8Array }>();
  for (const [path, bytes] of files.value) {
    if (!path.endsWith('.npy')) continue;
    const header = readNpyHeader(bytes);
    if (!header.ok) return err(`${path}: ${header.error}`);
    const short = describeShort(header.value, bytes.length);
    if (short !== null) return err(`${path}: ${short}`);
    arrays.set(path.slice(0, -'.npy'.length), { header: header.value, bytes });
  }
  const names = [...arrays.keys()];
  const name = names.find((each) => EXAMPLES.test(each));
  const chosen = name === undefined ? undefined : arrays.get(name);
  if (name === undefined || chosen === undefined)
    return err(
      `expected an array called x, X_train, data or features, got ${names.join(', ') || 'no array at all'}`,
    );
  const columns = new Map<string, Column>();
  for (const [other, { header, bytes }] of arrays) {
    if (other === name) continue;
    const column = columnOf(other, header, bytes);
    if (column.ok) columns.set(other, column.value);
  }
  const { header, bytes } = chosen;
  return toArrays(header, { digest: file.digest, columns, name }, async function* chunks() {
    yield await Promise.resolve(bytes);
  });
}

async function openPair(
  file: InputFile,
  labelsFile: string | null,
  labelled: boolean,
): Promise<Result<Arrays, string>> {
  const header = readNpyHeader(file.start);
  if (!header.ok) return header;
  const short = describeShort(header.value, file.bytes);
  if (short !== null) return err(short);
  if (!labelled) {
    const alone = { digest: file.digest, columns: new Map<string, Column>(), name: file.name };
    return toArrays(header.value, alone, () => streamFile(file));
  }
  const labels = await openLabels(file, labelsFile);
  if (!labels.ok) return labels;
  const named = readNpyHeader(labels.value.start);
  if (!named.ok) return err(`${labels.value.name}: ${named.error}`);
  const parts: Buffer[] = [];
  for await (const chunk of streamFile(labels.value)) parts.push(chunk);
  const bytes = Buffer.concat(parts);
  const column = columnOf('label', named.value, bytes);
  if (!column.ok) return err(`${labels.value.name}: ${column.error}`);
  const digest = createHash('sha256').update(`${file.digest}\n${labels.value.digest}`).digest('hex');
  const columns = new Map([['label', column.value]]);
  return toArrays(header.value, { digest, columns, name: file.name }, () => streamFile(file));
}

/** `x.npy` has its labels in `y.npy`, `train_features.npy` in `train_labels.npy`. */
async function openLabels(file: InputFile, labelsFile: string | null): Promise<Result<InputFile, string>> {
  if (labelsFile !== null) return scanFile(labelsFile);
  const stem = file.name.replace(/\.npy(\.gz)?$/i, '');
  const of = (word: string): string =>
    stem.replace(/(^|[-_.])(x|xs|data|features?|inputs?|images?|samples?)(?=$|[-_.])/i, `$1${word}`);
  const names = ['y', 'labels', 'label', 'targets', 'target'].map(of).filter((name) => name !== stem);
  for (const name of names) {
    const path = join(dirname(file.path), `${name}.npy`);
    const there = await access(path).then(
      () => true,
      () => false,
    );
    if (there) return scanFile(path);
  }
  const looked = names.length === 0 ? '' : `, as ${names[0]}.npy or ${names[1]}.npy`;
  return err(`its labels were expected beside it${looked}; name them with --labels-file`);
}

function describeShort({ type, shape, start }: NpyHeader, bytes: number): string | null {
  const expected = start + type.bytes * shape.reduce((size, side) => size * side, 1);
  return bytes === expected ? null : `expected ${expected} bytes for [${shape.join(', ')}], got ${bytes}`;
}

function columnOf(
  name: string,
  { type, shape, start }: NpyHeader,
  bytes: Uint8Array,
): Result<Column, string> {
  const [length = 0, ...rest] = shape;
  if (rest.some((side) => side !== 1))
    return err(
      `expected one label an example, got [${shape.join(', ')}]${rest.length === 1 ? ': of one-hot labels take argmax(1)' : ''}`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset + start);
  return ok({ name, length, item: (i) => npyItem(type, view, i) });
}

function toArrays(
  header: NpyHeader,
  { digest, columns, name }: Pick<Arrays, 'digest' | 'columns'> & { readonly name: string },
  chunks: () => AsyncIterable<Uint8Array>,
): Result<Arrays, string> {
  const { type, shape, start } = header;
  if (type.kind === 'S' || type.kind === 'U') return err(`${name}: expected numbers, got texts`);
  const [count = 0, ...own] = shape;
  if (own.length === 0)
    return err(`${name}: expected examples, [n, …], got one dimension of ${count} numbers`);
  const size = own.reduce((product, side) => product * side, 1);
  return ok({
    digest,
    count,
    shape: own,
    columns,
    bytes: count * size * type.bytes,
    async *examples(onBytes = () => {}) {
      for await (const block of blocks(chunks(), start, size * type.bytes, onBytes)) {
        const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
        yield Array.from({ length: size }, (_, i) => Number(npyItem(type, view, i)));
      }
    },
  });
}

/** What follows the header, in blocks of `size` bytes. */
async function* blocks(
  chunks: AsyncIterable<Uint8Array>,
  start: number,
  size: number,
  onBytes: (length: number) => void,
): AsyncGenerator<Uint8Array> {
  let skip = start;
  let rest: Uint8Array = new Uint8Array();
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const passed = Math.min(skip, rest.length);
    rest = rest.subarray(passed);
    skip -= passed;
    let at = 0;
    for (; at + size <= rest.length; at += size) {
      onBytes(size);
      yield rest.subarray(at, at + size);
    }
    rest = rest.subarray(at);
  }
}
