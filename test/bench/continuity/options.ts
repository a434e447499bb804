/**
 * What `npm run bench:continuity` is told on its command line.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { nearestNames } from '../../../trainer/nearest-names.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import { FAULTS, type Fault } from './streams/collect.ts';
import type { StreamRef } from './lives/jobs.ts';
import { type Policy, STRATEGIES } from './lives/strategies.ts';
import { type CsvSource, findStreamName, PART_ROWS, STREAM_NAMES } from './streams/streams.ts';

export interface Options {
  readonly help: boolean;
  readonly streams: readonly StreamRef[];
  readonly nights: number;
  readonly seeds: readonly number[];
  /** Conditions, each a list of faults; the first is []. */
  readonly conditions: readonly (readonly Fault[])[];
  /** Names out of STRATEGIES. */
  readonly strategies: readonly string[];
  readonly policies: readonly Policy[];
  readonly nightsLog: boolean;
  readonly threads: number;
  readonly json: string | null;
  readonly page: string | null;
  /** Where finished lives are kept; null: nowhere. */
  readonly work: string | null;
  /** Also asks what a night costs beside a Node job. */
  readonly quick: boolean;
  readonly docs: boolean;
  readonly failOnLockout: boolean;
}

export const HELP = `npm run bench:continuity -- [options]

Replays streams through the real pipeline, block by block: each block is answered by what serves, then its labels come,
then a run follows. Every strategy beside Holdfast, on the same rows. docs/continuity.md says what is measured.

  --streams <a,b>     of ${STREAM_NAMES.join(', ')}
                      (default: all)
  --csv <file>        a table of your own, in the order of time, gzipped or not; with
  --label <column>    what is to be predicted,
  --ignore <a,b>      columns that are no features,
  --task <task>       classification or regression (default: as the label's values suggest),
  --season <rows>     after how many rows things repeat, if they do
  --nights <n>        the rest after the first tenth is cut into so many (default 18)
  --rows <n|all>      of a long stream at most so many (default ${PART_ROWS}, a contiguous part)
  --faults            with a faulty replay beside the clean one: ${FAULTS.join(', ')}
  --fault-kinds <a,b> only these
  --strategies <a;b>  of ${STRATEGIES.map(({ name }) => name).join('; ')}
                      (default: all; Holdfast is always among them)
  --policy <file>     JSON that is merged into Holdfast's spec ({"gate": {…}, "training": {…}}): one strategy more, named
                      by the file; may be repeated
  --seed <n,n>        salts and seeds (default 1); several make as many replays
  --quick             the generated stream in three minutes, clean and faulty
  --nights-log        every night of every life: what served, what was made, what was said
  --json <file>       writes [{case, unit, ours, peer, theirs, ratio, target, met}]
  --page <file>       writes a page that stands alone
  --docs              puts the scores into docs/continuity.md
  --threads <n>       lives at the same time (default: one a core)
  --work <folder>     keeps finished lives, and goes on from them (default .cache/continuity; "none" for nowhere)
  --fail-on-lockout   ends with 1 where Holdfast locked a better version out
  --help              this text

HOLDFAST_DATA names the folder with the streams (default ../shared/data).
`;

const QUICK_NIGHTS = 12;
const QUICK_STREAM = 'generated-quick';
const WORK = path.resolve(import.meta.dirname, '../../../.cache/continuity');

