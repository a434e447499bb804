/**
 * Features and labels of a table, read off all of its content. Every guess is a line of a table that a person reads, and
 * has an option that says otherwise; nothing is asked.
 */
import type { Feature } from '../../shared/model/spec/spec.ts';
import { DATE_PARTS, MAX_VALUES } from '../../shared/model/spec/spec-bounds.ts';
import { isNumeral } from '../../shared/model/spec/read-value.ts';
import type { TaskSpec } from '../../shared/model/spec/task.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import {
  type ColumnProfile,
  profileColumns,
  MAX_DISTINCT,
  saysLabel,
  type TableProfile,
} from './column-profile.ts';
import type { Table } from './readers/table.ts';
import { describeMissing } from './readers/table-source.ts';

/** Whole numbers of up to so many different values name classes, like digits or grades; more of them count something. */
const MAX_NUMBERED_CLASSES = 30;
/** Values of fewer training examples are joined, where nothing else is said. */
const RARE = 5;

/** What a person says; everything else is guessed. */
export interface ColumnOptions {
  readonly label: string | null;
  readonly time: string | null;
  readonly group: string | null;
  readonly id: string | null;
  readonly ignore: readonly string[];
  /** Columns that are features, whatever they look like. */
  readonly use: readonly string[];
  readonly number: readonly string[];
  readonly category: readonly string[];
  readonly date: readonly string[];
  /** Columns that may be missing, also where this file has them all. */
  readonly missing: readonly string[];
  readonly rare: number | null;
  readonly decimal: '.' | ',' | null;
  readonly order: 'dmy' | 'mdy' | null;
  readonly task: TaskSpec['task'] | null;
}

export const NO_OPTIONS: ColumnOptions = {
  label: null,
  time: null,
  group: null,
  id: null,
  ignore: [],
  use: [],
  number: [],
  category: [],
  date: [],
  missing: [],
  rare: null,
  decimal: null,
  order: null,
  task: null,
};

/** What a column was taken for, as a person reads it. */
export interface SpecDecision {
  readonly column: string;
  readonly taken: string;
  readonly missing: number;
  /** Different values; null: more than are counted. */
  readonly distinct: number | null;
  readonly examples: readonly string[];
  readonly hint: string | null;
}

export interface Inferred {
  readonly features: readonly Feature[];
  /** what the label column asks to predict */
  readonly task: TaskSpec;
  /** How files like this one are read. */
  readonly columns: {
    readonly label: string;
    readonly time?: string;
    readonly group?: string;
    readonly id?: string;
    readonly ignore: readonly string[];
    readonly decimal?: '.' | ',';
    readonly order?: 'dmy' | 'mdy';
  };
  readonly findings: readonly SpecDecision[];
  readonly rows: number;
  readonly broken: number;
}

/** @returns features in the file's order, labels sorted (numbers by value) */
export async function inferFromTable(
  table: Table,
  options: ColumnOptions,
  now: Date,
): Promise<Result<Inferred, string>> {
  const label = options.label ?? guessLabel(table.columns);
  const named = [label, options.time, options.group, options.id, ...listed(options)];
  const absent = named.find((name) => name !== null && !table.columns.includes(name));
  if (absent !== undefined && absent !== null) {
    const option = absent === label ? '--label' : 'another option';
    return err(`${table.name}: ${describeMissing(table.columns, absent, option)}`);
  }
  const facts = await profileColumns(table, label);
  const decided = decide(facts, label, options, now);
  return decided.ok ? decided : err(`${table.name}: ${decided.error}`);
}

function listed({ use, number, category, date, missing }: ColumnOptions): string[] {
  return [...use, ...number, ...category, ...date, ...missing];
}

const LABELS =
  /^(label|labels|target|class|y|outcome|result|response|survived|churn(ed)?|species|diagnosis|(is_?)?fraud|default(ed)?|category)$/i;

/** By its name, else the last: where most tables have it. */
function guessLabel(columns: readonly string[]): string {
  return (
    columns.find((name) => name.toLowerCase() === 'label') ??
    columns.find((name) => LABELS.test(name)) ??
    (columns.at(-1) as string)
  );
}

interface Decision {
  readonly kind: 'feature' | 'time' | 'group' | 'id' | 'label' | 'ignored';
  readonly taken: string;
  readonly feature?: Feature;
  readonly hint?: string;
}

