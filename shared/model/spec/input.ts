/**
 * From what a client sends to what the model sees: the same code at the edge and in the trainer, so there is no skew.
 *
 * instance (JSON) -> example input (raw numbers: pixels, feature values, category indices) -> encoded (Float32Array)
 */
import type { Constants } from '../../registry/versions/manifest.ts';
import { err, ok, type Result } from '../../result.ts';
import { describeBadCell, type NumberPolicy, readCell, widthOf } from './feature.ts';
import { readNested } from './nested-numbers.ts';
import { kindOf } from './read-value.ts';
import type { Feature, InputSpec } from './spec.ts';
import { type ConstantsFit, createRowEncoder, createRowFit, type RowEncoder } from './table-encoder.ts';
import { createTensorEncoder, createTensorFit, parseTensor } from './tensor-input.ts';

/** How many raw numbers an example has. */
export function rawSize(input: InputSpec): number {
  switch (input.kind) {
    case 'tabular':
      return input.features.length;
    case 'image':
      return input.height * input.width * input.channels;
    case 'tensor':
      return input.shape.reduce((size, side) => size * side, 1);
  }
}

/** How many numbers the model sees. */
export function encodedSize(input: InputSpec): number {
  if (input.kind !== 'tabular') return rawSize(input);
  return input.features.reduce((size, feature) => size + widthOf(feature), 0);
}

/** The shape the model sees, without the batch. */
export function encodedShape(input: InputSpec): number[] {
  switch (input.kind) {
    case 'tabular':
      return [encodedSize(input)];
    case 'image':
      return [input.height, input.width, input.channels];
    case 'tensor':
      return [...input.shape];
  }
}

/**
 * Reads one instance.
 *
 * An image is nested `[height][width][channels]` or flat numbers in 0..255, row by row; a tensor nested as its shape says,
 * or flat. A tabular instance is an array
 * in the spec's order or an object by feature name; the value of a feature may stand in a list of its own, and the
 * instance of a model with one feature may be the bare value.
 *
 * @param where  how the message names it: `instances[3]`
 * @returns raw numbers, [rawSize]
 */
export function parseInstance(
  input: InputSpec,
  value: unknown,
  where: string,
  numbers: NumberPolicy = 'finite',
): Result<Float32Array, string> {
  switch (input.kind) {
    case 'tabular':
      return parseRow(input.features, value, where, numbers);
    case 'image':
      return parseImage(input, value, where);
    case 'tensor':
      return parseTensor(input, value, where, numbers);
  }
}

export type ImageSpec = Extract<InputSpec, { kind: 'image' }>;

function parseImage(input: ImageSpec, value: unknown, where: string): Result<Float32Array, string> {
  const { height, width, channels } = input;
  const raw = readNested(value, [height, width, channels], Number.isFinite, where);
  if (!raw.ok) return raw;
  const problem = describeBadPixel(raw.value, where);
  return problem === null ? raw : err(problem);
}

/** What is wrong with raw pixels, or null: 0 to 255 are pixels. */
export function describeBadPixel(raw: Float32Array, where: string): string | null {
  const at = raw.findIndex((pixel) => !(pixel >= 0 && pixel <= 255));
  return at === -1 ? null : `${where}: expected pixels from 0 to 255, got ${raw[at]} at position ${at}`;
}

function parseRow(
  features: readonly Feature[],
  value: unknown,
  where: string,
  numbers: NumberPolicy,
): Result<Float32Array, string> {
  const cells = toCells(features, value, where);
  if (!cells.ok) return cells;
  const raw = new Float32Array(features.length);
  for (let i = 0; i < features.length; i++) {
    const feature = features[i] as Feature;
    const cell = readCell(feature, cells.value[i], numbers);
    if (cell === null) return err(describeBadCell(feature, cells.value[i], `${where}.${feature.name}`));
    raw[i] = cell;
  }
  return ok(raw);
}

function toCells(
  features: readonly Feature[],
  value: unknown,
  where: string,
): Result<readonly unknown[], string> {
  if (Array.isArray(value)) {
    if (value.length === features.length) return ok(value);
    const what = features.every(({ type }) => type === 'number') ? 'numbers' : 'values';
    return err(`${where}: expected ${features.length} ${what}, got ${value.length}`);
  }
  if (typeof value === 'object' && value !== null) {
    return namedCells(features, value as Readonly<Record<string, unknown>>, where);
  }
  if (features.length === 1) return ok([value]);
  return err(
    `${where}: expected an array of ${features.length} or an object by feature name, got ${kindOf(value)}`,
  );
}

