/**
 * Numbers nested in lists, as JSON has a tensor: read into one row, and what is wrong with the first that does not fit.
 */
import { err, ok, type Result } from '../../result.ts';
import { kindOf } from './read-value.ts';

const MISFIT = -1;

/**
 * Reads numbers that are nested as `shape` says, or flat, or nested without its last or all its sides of 1.
 *
 * @param shape    without the batch
 * @param accepts  whether an item is a number that may be there
 * @param where    how messages name the value: `instances[3]`
 * @returns all of them, the last dimension fastest
 */
export function readNested(
  value: unknown,
  shape: readonly number[],
  accepts: (item: unknown) => boolean,
  where: string,
): Result<Float32Array, string> {
  const whole = `[${shape.join(',')}]`;
  if (!Array.isArray(value))
    return err(`${where}: expected an array of shape ${whole}, got ${kindOf(value)}`);
  const raw = new Float32Array(shape.reduce((size, side) => size * side, 1));
  const dimensions = dimensionsOf(value, shape, raw.length);
  if (fill(value, dimensions, 0, raw, 0, accepts) !== MISFIT) return ok(raw);
  const problem = describeMisfit(value, dimensions, where, accepts);
  return err(shape.length === 1 ? String(problem) : `${problem} (the shape is ${whole})`);
}

/** How deep the lists go says which of the forms it is. */
function dimensionsOf(value: readonly unknown[], shape: readonly number[], size: number): readonly number[] {
  if (!Array.isArray(value[0])) return [size];
  let depth = 0;
  for (let item: unknown = value; Array.isArray(item); item = (item as readonly unknown[])[0]) depth += 1;
  if (shape.at(-1) === 1 && depth === shape.length - 1) return shape.slice(0, -1);
  const long = shape.filter((side) => side !== 1);
  return depth === long.length ? long : shape;
}

/** Copies nested numbers to `raw[at]` and on; says where the next ones go, or `MISFIT`. */
function fill(
  value: unknown,
  dimensions: readonly number[],
  depth: number,
  raw: Float32Array,
  at: number,
  accepts: (item: unknown) => boolean,
): number {
  const length = dimensions[depth];
  if (!Array.isArray(value) || value.length !== length) return MISFIT;
  const leaf = depth === dimensions.length - 1;
  let next = at;
  for (const item of value as readonly unknown[]) {
    if (!leaf) next = fill(item, dimensions, depth + 1, raw, next, accepts);
    else if (accepts(item)) raw[next++] = item as number;
    else return MISFIT;
    if (next === MISFIT) return MISFIT;
  }
  return next;
}

/** The first misfit of nested numbers, by its path. */
function describeMisfit(
  value: unknown,
  dimensions: readonly number[],
  where: string,
  accepts: (item: unknown) => boolean,
): string | null {
  const [length, ...rest] = dimensions;
  if (length === undefined) {
    return accepts(value) ? null : `${where}: expected a finite number, got ${kindOf(value)}`;
  }
  if (!Array.isArray(value)) return `${where}: expected an array of ${length}, got ${kindOf(value)}`;
  if (value.length !== length) {
    return `${where}: expected ${length} ${rest.length === 0 ? 'numbers' : 'arrays'}, got ${value.length}`;
  }
  for (const [i, item] of value.entries()) {
    const problem = describeMisfit(item, rest, `${where}[${i}]`, accepts);
    if (problem !== null) return problem;
  }
  return null;
}