function decide(
  facts: TableProfile,
  label: string,
  options: ColumnOptions,
  now: Date,
): Result<Inferred, string> {
  const labels = facts.columns.find(({ name }) => name === label) as ColumnProfile;
  const decimal = options.decimal ?? guessDecimal(facts.columns);
  const task = toTask(labels, options.task ?? suggestTask(labels, decimal), decimal);
  if (!task.ok) return task;
  const guesses = {
    ...options,
    label,
    decimal,
    time: options.time ?? guessTime(facts.columns, options, now),
  };
  const decisions = facts.columns.map((column) => decideColumn(column, guesses, task.value));
  const features = decisions.flatMap(({ feature }) => (feature === undefined ? [] : [feature]));
  if (features.length === 0)
    return err(
      `none of the columns is taken for a feature (${decisions.map(({ taken }, i) => `${facts.columns[i]?.name}: ${taken}`).join('; ')}); --use <columns> says that some are`,
    );
  const of = (kind: Decision['kind']): string[] =>
    facts.columns.flatMap(({ name }, i) => (decisions[i]?.kind === kind ? [name] : []));
  const first = (kind: Decision['kind']): string | undefined => of(kind)[0];
  const order = options.order ?? orderOf(facts.columns.find(({ name }) => name === guesses.time));
  return ok({
    features,
    task: task.value,
    columns: {
      label,
      ...pick('time', first('time')),
      ...pick('group', first('group')),
      ...pick('id', first('id')),
      ignore: of('ignored'),
      ...(task.value.task === 'regression' && labels.numbers < labels.present ? { decimal } : {}),
      ...pick('order', order ?? undefined),
    },
    findings: facts.columns.map((column, i) => describe(column, decisions[i] as Decision)),
    rows: facts.rows,
    broken: facts.broken,
  });
}

function pick<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Partial<Record<K, V>>);
}

function describe(column: ColumnProfile, { taken, hint }: Decision): SpecDecision {
  const { name, missing, values, examples } = column;
  const distinct = values.size > MAX_DISTINCT ? null : values.size;
  return { column: name, taken, missing, distinct, examples, hint: hint ?? null };
}

/** A comma where some column is numbers with it and none without. */
function guessDecimal(columns: readonly ColumnProfile[]): '.' | ',' {
  const only = (mark: '.' | ',', other: '.' | ','): boolean =>
    columns.some(
      ({ numerals, present, affixes }) =>
        present > 0 && numerals[mark] === present && numerals[other] < present && affixes.size <= 1,
    );
  return only(',', '.') ? ',' : '.';
}

const TIMES = /^(time|timestamp|ts|date|datetime|date_?time|created(_?at)?|event_?time)$/i;

/** The one column that is called a time and is one that has passed. */
function guessTime(columns: readonly ColumnProfile[], options: ColumnOptions, now: Date): string | null {
  const taken = [...options.ignore, ...options.use, ...options.date, ...options.number, ...options.category];
  const found = columns.filter(
    (column) =>
      TIMES.test(column.name) &&
      !taken.includes(column.name) &&
      column.missing === 0 &&
      isTimes(column) &&
      column.latestMs <= now.getTime(),
  );
  return found.length === 1 ? (found[0]?.name ?? null) : null;
}

function isTimes({ times, present }: ColumnProfile): boolean {
  return present > 0 && Math.max(times.any, times.dmy, times.mdy) === present;
}

/** How 1/2/2026 is meant, where the column has such: day first where both could be. */
function orderOf(column: ColumnProfile | undefined): 'dmy' | 'mdy' | null {
  if (column === undefined || column.times.any === column.present) return null;
  return column.times.dmy === column.present ? 'dmy' : 'mdy';
}

type Guesses = ColumnOptions & { readonly label: string; readonly decimal: '.' | ',' };

function decideColumn(column: ColumnProfile, options: Guesses, task: TaskSpec): Decision {
  const { name } = column;
  if (name === options.label) return { kind: 'label', taken: describeTask(task) };
  if (name === options.time) return { kind: 'time', taken: 'the time (--time)' };
  if (name === options.group) return { kind: 'group', taken: 'the group (--group)' };
  if (name === options.id) return { kind: 'id', taken: 'the id (--id)' };
  if (options.ignore.includes(name)) return { kind: 'ignored', taken: 'ignored' };
  const decided = toFeature(column, options);
  const labels = task.task === 'classification' ? task.labels.length : 0;
  if (decided.feature === undefined || !saysLabel(column, labels)) return decided;
  return { ...decided, hint: 'says what the label is: a leak? (--ignore)' };
}

function describeTask(task: TaskSpec): string {
  return task.task === 'regression' ? 'the number to predict' : `the label, ${task.labels.length} classes`;
}

const leave = (why: string, name: string): Decision => ({
  kind: 'ignored',
  taken: `left out: ${why}`,
  hint: `--use ${name}`,
});

