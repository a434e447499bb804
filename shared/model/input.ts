/**
 * From what a client sends to what the model sees: the same code at the edge and in the trainer, so there is no skew.
 *
 * instance (JSON) -> example input (raw numbers: pixels, feature values, category indices) -> encoded (Float32Array)
 */
import type { Constants } from '../registry/manifest.ts';
import { err, ok, type Result } from '../result.ts';
import type { Feature, InputSpec } from './spec.ts';

/** How many raw numbers an example has. */
export function rawSize(input: InputSpec): number {
  return input.kind === 'image' ? input.height * input.width * input.channels : input.features.length;
}

/** How many numbers the model sees: category features take one each value (one-hot). */
export function encodedSize(input: InputSpec): number {
  if (input.kind === 'image') return rawSize(input);
  return input.features.reduce((size, feature) => size + widthOf(feature), 0);
}

/** The shape the model sees, without the batch. */
export function encodedShape(input: InputSpec): number[] {
  return input.kind === 'image' ? [input.height, input.width, input.channels] : [encodedSize(input)];
}

/**
 * Reads one instance.
 *
 * An image is nested `[height][width][channels]` or flat numbers in 0..255, row by row. A tabular instance is an array
 * in the spec's order or an object by feature name.
 *
 * @param where  how the message names it: `instances[3]`
 * @returns raw numbers, [rawSize], finite
 */
export function parseInstance(input: InputSpec, value: unknown, where: string): Result<Float32Array, string> {
  return input.kind === 'image' ? parseImage(input, value, where) : parseRow(input.features, value, where);
}

type ImageSpec = Extract<InputSpec, { kind: 'image' }>;

function parseImage(input: ImageSpec, value: unknown, where: string): Result<Float32Array, string> {
  const { height, width, channels } = input;
  const shape = `[${height},${width},${channels}]`;
  if (!Array.isArray(value))
    return err(`${where}: expected an array of shape ${shape}, got ${kindOf(value)}`);
  const raw = new Float32Array(height * width * channels);
  const nested = Array.isArray(value[0]);
  const dimensions = nested
    ? channels === 1
      ? nestedGrey(value, [height, width])
      : [height, width, channels]
    : [raw.length];
  const problem = fill(value, dimensions, raw, where);
  return problem === null ? checkPixels(raw, where) : err(`${problem} (the shape is ${shape})`);
}

/** A grey image may leave out its last dimension of 1. */
function nestedGrey(value: readonly unknown[], [height, width]: [number, number]): number[] {
  const row = value[0];
  return Array.isArray(row) && Array.isArray(row[0]) ? [height, width, 1] : [height, width];
}

function checkPixels(raw: Float32Array, where: string): Result<Float32Array, string> {
  const at = raw.findIndex((pixel) => pixel < 0 || pixel > 255);
  return at === -1
    ? ok(raw)
    : err(`${where}: expected pixels from 0 to 255, got ${raw[at]} at position ${at}`);
}

/** Copies nested numbers into `raw`; the first misfit is named by its path. */
function fill(
  value: unknown,
  dimensions: readonly number[],
  raw: Float32Array,
  where: string,
): string | null {
  let next = 0;
  const visit = (item: unknown, depth: number, path: string): string | null => {
    const length = dimensions[depth];
    if (length === undefined) {
      if (typeof item !== 'number' || !Number.isFinite(item)) {
        return `${path}: expected a finite number, got ${kindOf(item)}`;
      }
      raw[next++] = item;
      return null;
    }
    if (!Array.isArray(item)) return `${path}: expected an array of ${length}, got ${kindOf(item)}`;
    if (item.length !== length) {
      const what = depth === dimensions.length - 1 ? 'numbers' : 'arrays';
      return `${path}: expected ${length} ${what}, got ${item.length}`;
    }
    for (let i = 0; i < length; i++) {
      const problem = visit(item[i], depth + 1, `${path}[${i}]`);
      if (problem !== null) return problem;
    }
    return null;
  };
  return visit(value, 0, where);
}

function parseRow(features: readonly Feature[], value: unknown, where: string): Result<Float32Array, string> {
  const cells = toCells(features, value, where);
  if (!cells.ok) return cells;
  const raw = new Float32Array(features.length);
  for (const [i, feature] of features.entries()) {
    const cell = parseCell(feature, cells.value[i], `${where}.${feature.name}`);
    if (!cell.ok) return cell;
    raw[i] = cell.value;
  }
  return ok(raw);
}

