/**
 * Reads pictures sorted into folders by label: `<folder>/<label>/*`, JPEG, PNG or
 * WebP by their content, whatever they are called and however deep they lie.
 *
 * Folders have no order of time, and one label after the other would make windows of one label each. So the pictures
 * come in the order of a hash of their path: mixed, and the same every time.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { sha256Hex } from '../../../shared/digest.ts';
import { parseLabel } from '../../../shared/model/spec/task.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import type { ExampleSource, ReadOptions, ReadRow } from './example-source.ts';
import { reasonOf } from './input-file.ts';
import { decodePicture } from './picture.ts';

/** What file managers leave behind. */
const NO_PICTURE = /^(\.|thumbs\.db$|desktop\.ini$)/i;

interface Picture {
  /** `<label>/<file>` */
  readonly path: string;
  readonly label: number;
}

/**
 * Examples of a folder's pictures, listed and digested by their content before the first is decoded; an error where
 * the model takes no pictures, or a folder is no label of it.
 */
export async function openImageFolder(
  folder: string,
  options: ReadOptions,
): Promise<Result<ExampleSource, string>> {
  const { input } = options.spec;
  if (input.kind !== 'image')
    return err(
      `${folder}: a folder holds pictures, and this model's input is ${input.kind === 'tensor' ? 'a tensor' : 'tabular'}`,
    );
  const pictures = await listPictures(folder, options);
  if (!pictures.ok) return pictures;
  const digest = await digestOf(folder, pictures.value);
  if (!digest.ok) return digest;
  let read = 0;
  return ok({
    name: basename(folder),
    digest: digest.value,
    maxRows: pictures.value.length,
    fraction: () => read / pictures.value.length,
    rows: async function* rows(): AsyncGenerator<ReadRow> {
      for (const [row, { path, label }] of pictures.value.entries()) {
        const pixels = await decodePicture(await readFile(join(folder, path)), input);
        read += 1;
        yield pixels.ok
          ? ok({ row, raw: pixels.value, label })
          : err({ row, problem: `${path}: ${pixels.error}` });
      }
    },
  });
}

async function listPictures(
  folder: string,
  { spec, columns: { ignore } }: ReadOptions,
): Promise<Result<Picture[], string>> {
  const pictures: Picture[] = [];
  try {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (!entry.isDirectory() || ignore.includes(entry.name)) continue;
      const label = parseLabel(spec, entry.name);
      if (!label.ok)
        return err(
          `${folder}: the folder ${JSON.stringify(entry.name)} is no label of the model; --ignore ${entry.name} leaves it out`,
        );
      for (const path of await listFiles(folder, entry.name)) pictures.push({ path, label: label.value });
    }
  } catch (error) {
    return err(`${folder}: ${reasonOf(error)}`);
  }
  if (pictures.length === 0)
    return err(`${folder}: expected pictures as <label>/*.jpg, *.png or *.webp, found none`);
  const mixed = pictures.map((picture) => ({ picture, rank: sha256Hex(picture.path) }));
  return ok(mixed.sort((a, b) => (a.rank < b.rank ? -1 : 1)).map(({ picture }) => picture));
}

/** Whatever lies there, at any depth: what is no picture is refused by its name, so that nothing is left out uncounted. */
async function listFiles(folder: string, label: string): Promise<string[]> {
  const entries = await readdir(join(folder, label), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !NO_PICTURE.test(entry.name));
  return files.map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, '/'));
}

async function digestOf(folder: string, pictures: readonly Picture[]): Promise<Result<string, string>> {
  const hash = createHash('sha256');
  for (const { path } of pictures) {
    try {
      const content = createHash('sha256').update(await readFile(join(folder, path)));
      hash.update(`${path}\n${content.digest('hex')}\n`);
    } catch (error) {
      return err(`${path}: ${reasonOf(error)}`);
    }
  }
  return ok(hash.digest('hex'));
}
