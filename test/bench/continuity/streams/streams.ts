/**
 * The streams that are known by name, and anybody's CSV. What must be known of each is in the table: columns that say
 * when a row came or give its label away are ignored; of a long stream a contiguous part is taken.
 */
import { nearestNames } from '../../../../trainer/nearest-names.ts';
import { err, ok, type Result } from '../../../../shared/result.ts';
import { inferFromTable, NO_OPTIONS } from '../../../../trainer/data-import/infer-spec.ts';
import { openSource, openTable } from '../../../../trainer/data-import/readers/open-source.ts';
import type { Feature } from '../../../../shared/model/spec/spec.ts';
import type { TaskSpec } from '../../../../shared/model/spec/task.ts';
import { dataPath, hasData } from '../../../support/data.ts';
import { GENERATED, generateStream } from './generated.ts';
import { loadMnist, MNIST } from './mnist.ts';
import type { Row, Stream } from './stream.ts';

export interface CsvSource {
  readonly label: string;
  readonly ignore: readonly string[];
  readonly task: 'classification' | 'regression' | null;
  readonly season: number | null;
  /** Rows of the file before which something changed. */
  readonly changes: readonly number[];
  readonly relabelled: boolean;
  /** Where a long stream's part begins. */
  readonly from: number;
  /** Rows a day, where the day of the week is to be a feature more: the file begins on the first of `WEEKDAYS`. */
  readonly perDay: number | null;
}

const WEEKDAYS = ['Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun', 'Mon'];

/** Rows of a long stream that are replayed, unless the whole is asked for. */
export const PART_ROWS = 20_000;

const PLAIN = {
  ignore: [],
  task: 'classification',
  season: null,
  changes: [],
  relabelled: false,
  from: 0,
  perDay: null,
} as const;

const every = (step: number, rows: number): number[] =>
  Array.from({ length: Math.ceil(rows / step) - 1 }, (_, i) => (i + 1) * step);

const KNOWN: Readonly<Record<string, CsvSource & { readonly file: string }>> = {
  // half hours: a week is 336 of them
  elec2: { ...PLAIN, file: 'elec2.csv.gz', label: 'class', ignore: ['date'], season: 336 },
  // ten buildings in turn
  rialto: { ...PLAIN, file: 'rialto.csv.gz', label: 'class', season: 10 },
  covertype: { ...PLAIN, file: 'covertype_100k.csv.gz', label: 'Cover_Type', changes: [15_120] },
  outdoor: { ...PLAIN, file: 'outdoor.csv.gz', label: 'class' },
  usenet1: {
    ...PLAIN,
    file: 'usenet1.csv.gz',
    label: 'interesting',
    changes: every(300, 1_500),
    relabelled: true,
  },
  usenet2: {
    ...PLAIN,
    file: 'usenet2.csv.gz',
    label: 'interesting',
    changes: every(300, 1_500),
    relabelled: true,
  },
  luxembourg: { ...PLAIN, file: 'luxembourg.csv.gz', label: 'target' },
  // the change of temperature is in the middle of the part
  insects: { ...PLAIN, file: 'wbf_insects.csv.gz', label: 'species', changes: [50_700], from: 40_700 },
  nomao: { ...PLAIN, file: 'nomao.csv.gz', label: 'Class' },
  // from about 42,000 on all fifteen swap places
  rbf: {
    ...PLAIN,
    file: 'interchanging_rbf.csv.gz',
    label: 'class',
    changes: every(3_000, 200_000),
    relabelled: true,
    from: 42_000,
  },
  bike: {
    ...PLAIN,
    file: 'bike_hourly.csv.gz',
    label: 'cnt',
    ignore: ['instant', 'dteday'],
    task: 'regression',
    season: 168,
  },
  taxi: {
    ...PLAIN,
    file: 'nyc_taxi.csv.gz',
    label: 'value',
    ignore: ['timestamp'],
    task: 'regression',
    season: 336,
    perDay: 48,
  },
};

/** Other words for some of them. */
const ALIASES: Readonly<Record<string, string>> = {
  interchanging_rbf: 'rbf',
  wbf_insects: 'insects',
  bike_hourly: 'bike',
  nyc_taxi: 'taxi',
  covertype_100k: 'covertype',
};

export const STREAM_NAMES: readonly string[] = [...Object.keys(KNOWN), ...MNIST, ...GENERATED];

