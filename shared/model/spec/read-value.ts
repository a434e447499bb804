/**
 * How one value is read, whoever brings it: a cell of a table, a field of a line, a prediction request, feedback. One
 * reader for all of them, so that the same example means the same whichever way it comes in.
 *
 * Numbers and booleans count as their text where the model has it, null is absent, and what is of another type is
 * refused. Pure, and without the schema library: a first prediction loads this.
 */
import { err, ok, type Result } from '../../result.ts';

/** A number as a number is written: no leading zeros, so that codes like 007 stay names. */
const NUMERAL = /^[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;

/** Whether a text says a number and nothing else. */
export function isNumeral(text: string): boolean {
  return NUMERAL.test(text);
}

/**
 * The place of the name that a value stands for: a text by its letters; a number, or a text that says one, by what it is
 * worth (`1`, `1.0` and `1e0` are one name); true and false by their words, in any case.
 *
 * @param names  labels, or the values of a category
 * @returns -1 when it stands for none of them
 */
export function findName(names: readonly string[], value: unknown): number {
  if (typeof value === 'string') {
    const at = names.indexOf(value);
    return at === -1 && isNumeral(value) ? findNumber(names, Number(value)) : at;
  }
  if (typeof value === 'number') return findNumber(names, value);
  if (typeof value !== 'boolean') return -1;
  const word = String(value);
  const at = names.indexOf(word);
  return at === -1 ? names.findIndex((name) => name.toLowerCase() === word) : at;
}

/** Fractions also as float32 has them: tensors come so. Whole numbers must be the very one. */
function findNumber(names: readonly string[], value: number): number {
  const at = names.indexOf(String(value));
  if (at !== -1) return at;
  const rounded = !Number.isInteger(value) && Math.fround(value) === value;
  return names.findIndex((name) => {
    if (!isNumeral(name)) return false;
    const number = Number(name);
    return number === value || (rounded && Math.fround(number) === value);
  });
}

const MAX_TEXT = 128;

/**
 * A group or an id: a text or a number. null and nothing are none.
 *
 * @returns the text, or null where there is none; the error goes on after `items[2].group: `
 */
export function parseName(value: unknown): Result<string | null, string> {
  if (value === null || value === undefined) return ok(null);
  if (typeof value === 'number' && Number.isFinite(value)) return ok(String(value));
  if (typeof value !== 'string') return err(`expected a text or a number, got ${kindOf(value)}`);
  if (value.length > MAX_TEXT) return err(`expected at most ${MAX_TEXT} characters, got ${value.length}`);
  return ok(value);
}

/** As `parseName`; an empty text is no group either. */
export function parseGroup(value: unknown): Result<string | null, string> {
  return value === '' ? ok(null) : parseName(value);
}

/** What tables write where nothing is known (pandas.read_csv, R, SQL dumps, spreadsheets). */
const MISSING = /^(?:|#?n\/?a|<na>|nan|-nan|null|\\n|none|nil|-|\?|\.)$/i;

/** Whether a value says that there is none. */
export function isMissing(value: unknown): boolean {
  if (typeof value === 'string') return MISSING.test(value.trim());
  return value === null || value === undefined || Number.isNaN(value);
}

/** What came, in words short enough for a message. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `a ${typeof value}`;
}