const ID =
  /^(id|uuid|guid|key|index|row|row_?(no|number)|no\.?|nr\.?|#|unnamed: ?\d+|column \d+)$|[_\s-](id|uuid|key)$|[a-z]I[dD]$/i;

function toFeature(column: ColumnProfile, options: Guesses): Decision {
  const { name, present, missing, values, numbers, whole, counting } = column;
  const kept = listed(options).includes(name);
  const gap = missing > 0 || options.missing.includes(name) ? ({ missing: true } as const) : {};
  const as = (feature: Feature, taken: string, hint?: string): Decision => ({
    kind: 'feature',
    feature,
    taken,
    ...(hint !== undefined && { hint }),
  });
  if (present === 0) return leave('it has no value', name);
  if (options.date.includes(name)) return as(toDate(column, options, gap), 'a date (--date)');
  if (options.number.includes(name)) return as(toNumber(column, options, gap), 'a number (--number)');
  if (options.category.includes(name)) return as(toCategory(column, options, gap), 'a category (--category)');
  if (values.size === 1 && missing === 0 && !kept) return leave('it is always the same', name);
  const unique = present > 1 && values.size === Math.min(present, MAX_DISTINCT + 1);
  if (numbers === present) {
    if (unique && whole && ID.test(name) && !kept) return leave('numbers that name rows', name);
    const hint = unique && counting && present > 2 ? 'counts the rows: an id? (--ignore)' : undefined;
    return as(toNumber(column, options, gap), 'a number', hint);
  }
  if (isTimes(column) && column.timeTexts > 0) {
    const form = orderOf(column);
    const first = form === null ? '' : form === 'dmy' ? ', the day first' : ', the month first';
    return as(toDate(column, options, gap), `a date${first}`, form === null ? undefined : '--date-order');
  }
  if (column.numerals[options.decimal] === present && column.affixes.size <= 1) {
    const [unit = ''] = column.affixes;
    return as(toNumber(column, options, gap), `a number${unit === '' ? '' : ` in ${unit}`}`, '--decimal');
  }
  const each = present / values.size;
  if (!kept && present >= 20 && (each < 2 || values.size > MAX_DISTINCT))
    return leave('nearly every row has its own text', name);
  const many = values.size > MAX_VALUES ? `, the ${MAX_VALUES} most frequent of its values` : '';
  return as(toCategory(column, options, gap), `a category${many}`);
}

type Gap = { readonly missing?: true };

function toNumber(
  { name, numbers, present, numerals, values }: ColumnProfile,
  { decimal }: Guesses,
  gap: Gap,
): Feature {
  // 1.234 among 1.234.567 is no fraction.
  const thousands = (text: string): boolean => /^[+-]?\d{1,3}(\.\d{3})+$/.test(text);
  const grouped =
    decimal === ',' &&
    numerals[','] === present &&
    [...values.keys()].some((text) => text.includes('.')) &&
    [...values.keys()].every((text) => thousands(text) || !text.includes('.'));
  const plain = numbers === present && !grouped;
  return { name, type: 'number', ...gap, ...(plain ? {} : { decimal }) };
}

function toDate(column: ColumnProfile, options: Guesses, gap: Gap): Feature {
  const order = options.order ?? orderOf(column);
  return {
    name: column.name,
    type: 'date',
    parts: DATE_PARTS.filter((part) => part !== 'hour' || column.hours),
    ...(order === null ? {} : { order }),
    ...gap,
  };
}

function toCategory({ name, values }: ColumnProfile, options: Guesses, gap: Gap): Feature {
  const frequent = [...values].sort(([, a], [, b]) => b - a).slice(0, MAX_VALUES);
  const kept = oneSpelling(frequent.map(([value]) => value));
  return { name, type: 'category', values: sortValues(kept), rare: options.rare ?? RARE, ...gap };
}

function suggestTask(label: ColumnProfile, decimal: '.' | ','): TaskSpec['task'] {
  const { numbers, present, whole, values, numerals, affixes } = label;
  const numeric = numbers === present || (numerals[decimal] === present && affixes.size <= 1);
  return numeric && !(whole && oneSpelling(values.keys()).length <= MAX_NUMBERED_CLASSES)
    ? 'regression'
    : 'classification';
}

function toTask(label: ColumnProfile, task: TaskSpec['task'], decimal: '.' | ','): Result<TaskSpec, string> {
  const { name, numbers, present, numerals } = label;
  const column = JSON.stringify(name);
  const values = oneSpelling(label.values.keys());
  if (values.length < 2)
    return err(
      `expected 2 or more ${task === 'regression' ? 'values' : 'labels'} in ${column}, got ${values.length}; --label says which column it is`,
    );
  if (task === 'regression') {
    if (numbers !== present && numerals[decimal] !== present)
      return err(`expected numbers only in ${column}, the target of a regression`);
    return ok({ task, target: { name } });
  }
  if (values.length > MAX_DISTINCT)
    return err(
      `${column} has more than ${MAX_DISTINCT} values: is it the label? --label says which column is`,
    );
  return ok({ task, labels: sortValues(values) });
}

/** `1`, `1.0` and `1e0` are one value, in its shortest form; where all values are numbers. */
function oneSpelling(values: Iterable<string>): string[] {
  const texts = [...values];
  if (!texts.every(isNumeral)) return texts;
  return [...new Set(texts.map((text) => String(Number(text))))];
}

function sortValues(values: Iterable<string>): string[] {
  const collator = new Intl.Collator('en', { numeric: true });
  return [...values].sort((a, b) => collator.compare(a, b) || (a < b ? -1 : 1));
}