const CONFIG = {
  streams: { type: 'string' },
  csv: { type: 'string' },
  label: { type: 'string' },
  ignore: { type: 'string' },
  task: { type: 'string' },
  season: { type: 'string' },
  nights: { type: 'string' },
  rows: { type: 'string' },
  faults: { type: 'boolean', default: false },
  'fault-kinds': { type: 'string' },
  strategies: { type: 'string' },
  policy: { type: 'string', multiple: true },
  seed: { type: 'string', default: '1' },
  quick: { type: 'boolean', default: false },
  'nights-log': { type: 'boolean', default: false },
  json: { type: 'string' },
  page: { type: 'string' },
  threads: { type: 'string' },
  work: { type: 'string' },
  docs: { type: 'boolean', default: false },
  'fail-on-lockout': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

function readArgs(args: readonly string[]) {
  try {
    return ok(parseArgs({ args: [...args], strict: true, options: CONFIG }).values);
  } catch (cause) {
    return err(cause instanceof Error ? cause.message : String(cause));
  }
}
type Values = Extract<ReturnType<typeof readArgs>, { ok: true }>['value'];

/** @returns what was asked for, or the first thing that is wrong with it */
export function parseOptions(args: readonly string[]): Result<Options, string> {
  const read = readArgs(args);
  if (!read.ok) return read;
  const { value } = read;
  const streams = readStreams(value);
  if (!streams.ok) return streams;
  const seeds = readCounts('--seed', value.seed);
  if (!seeds.ok) return seeds;
  const nights = readCount('--nights', value.nights ?? String(value.quick ? QUICK_NIGHTS : 18));
  if (!nights.ok) return nights;
  const threads = readCount('--threads', value.threads ?? String(availableParallelism()));
  if (!threads.ok) return threads;
  const strategies = readKnown(
    '--strategies',
    value.strategies?.split(';').map((name) => name.trim()),
    STRATEGIES.map(({ name }) => name),
  );
  if (!strategies.ok) return strategies;
  const kinds = readKnown('--fault-kinds', value['fault-kinds']?.split(','), FAULTS);
  if (!kinds.ok) return kinds;
  const policies = readPolicies(value.policy ?? []);
  if (!policies.ok) return policies;
  const faulty = value.faults || value.quick || value['fault-kinds'] !== undefined;
  return ok({
    help: value.help,
    streams: streams.value,
    nights: nights.value,
    seeds: seeds.value,
    conditions: faulty ? [[], kinds.value as readonly Fault[]] : [[]],
    strategies: strategies.value,
    policies: policies.value,
    nightsLog: value['nights-log'],
    threads: threads.value,
    json: value.json ?? null,
    page: value.page ?? null,
    work: value.work === 'none' ? null : (value.work ?? WORK),
    quick: value.quick,
    docs: value.docs,
    failOnLockout: value['fail-on-lockout'],
  });
}

function readStreams(values: Values): Result<StreamRef[], string> {
  const rows = values.rows === 'all' ? ok(null) : readCount('--rows', values.rows ?? String(PART_ROWS));
  if (!rows.ok) return rows;
  const own = readCsv(values, rows.value);
  if (!own.ok) return own;
  const wanted =
    values.streams?.split(',') ??
    (values.quick
      ? [QUICK_STREAM]
      : own.value.length > 0
        ? []
        : STREAM_NAMES.filter((name) => name !== QUICK_STREAM));
  const known: StreamRef[] = [];
  for (const one of wanted) {
    const name = findStreamName(one);
    if (!name.ok) return err(`--streams: ${name.error}`);
    known.push({ name: name.value, rows: rows.value, csv: null });
  }
  return ok([...own.value, ...known]);
}

function readCsv(values: Values, rows: number | null): Result<StreamRef[], string> {
  const { csv, label, ignore, task, season } = values;
  if (csv === undefined) {
    const stray = (['label', 'ignore', 'task', 'season'] as const).find((name) => values[name] !== undefined);
    return stray === undefined ? ok([]) : err(`--${stray}: expected with --csv, which names the table`);
  }
  if (label === undefined) return err('--csv: expected --label as well, the column that is to be predicted');
  if (task !== undefined && task !== 'classification' && task !== 'regression') {
    return err(`--task: expected classification or regression, got ${JSON.stringify(task)}`);
  }
  const period = season === undefined ? ok(null) : readCount('--season', season);
  if (!period.ok) return period;
  const source: CsvSource = {
    label,
    ignore: ignore === undefined || ignore === '' ? [] : ignore.split(','),
    task: task ?? null,
    season: period.value,
    changes: [],
    relabelled: false,
    from: 0,
    perDay: null,
  };
  return ok([{ name: nameOf(csv), rows, csv: { path: csv, source } }]);
}

function nameOf(file: string): string {
  return (
    path
      .basename(file)
      .toLowerCase()
      .replace(/\..*$/, '')
      .replaceAll(/[^a-z0-9-]+/g, '-') || 'csv'
  );
}

function readPolicies(files: readonly string[]): Result<Policy[], string> {
  const policies: Policy[] = [];
  for (const file of files) {
    let change: unknown;
    try {
      change = JSON.parse(readFileSync(file, 'utf8'));
    } catch (cause) {
      return err(`--policy ${file}: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
    if (typeof change !== 'object' || change === null || Array.isArray(change)) {
      return err(`--policy ${file}: expected an object with parts of a spec`);
    }
    policies.push({ name: path.basename(file, '.json'), change: change as Record<string, unknown> });
  }
  return ok(policies);
}

function readKnown(
  option: string,
  wanted: readonly string[] | undefined,
  known: readonly string[],
): Result<readonly string[], string> {
  if (wanted === undefined) return ok(known);
  const strange = wanted.find((name) => !known.includes(name));
  if (strange === undefined) return ok(wanted);
  const nearest = nearestNames(strange, known, 3).join(', ');
  return err(`${option}: there is none called ${JSON.stringify(strange)}; the nearest are ${nearest}`);
}

function readCounts(option: string, text: string): Result<number[], string> {
  const counts: number[] = [];
  for (const part of text.split(',')) {
    const count = readCount(option, part);
    if (!count.ok) return count;
    counts.push(count.value);
  }
  return ok(counts);
}

/** A whole number from 1 on. */
function readCount(option: string, text: string): Result<number, string> {
  const count = Number(text);
  return Number.isSafeInteger(count) && count >= 1
    ? ok(count)
    : err(`${option}: expected a whole number from 1 on, got ${JSON.stringify(text)}`);
}