function namedCells(
  features: readonly Feature[],
  value: Readonly<Record<string, unknown>>,
  where: string,
): Result<unknown[], string> {
  const { gaps, strays } = compareNames(features, value);
  if (strays.length === 0 && gaps.every(({ missing }) => missing)) {
    return ok(features.map(({ name }) => unwrapSingle(value[name])));
  }
  return err(`${where}: ${describeNames(gaps, strays)}`);
}

/** What of the features is not named, and what is named and no feature. */
export function compareNames(
  features: readonly Feature[],
  value: Readonly<Record<string, unknown>>,
): { readonly gaps: readonly Feature[]; readonly strays: readonly string[] } {
  const gaps = features.filter(({ name }) => !Object.hasOwn(value, name));
  const names = Object.keys(value);
  if (names.length === features.length - gaps.length) return { gaps, strays: [] };
  const known = new Set(features.map(({ name }) => name));
  return { gaps, strays: names.filter((name) => !known.has(name)) };
}

/** A misspelt name is both: one that is missing and one that is not known. */
export function describeNames(gaps: readonly Feature[], strays: readonly string[]): string {
  const [stray] = strays;
  const gap = gaps.find(({ missing }) => !missing);
  return [
    ...(stray === undefined ? [] : [`there is no feature ${kindOf(stray)}`]),
    ...(gap === undefined ? [] : [`feature ${JSON.stringify(gap.name)} is missing`]),
  ].join(', and ');
}

/** `[5]` as `5`: a client of a model whose inputs have the shape [batch, 1] writes its values so. */
function unwrapSingle(cell: unknown): unknown {
  return Array.isArray(cell) && cell.length === 1 ? cell[0] : cell;
}

/**
 * Writes what the model sees of one example into `out` at `offset`.
 *
 * Images: `pixel * scale + offset`. Tables: as table-encoder.ts says. Tensors: as tensor-input.ts says.
 *
 * @param raw        [rawSize]
 * @param constants  the version's; null for images
 * @param out        encoded examples; [encodedSize] numbers are written
 */
export function encodeInput(
  input: InputSpec,
  constants: Constants | null,
  raw: Float32Array,
  out: Float32Array,
  offset: number,
): void {
  createEncoder(input, constants)(raw, out, offset);
}

/** `encodeInput` for many examples: what depends on the spec alone is looked at once. */
export function createEncoder(input: InputSpec, constants: Constants | null): RowEncoder {
  if (input.kind === 'image') return createImageEncoder(input);
  if (input.kind === 'tensor') return createTensorEncoder(input, constants);
  const { features } = input;
  if (features.some((feature) => feature.type !== 'number' || feature.missing))
    return createRowEncoder(features, constants);
  const mean = Float64Array.from(features, (_, i) => constants?.mean[i] ?? 0);
  const scale = Float64Array.from(features, (_, i) => constants?.scale[i] ?? 1);
  return (raw, out, offset) => encodeNumbers(mean, scale, raw, out, offset);
}

function createImageEncoder({ scale, offset: shift }: ImageSpec): RowEncoder {
  if (scale === 1 && shift === 0) return (raw, out, offset) => out.set(raw, offset);
  return (raw, out, offset) => {
    for (let i = 0; i < raw.length; i++) out[offset + i] = (raw[i] as number) * scale + shift;
  };
}

/** A loop of its own: where features differ, a number takes ten times as long. */
function encodeNumbers(
  mean: Float64Array,
  scale: Float64Array,
  raw: Float32Array,
  out: Float32Array,
  offset: number,
): void {
  for (let i = 0; i < mean.length; i++)
    out[offset + i] = ((raw[i] as number) - (mean[i] as number)) * (scale[i] as number);
}

/** Fits the constants to examples that come one by one, twice in the same order; null for images, which need none. */
export function createConstantsFit(input: InputSpec): ConstantsFit | null {
  if (input.kind === 'image') return null;
  return input.kind === 'tensor' ? createTensorFit(input) : createRowFit(input.features);
}

/** The same of examples in memory. @param rows  raw, each [rawSize] */
export function fitConstants(input: InputSpec, rows: readonly Float32Array[]): Constants | null {
  const fit = createConstantsFit(input);
  if (fit === null) return null;
  for (const row of rows) fit.centre(row);
  for (const row of rows) fit.spread(row);
  return fit.constants();
}
