/**
 * Real data as nights: a first history, then what comes in later, in the order of the source.
 */
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { type ClassificationSpec, specSchema } from '../../../shared/model/spec/spec.ts';
import { dataPath } from '../../support/data.ts';

export interface Stream {
  readonly name: string;
  readonly labels: readonly string[];
  readonly features: readonly string[];
  /** The history that the first champion is trained on, then one set a night. */
  readonly nights: readonly (readonly Row[])[];
}

export interface Recipe {
  readonly training?: object;
  readonly head?: readonly object[];
  readonly gate?: object;
}

export interface Row {
  readonly values: Float32Array;
  readonly label: number;
}

interface Source {
  readonly file: readonly string[];
  /** Columns that are no features. */
  readonly ignore: readonly string[];
  /** The first row that counts, the length of the history, and of each night. */
  readonly from: number;
  readonly history: number;
  readonly night: number;
  readonly count: number;
}

/** What changes in each: docs/training.md. */
const SOURCES: Readonly<Record<string, Source>> = {
  elec2: {
    file: ['streams', 'elec2.csv.gz'],
    ignore: ['date'],
    from: 0,
    history: 6_000,
    night: 2_000,
    count: 6,
  },
  covertype: {
    file: ['streams', 'covertype_100k.csv.gz'],
    ignore: [],
    from: 5_120,
    history: 7_000,
    night: 2_000,
    count: 6,
  },
  rialto: {
    file: ['streams', 'rialto.csv.gz'],
    ignore: [],
    from: 0,
    history: 6_000,
    night: 2_000,
    count: 6,
  },
  digits: {
    file: ['images', 'digits_train.csv.gz'],
    ignore: [],
    from: 0,
    history: 1_823,
    night: 500,
    count: 4,
  },
};

export const STREAMS = Object.keys(SOURCES);

export async function readStream(name: string): Promise<Stream> {
  const source = SOURCES[name];
  if (source === undefined) throw new RangeError(`expected one of ${STREAMS.join(', ')}, got ${name}`);
  const { file, ignore, from, history, night, count } = source;
  const lines = gunzipSync(await readFile(dataPath(...file)))
    .toString()
    .trim()
    .split('\n');
  const columns = (lines[0] as string).split(',');
  const used = columns.slice(0, -1).flatMap((column, i) => (ignore.includes(column) ? [] : [i]));
  const cells = lines.slice(1 + from, 1 + from + history + count * night).map((line) => line.split(','));
  const labels = [...new Set(cells.map((row) => row.at(-1) as string))].sort();
  const rows = cells.map((row) => ({
    values: Float32Array.from(used, (i) => Number(row[i])),
    label: labels.indexOf(row.at(-1) as string),
  }));
  const starts = Array.from({ length: count }, (_, i) => history + i * night);
  return {
    name,
    labels,
    features: used.map((i) => columns[i] as string),
    nights: [rows.slice(0, history), ...starts.map((start) => rows.slice(start, start + night))],
  };
}

/** @param recipe  what a spec would say about head and training */
export function specOf({ name, labels, features }: Stream, recipe: Recipe, salt: string): ClassificationSpec {
  const spec = specSchema.parse({
    format: 'holdfast-spec/1',
    name,
    task: 'classification',
    input: { kind: 'tabular', features: features.map((feature) => ({ name: feature, type: 'number' })) },
    labels,
    window: { examples: 2_000 },
    salt,
    ...recipe,
  });
  if (spec.task !== 'classification') throw new Error('the streams have labels');
  return spec;
}
