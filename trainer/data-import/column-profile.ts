/**
 * What has been seen of a table's columns: all of the file, in one pass, in memory that does not grow with it.
 */
import { unwrapNumeral } from '../../shared/model/spec/feature.ts';
import { parseMoment } from '../../shared/model/spec/moment.ts';
import { isMissing } from '../../shared/model/spec/read-value.ts';
import { MAX_LABELS } from '../../shared/model/spec/spec-bounds.ts';
import type { Table } from './readers/table.ts';

/** Of so many different values each is counted, as many as a spec may have labels; beyond, only that there are more. */
export const MAX_DISTINCT = MAX_LABELS;
const SHOWN_EXAMPLES = 3;
/** Beyond, a column can't say the label by its values. */
const MAX_TELLING = 1_000;

export interface ColumnProfile {
  readonly name: string;
  /** Rows that have a value. */
  present: number;
  missing: number;
  /** Values that are numbers as programs write them. */
  numbers: number;
  /** Numbers by either decimal mark, units and thousands included; and what stood around them. */
  readonly numerals: Record<'.' | ',', number>;
  readonly affixes: Set<string>;
  /** Times, by what comes first where the year does not. */
  readonly times: Record<'any' | 'dmy' | 'mdy', number>;
  /** Texts that are times, rather than numbers that could be. */
  timeTexts: number;
  /** Whether any has an hour; the latest, in milliseconds. */
  hours: boolean;
  latestMs: number;
  whole: boolean;
  /** Whether every value is one more than the one before. */
  counting: boolean;
  last: number;
  readonly values: Map<string, number>;
  readonly examples: string[];
  /** The label of each value while it has but one; what a number's range is for each label. */
  readonly telling: Map<string, string>;
  tells: boolean;
  readonly ranges: Map<string, [least: number, most: number]>;
}

function createFacts(name: string): ColumnProfile {
  return {
    name,
    present: 0,
    missing: 0,
    numbers: 0,
    numerals: { '.': 0, ',': 0 },
    affixes: new Set(),
    times: { any: 0, dmy: 0, mdy: 0 },
    timeTexts: 0,
    hours: false,
    latestMs: Number.NEGATIVE_INFINITY,
    whole: true,
    counting: true,
    last: Number.NaN,
    values: new Map(),
    examples: [],
    telling: new Map(),
    tells: true,
    ranges: new Map(),
  };
}

export interface TableProfile {
  readonly columns: readonly ColumnProfile[];
  readonly rows: number;
  /** Records that could not be read. */
  readonly broken: number;
}

/** @param label  the column of the label, where it is known which */
export async function profileColumns(table: Table, label: string | null): Promise<TableProfile> {
  const columns = table.columns.map(createFacts);
  const labelAt = label === null ? -1 : table.columns.indexOf(label);
  let rows = 0;
  let broken = 0;
  for await (const { cells } of table.records()) {
    if (!cells.ok || cells.value.length !== columns.length) {
      broken += 1;
      continue;
    }
    rows += 1;
    const said = labelAt === -1 ? null : toText(cells.value[labelAt]);
    for (const [i, column] of columns.entries()) note(column, cells.value[i], i === labelAt ? null : said);
  }
  return { columns, rows, broken };
}

function toText(cell: unknown): string {
  return typeof cell === 'string' ? cell.trim() : String(cell);
}

function note(column: ColumnProfile, cell: unknown, label: string | null): void {
  if (isMissing(cell)) {
    column.missing += 1;
    return;
  }
  const text = toText(cell);
  column.present += 1;
  const number = Number(text);
  const isNumber = Number.isFinite(number) && typeof cell !== 'boolean';
  if (isNumber) column.numbers += 1;
  if (!Number.isInteger(number)) column.whole = false;
  if (column.counting && column.present > 1 && number !== column.last + 1) column.counting = false;
  column.last = number;
  if (column.values.size <= MAX_DISTINCT) column.values.set(text, (column.values.get(text) ?? 0) + 1);
  if (column.examples.length < SHOWN_EXAMPLES && !column.examples.includes(text)) column.examples.push(text);
  noteForms(column, text, isNumber);
  if (label !== null) noteLabel(column, text, isNumber ? number : null, label);
}

function noteForms(column: ColumnProfile, text: string, isNumber: boolean): void {
  for (const decimal of ['.', ','] as const) {
    const read = column.numerals[decimal] === column.present - 1 ? unwrapNumeral(text, decimal) : null;
    if (read === null) continue;
    column.numerals[decimal] += 1;
    if (column.affixes.size <= 2 && read.affix !== '') column.affixes.add(read.affix);
  }
  const { times } = column;
  const before = column.present - 1;
  if (times.any !== before && times.dmy !== before && times.mdy !== before) return;
  const read = {
    any: parseMoment(text),
    dmy: parseMoment(text, { order: 'dmy' }),
    mdy: parseMoment(text, { order: 'mdy' }),
  };
  for (const form of ['any', 'dmy', 'mdy'] as const) if (!Number.isNaN(read[form])) times[form] += 1;
  const ms = [read.any, read.dmy, read.mdy].find((time) => !Number.isNaN(time));
  if (ms === undefined) return;
  if (!isNumber) column.timeTexts += 1;
  if (ms % 86_400_000 !== 0) column.hours = true;
  column.latestMs = Math.max(column.latestMs, ms);
}

function noteLabel(column: ColumnProfile, text: string, number: number | null, label: string): void {
  if (column.tells) {
    const known = column.telling.get(text);
    if (known === undefined) column.telling.set(text, label);
    if ((known !== undefined && known !== label) || column.telling.size > MAX_TELLING) {
      column.tells = false;
      column.telling.clear();
    }
  }
  if (number === null || column.ranges.size > 100) return;
  const range = column.ranges.get(label);
  if (range === undefined) column.ranges.set(label, [number, number]);
  else {
    range[0] = Math.min(range[0], number);
    range[1] = Math.max(range[1], number);
  }
}

/** Whether a column says what the label is: each of its few values has one label, or each label a range of its own. */
export function saysLabel(column: ColumnProfile, labels: number): boolean {
  const { values, present, tells, telling, ranges, numbers } = column;
  if (labels < 2 || labels > 100 || present < 50) return false;
  const few = values.size <= Math.min(MAX_TELLING, present / 10);
  if (tells && few && new Set(telling.values()).size === labels) return true;
  if (numbers !== present || ranges.size !== labels) return false;
  const sorted = [...ranges.values()].sort((a, b) => a[0] - b[0]);
  return sorted.every(([least], i) => i === 0 || least > (sorted[i - 1]?.[1] ?? Number.POSITIVE_INFINITY));
}
