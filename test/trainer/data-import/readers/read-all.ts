/**
 * Opens a source and reads it to its end.
 */
import type { ReadOptions } from '../../../../trainer/data-import/readers/example-source.ts';
import { openSource, type SourceOptions } from '../../../../trainer/data-import/readers/open-source.ts';

export const NOW = new Date('2026-11-23T12:00:00Z');

type Options = Partial<Omit<SourceOptions, 'columns'>> &
  Pick<ReadOptions, 'spec'> & { readonly columns?: Partial<ReadOptions['columns']> };

/** Rows as plain data, and problems; or why the file was refused as a whole. */
export async function readAll(path: string, { columns, ...options }: Options) {
  const source = await openSource(path, {
    columns: { label: 'label', time: null, group: null, ignore: [], ...columns },
    now: NOW,
    format: null,
    labelsFile: null,
    ...options,
  });
  if (!source.ok) return { refused: source.error };
  const rows: object[] = [];
  const problems: string[] = [];
  for await (const read of source.value.rows()) {
    if (read.ok) rows.push({ ...read.value, raw: [...read.value.raw] });
    else problems.push(read.error.problem);
  }
  return { rows, problems, digest: source.value.digest, maxRows: source.value.maxRows };
}