/** The name by which the table knows it; an error offers the nearest ones. */
export function findStreamName(wanted: string): Result<string, string> {
  const name = ALIASES[wanted] ?? wanted;
  if (STREAM_NAMES.includes(name)) return ok(name);
  const nearest = nearestNames(wanted, [...STREAM_NAMES, ...Object.keys(ALIASES)], 3);
  return err(
    `there is no stream ${JSON.stringify(wanted)}; the nearest names are ${nearest.join(', ')} (all: ${STREAM_NAMES.join(', ')})`,
  );
}

/**
 * @param name  one of `STREAM_NAMES`
 * @param rows  at most so many; null for all of them
 * @param seed  of what is generated
 */
export async function loadStream(
  name: string,
  rows: number | null,
  seed: number,
): Promise<Result<Stream, string>> {
  if (GENERATED.includes(name)) return ok(generateStream(name, seed));
  if (!hasData) {
    return err(
      `${name}: there is no folder with the data; HOLDFAST_DATA names it, and docs/benchmarks.md says where its files come from`,
    );
  }
  if (MNIST.includes(name)) return loadMnist(name, seed);
  const source = KNOWN[name];
  if (source === undefined) return err(`there is no stream ${JSON.stringify(name)}`);
  return loadCsv(name, dataPath('streams', source.file), source, rows);
}

/** @returns the stream, or why the file is none: no such label, one class, text in a column of numbers, … */
export async function loadCsv(
  name: string,
  path: string,
  source: CsvSource,
  rows: number | null,
): Promise<Result<Stream, string>> {
  const columns = { label: source.label, time: null, group: null, ignore: source.ignore };
  const looked = await lookAtCsv(path, source);
  if (!looked.ok) return looked;
  const { task, features } = looked.value;
  const { perDay } = source;
  const weekday = perDay === null ? [] : [{ name: 'weekday', type: 'category' as const, values: WEEKDAYS }];
  const input = { kind: 'tabular' as const, features: [...features] };
  const opened = await openSource(path, {
    spec: { ...task, input },
    columns,
    now: new Date(),
    format: 'csv',
    labelsFile: null,
  });
  if (!opened.ok) return opened;
  const all: Row[] = [];
  for await (const read of opened.value.rows()) {
    if (!read.ok) return err(`${path}: ${read.error.problem}`);
    const { raw, label } = read.value;
    const day = perDay === null ? [] : [Math.floor(all.length / perDay) % WEEKDAYS.length];
    all.push({ raw: Float32Array.of(...raw, ...day), label });
  }
  const long = rows !== null && all.length > rows;
  const from = long ? Math.min(source.from, all.length - rows) : 0;
  const part = long ? all.slice(from, from + rows) : all;
  return ok({
    name,
    part: long ? `rows ${from + 1} to ${from + part.length} of ${all.length}` : '',
    task,
    input: { ...input, features: [...features, ...weekday] },
    rows: part,
    season: source.season,
    changes: source.changes.map((at) => at - from).filter((at) => at > 0 && at < part.length),
    relabelled: source.relabelled,
  });
}

/** The task and the features of a file: all of its columns, numbers and categories, with every cell filled in. */
async function lookAtCsv(
  path: string,
  { label, ignore, task }: CsvSource,
): Promise<Result<{ readonly task: TaskSpec; readonly features: readonly Feature[] }, string>> {
  const opened = await openTable(path, { format: 'csv' });
  if (!opened.ok) return opened;
  const { table } = opened.value;
  const use = table.columns.filter((column) => column !== label && !ignore.includes(column));
  const inferred = await inferFromTable(table, { ...NO_OPTIONS, label, ignore, use, task }, new Date());
  if (!inferred.ok) return inferred;
  const features: Feature[] = [];
  for (const found of inferred.value.features) {
    const problem = describeUnfit(found);
    if (problem !== null)
      return err(
        `${path}: the column ${JSON.stringify(found.name)} ${problem}; --ignore ${found.name} leaves it out`,
      );
    features.push(
      found.type === 'category' ? { name: found.name, type: found.type, values: found.values } : found,
    );
  }
  return ok({ task: inferred.value.task, features });
}

/** A column that is nearly all numbers was meant as one: a few words in it are a mistake, not a category. */
function describeUnfit(feature: Feature): string | null {
  if (feature.missing) return 'has empty cells';
  if (feature.type === 'date') return 'is a date';
  if (feature.type === 'number') return null;
  const words = feature.values.filter((value) => !Number.isFinite(Number(value)));
  if (words.length === 0 || feature.values.length <= 2 * words.length) return null;
  const shown = words.slice(0, 3).map((word) => JSON.stringify(word));
  return `is numbers, but for ${shown.join(', ')}`;
}
