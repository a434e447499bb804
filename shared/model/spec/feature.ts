/**
 * One feature of a table: what a cell of it says, and how many numbers the model sees of it.
 */
import { findName, isMissing, kindOf } from './read-value.ts';
import { parseMoment } from './moment.ts';
import type { DatePart } from './spec-bounds.ts';
import type { Feature } from './spec.ts';

/**
 * `finite`: what may be learnt from. `any`: NaN and infinities pass too, for predictions: the servers whose protocols
 * the edge speaks compute with them.
 */
export type NumberPolicy = 'finite' | 'any';

export type CategoryFeature = Extract<Feature, { type: 'category' }>;
export type DateFeature = Extract<Feature, { type: 'date' }>;

/** Numbers on a circle take a sine and a cosine. */
const PART_WIDTHS: Readonly<Record<DatePart, number>> = { hour: 2, weekday: 2, month: 2, age: 1 };

/** How many numbers the model sees of a feature; the last is whether it is missing, where it may be. */
export function widthOf(feature: Feature): number {
  const gap = feature.missing ? 1 : 0;
  switch (feature.type) {
    case 'number':
      return 1 + gap;
    case 'category':
      return feature.values.length + (feature.rare === undefined ? 0 : 1) + gap;
    case 'date':
      return feature.parts.reduce((width, part) => width + PART_WIDTHS[part], gap);
  }
}

/** Raw numbers of a date are minutes since then: whole ones in float32, of every midnight and 30 years around. */
const DATE_EPOCH_MS = 1_577_836_800_000;
const MINUTE_MS = 60_000;

/** The time that a date's raw number stands for, in milliseconds. */
export function momentOf(raw: number): number {
  return raw * MINUTE_MS + DATE_EPOCH_MS;
}

/**
 * A cell's raw number: of a category the index of its value, `values.length` for "other", one more for "missing"; of a
 * date minutes since 2020. A number or date that is missing is NaN.
 *
 * @returns null when the cell holds none
 */
export function readCell(feature: Feature, cell: unknown, numbers: NumberPolicy): number | null {
  const raw = readPresent(feature, cell, numbers);
  if (raw !== null && (raw === raw || feature.missing === undefined)) return raw;
  if (feature.missing && isMissing(cell)) {
    return feature.type === 'category' ? widthOf(feature) - 1 : Number.NaN;
  }
  const other = feature.type === 'category' && feature.rare !== undefined;
  return other && isName(cell) ? feature.values.length : null;
}

function isName(cell: unknown): boolean {
  return typeof cell === 'string' || typeof cell === 'number' || typeof cell === 'boolean';
}

function readPresent(feature: Feature, cell: unknown, numbers: NumberPolicy): number | null {
  switch (feature.type) {
    case 'number': {
      const value = feature.decimal === undefined ? cell : readNumeral(cell, feature.decimal);
      if (typeof value !== 'number') return null;
      return numbers === 'any' || Number.isFinite(Math.fround(value)) ? value : null;
    }
    case 'category': {
      const at = findName(feature.values, cell);
      return at === -1 ? null : at;
    }
    case 'date': {
      const ms = parseMoment(cell, feature);
      return Number.isNaN(ms) ? null : Math.floor((ms - DATE_EPOCH_MS) / MINUTE_MS);
    }
  }
}

/** Before a number: a sign, a currency. After it: per cent, a currency, a unit. */
const BEFORE = /^(?:[A-Z]{2,3}(?=[\s$]))?\s*\p{Sc}?\s*$/u;
const AFTER = /^\s*(?:[%‰°\p{Sc}]|°[CF]|\p{L}{1,4}(?:\/\p{L}{1,3})?[²³]?)?$/u;
/** Thousands stand in threes, apart by what is not the decimal mark. */
const DIGITS = {
  '.': /^(\d{1,3}(?:[,'’\s]\d{3})+|\d*)(?:\.(\d*))?(e[+-]?\d+)?$/i,
  ',': /^(\d{1,3}(?:[.'’\s]\d{3})+|\d*)(?:,(\d*))?(e[+-]?\d+)?$/i,
} as const;

/** What stands around the digits of a number that is a text, the number's sign left out; null when it is none. */
export function unwrapNumeral(
  text: string,
  decimal: '.' | ',',
): { readonly value: number; readonly affix: string } | null {
  const match = /^(\D*?)([.,]?\d(?:.*\d)?)(\D*)$/u.exec(text.trim());
  if (match === null) return null;
  const [, before = '', core = '', after = ''] = match;
  const [unit, sign] = [before.replace(/[-+−]/, ''), /[-−]/.test(before) ? '-' : ''];
  const digits = DIGITS[decimal].exec(core);
  if (digits === null || !BEFORE.test(unit) || !AFTER.test(after)) return null;
  const [, whole = '', fraction = '', exponent = ''] = digits;
  const value = Number(`${sign}${whole.replaceAll(/\D/g, '') || '0'}.${fraction}${exponent}`);
  return { value, affix: unit.trim() + after.trim() };
}

/** The number in a text like `1,234.50 €`, `12 %` or `USD 3`: per cent stay per cent. The cell itself when it is none. */
function readNumeral(cell: unknown, decimal: '.' | ','): unknown {
  return typeof cell === 'string' ? (unwrapNumeral(cell, decimal)?.value ?? cell) : cell;
}

/** What is wrong with a cell of which nothing can be read. */
export function describeBadCell(feature: Feature, cell: unknown, where: string): string {
  if (feature.type === 'number') {
    return typeof cell === 'number' && Number.isFinite(cell)
      ? `${where}: expected a number that float32 can hold, got ${cell}`
      : `${where}: expected a finite number, got ${kindOf(cell)}`;
  }
  if (feature.type === 'date') return `${where}: expected a date or a time, got ${kindOf(cell)}`;
  const shown = feature.values.slice(0, 8).map((value) => JSON.stringify(value));
  const more = feature.values.length > 8 ? ', …' : '';
  return `${where}: expected one of ${shown.join(', ')}${more}, got ${kindOf(cell)}`;
}

/** What each raw value of a category is called, in their order; "(other)" and "(missing)" last, where they may come. */
export function namesOf({ values, rare, missing }: CategoryFeature): string[] {
  return [...values, ...(rare === undefined ? [] : ['(other)']), ...(missing ? ['(missing)'] : [])];
}
