/**
 * Checks of parsed JSON, as few as a plan needs. Everywhere else zod does this; a cold start that waits for the
 * evaluation of zod takes half as long again (docs/benchmarks.md).
 */

/** @returns what is wrong with the value and where, or undefined */
export type Check = (value: unknown, path: string) => string | undefined;

export const anyNumber: Check = (value, path) => expected(typeof value === 'number', 'a number', value, path);

export const anyString: Check = (value, path) => expected(typeof value === 'string', 'a string', value, path);

export function integer(min: number, max: number): Check {
  return (value, path) =>
    expected(
      typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max,
      `an integer from ${min} to ${max}`,
      value,
      path,
    );
}

export function oneOf(...values: readonly string[]): Check {
  return (value, path) =>
    expected(values.includes(value as string), `one of ${values.join(', ')}`, value, path);
}

export function nullable(check: Check): Check {
  return (value, path) => (value === null ? undefined : check(value, path));
}

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
