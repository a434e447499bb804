/**
 * From a path to its examples: which reader it takes, by the option or by what lies there.
 */
import { stat } from 'node:fs/promises';
import { err, ok, type Result } from '../../../shared/result.ts';
import { openCsv } from './csv.ts';
import type { ExampleSource, ReadOptions } from './example-source.ts';
import { openIdx } from './idx.ts';
import { openImageFolder } from './image-folder.ts';
import { reasonOf, scanFile } from './input-file.ts';
import { openNdjson } from './ndjson.ts';

export const FORMATS = ['csv', 'ndjson', 'idx', 'images'] as const;
export type Format = (typeof FORMATS)[number];

export interface SourceOptions extends ReadOptions {
  /** null: guessed from the name */
  readonly format: Format | null;
  /** Where IDX labels lie; null: beside the images. */
  readonly labelsFile: string | null;
}

export async function openSource(
  path: string,
  options: SourceOptions,
): Promise<Result<ExampleSource, string>> {
  const format = options.format === null ? await guessFormat(path) : ok(options.format);
  if (!format.ok) return format;
  if (format.value === 'images') return openImageFolder(path, options);
  const file = await scanFile(path);
  if (!file.ok) return file;
  switch (format.value) {
    case 'csv':
      return openCsv(file.value, options);
    case 'ndjson':
      return openNdjson(file.value, options);
    case 'idx':
      return openIdx(file.value, options.labelsFile, options);
  }
}

async function guessFormat(path: string): Promise<Result<Format, string>> {
  try {
    if ((await stat(path)).isDirectory()) return ok('images');
  } catch (error) {
    return err(`${path}: ${reasonOf(error)}`);
  }
  const name = path.toLowerCase().replace(/\.gz$/, '');
  if (name.endsWith('.csv')) return ok('csv');
  if (/\.(ndjson|jsonl)$/.test(name)) return ok('ndjson');
  if (/[-.]idx\d/.test(name)) return ok('idx');
  return err(`${path}: the name does not say what it is; name it with --format ${FORMATS.join('|')}`);
}