function toCells(features: readonly Feature[], value: unknown, where: string): Result<unknown[], string> {
  if (Array.isArray(value)) {
    if (value.length === features.length) return ok(value);
    const what = features.every(({ type }) => type === 'number') ? 'numbers' : 'values';
    return err(`${where}: expected ${features.length} ${what}, got ${value.length}`);
  }
  if (typeof value !== 'object' || value === null) {
    return err(
      `${where}: expected an array of ${features.length} or an object by feature name, got ${kindOf(value)}`,
    );
  }
  const named = new Map(Object.entries(value));
  const known = new Set(features.map(({ name }) => name));
  const unknown = [...named.keys()].find((name) => !known.has(name));
  if (unknown !== undefined) return err(`${where}: there is no feature ${kindOf(unknown)}`);
  const missing = features.find(({ name }) => !named.has(name));
  if (missing !== undefined) return err(`${where}: feature ${JSON.stringify(missing.name)} is missing`);
  return ok(features.map(({ name }) => named.get(name)));
}

function parseCell(feature: Feature, cell: unknown, where: string): Result<number, string> {
  if (feature.type === 'number') {
    if (typeof cell !== 'number' || !Number.isFinite(cell)) {
      return err(`${where}: expected a finite number, got ${kindOf(cell)}`);
    }
    if (Number.isFinite(Math.fround(cell))) return ok(cell);
    return err(`${where}: expected a number that float32 can hold, got ${cell}`);
  }
  const index = typeof cell === 'string' ? feature.values.indexOf(cell) : -1;
  if (index !== -1) return ok(index);
  const shown = feature.values.slice(0, 8).map((value) => JSON.stringify(value));
  const more = feature.values.length > 8 ? ', …' : '';
  return err(`${where}: expected one of ${shown.join(', ')}${more}, got ${kindOf(cell)}`);
}

/**
 * Writes what the model sees of one example into `out` at `offset`.
 *
 * Images: `pixel * scale + offset`. Numbers: `(x - mean) * scale` with the version's constants. Categories: one-hot.
 *
 * @param raw        [rawSize]
 * @param constants  a tabular version's constants, one entry a number feature, in order; null for images
 * @param out        encoded examples; [encodedSize] numbers are written
 */
export function encodeInput(
  input: InputSpec,
  constants: Constants | null,
  raw: Float32Array,
  out: Float32Array,
  offset: number,
): void {
  if (input.kind === 'image') {
    const { scale, offset: shift } = input;
    if (scale === 1 && shift === 0) {
      out.set(raw, offset);
      return;
    }
    for (let i = 0; i < raw.length; i++) out[offset + i] = (raw[i] as number) * scale + shift;
    return;
  }
  const { features } = input;
  let at = offset;
  let numeric = 0;
  // By index: an iterator would take a fifth of a small model's prediction.
  for (let i = 0; i < features.length; i++) {
    const feature = features[i] as Feature;
    const value = raw[i] as number;
    if (feature.type === 'number') {
      const mean = constants?.mean[numeric] ?? 0;
      const scale = constants?.scale[numeric] ?? 1;
      out[at] = (value - mean) * scale;
      numeric += 1;
    } else {
      out.fill(0, at, at + feature.values.length);
      out[at + value] = 1;
    }
    at += widthOf(feature);
  }
}

/**
 * Mean and reciprocal standard deviation of every number feature (population, two passes), whatever its unit.
 * A constant feature gets scale 1, so it is centred and never divided by zero.
 *
 * @param rows  raw examples, each [rawSize]
 */
export function fitConstants(input: InputSpec, rows: readonly Float32Array[]): Constants | null {
  if (input.kind === 'image') return null;
  const numeric = input.features.flatMap((feature, i) => (feature.type === 'number' ? [i] : []));
  const mean = numeric.map((i) => average(rows, (row) => row[i] as number));
  const scale = numeric.map((i, k) => {
    if (rows.every((row) => row[i] === rows[0]?.[i])) return 1;
    const centre = mean[k] as number;
    const variance = average(rows, (row) => ((row[i] as number) - centre) * ((row[i] as number) - centre));
    return 1 / Math.sqrt(variance);
  });
  return { mean, scale };
}

function average(rows: readonly Float32Array[], of: (row: Float32Array) => number): number {
  let sum = 0;
  for (const row of rows) sum += of(row);
  return rows.length === 0 ? 0 : sum / rows.length;
}

function widthOf(feature: Feature): number {
  return feature.type === 'number' ? 1 : feature.values.length;
}

/** What came, in words short enough for a message. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `a ${typeof value}`;
}
