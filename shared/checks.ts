/**
 * Checks of parsed JSON, for what an isolate reads before its first prediction: a plan, and what serving needs of a
 * spec, an alias and a manifest. Everywhere else zod does this; a first prediction that waits for the evaluation of zod
 * takes twice as long (docs/benchmarks.md).
 */

/** @returns what is wrong with the value and where, or undefined */
export type Check = (value: unknown, path: string) => string | undefined;

/** What is wrong with a whole value, with places from its own fields on, or undefined. */
export function findProblem(check: Check, value: unknown): string | undefined {
  return check(value, '')?.replace(/^(\.|: )/, '');
}

/** A finite number: JSON has no others, but what JavaScript handed over may. */
export const anyNumber: Check = (value, path) =>
  expected(Number.isFinite(value), 'a finite number', value, path);

/** A text of any length. */
export const anyString: Check = (value, path) => expected(typeof value === 'string', 'a string', value, path);

/** @param what  what the pattern asks for, as the message goes on after 'expected' */
export function text(pattern: RegExp, what: string): Check {
  return (value, path) => expected(typeof value === 'string' && pattern.test(value), what, value, path);
}

/** A number within both bounds, the bounds included; never NaN. */
export function numberBetween(min: number, max: number): Check {
  const holds = (value: unknown): boolean => typeof value === 'number' && value >= min && value <= max;
  return (value, path) => expected(holds(value), `a number from ${min} to ${max}`, value, path);
}

/** A safe integer within both bounds, the bounds included. */
export function integer(min: number, max: number): Check {
  return (value, path) =>
    expected(
      typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max,
      `an integer from ${min} to ${max}`,
      value,
      path,
    );
}

/** One of these values; the message names all of them. */
export function oneOf(...values: readonly (string | number | boolean)[]): Check {
  return (value, path) =>
    expected(values.includes(value as string | number | boolean), `one of ${values.join(', ')}`, value, path);
}

/** Null, or what the check wants; a key that is missing is not null. */
export function nullable(check: Check): Check {
  return (value, path) => (value === null ? undefined : check(value, path));
}

/** A list with so many items, the bounds included; the first item that fails is named by its index. */
export function list(item: Check, minLength: number, maxLength: number): Check {
  return (value, path) => {
    if (!Array.isArray(value) || value.length < minLength || value.length > maxLength)
      return expected(false, `a list of ${minLength} to ${maxLength}`, value, path);
    return firstProblem(value, (element, i) => item(element, `${path}.${i}`));
  };
}

/** An object with these fields and no others. */
export function fields(checks: Readonly<Record<string, Check>>): Check {
  const names = Object.keys(checks);
  return (value, path) => {
    if (!isObject(value)) return expected(false, 'an object', value, path);
    const other = Object.keys(value).find((name) => !names.includes(name));
    if (other !== undefined) return `${path}.${other}: not a field here`;
    return firstProblem(names, (name) => checks[name]?.(value[name], `${path}.${name}`));
  };
}

/** An object with at least these fields: whatever else it says is for other readers. */
export function has(checks: Readonly<Record<string, Check>>): Check {
  const names = Object.keys(checks);
  return (value, path) => {
    if (!isObject(value)) return expected(false, 'an object', value, path);
    return firstProblem(names, (name) => checks[name]?.(value[name], `${path}.${name}`));
  };
}

/** Absent, or as the check says. */
export function optional(check: Check): Check {
  return (value, path) => (value === undefined ? undefined : check(value, path));
}

/** Objects of several kinds, told apart by one field. */
export function tagged(tag: string, checks: Readonly<Record<string, Check>>): Check {
  const kind = oneOf(...Object.keys(checks));
  return (value, path) => {
    if (!isObject(value)) return expected(false, 'an object', value, path);
    return kind(value[tag], `${path}.${tag}`) ?? checks[value[tag] as string]?.(value, path);
  };
}

function firstProblem<T>(
  items: readonly T[],
  check: (item: T, i: number) => string | undefined,
): string | undefined {
  for (const [i, item] of items.entries()) {
    const problem = check(item, i);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function expected(holds: boolean, what: string, value: unknown, path: string): string | undefined {
  return holds ? undefined : `${path}: expected ${what}, got ${describe(value)}`;
}

/** Never long, whatever the file holds. */
function describe(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 40);
}
