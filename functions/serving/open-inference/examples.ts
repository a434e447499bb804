/**
 * From input tensors to examples. A model takes one tensor of all its numbers, [batch, …], or one tensor for each feature,
 * [batch] or [batch, 1].
 */
import { fromBase64 } from '../../../shared/bytes.ts';
import { describeBadCell, readCell } from '../../../shared/model/spec/feature.ts';
import { describeBadPixel, encodedShape, rawSize } from '../../../shared/model/spec/input.ts';
import type { Feature, InputSpec } from '../../../shared/model/spec/spec.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import { type AppError, invalid } from '../../http/errors.ts';
import type { Example } from '../inference.ts';
import { INPUT, isNumeric } from '../model-signature.ts';
import { type Bytes, decodeNumbers, type Tensor } from './tensor.ts';

/** One tensor by nature. */
type WholeInput = Exclude<InputSpec, { kind: 'tabular' }>;

/**
 * @param tensors  with different names
 * @param maxExamples  in one request
 */
export function toExamples(
  tensors: readonly Tensor[],
  input: InputSpec,
  maxExamples: number,
): Result<Example[], AppError> {
  const batch = tensors[0]?.shape[0] ?? 0;
  if (tensors.length > 0 && batch < 1) return invalid(`${tensors[0]?.where}: expected a batch of at least 1`);
  if (batch > maxExamples) return invalid(`inputs: expected at most ${maxExamples} examples, got ${batch}`);
  const examples = assemble(tensors, input, batch);
  return examples.ok ? examples : invalid(examples.error);
}

function assemble(tensors: readonly Tensor[], input: InputSpec, batch: number): Result<Example[], string> {
  const [only] = tensors;
  if (input.kind !== 'tabular') {
    return only !== undefined && tensors.length === 1
      ? fromWhole(only, input, batch)
      : err(`inputs: expected one tensor, '${INPUT}', got ${tensors.length}`);
  }
  const { features } = input;
  const [feature] = features;
  const unnamed = tensors.length === 1 && !features.some(({ name }) => name === only?.name);
  if (!unnamed || only === undefined) return fromColumns(tensors, features, batch);
  // What the one input is called says nothing; many clients name it after a sample.
  if (features.length === 1 && feature !== undefined) {
    return fromColumns([{ ...only, name: feature.name }], features, batch);
  }
  return fromMatrix(only, features, batch);
}

/** All features in one tensor, [batch, features]. */
function fromMatrix(
  { values, shape, where }: Tensor,
  features: readonly Feature[],
  batch: number,
): Result<Float32Array[], string> {
  if (!isNumeric(features)) {
    return err(`${where}: expected a tensor for each feature: ${describeNames(features)}`);
  }
  if (!(values instanceof Float32Array)) return err(`${where}: expected numbers, got BYTES`);
  if (!isShape(shape, [batch, features.length])) {
    return err(`${where}: expected the shape [-1,${features.length}], got [${shape.join(',')}]`);
  }
  return ok(splitRows(values, features.length));
}

function describeNames(features: readonly Feature[]): string {
  const shown = features.slice(0, 10).map(({ name }) => JSON.stringify(name));
  return features.length > shown.length ? `${shown.join(', ')}, …` : shown.join(', ');
}

/** A tensor for each feature, in any order. */
function fromColumns(
  tensors: readonly Tensor[],
  features: readonly Feature[],
  batch: number,
): Result<Float32Array[], string> {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const stray = tensors.find(({ name }) => !features.some((feature) => feature.name === name));
  if (stray !== undefined) {
    const gap = features.find(({ name, missing }) => !missing && !byName.has(name));
    const lacks = gap === undefined ? '' : ` and ${JSON.stringify(gap.name)} is missing`;
    return err(
      `${stray.where}: there is no feature ${JSON.stringify(stray.name.slice(0, 80))}${lacks}; expected one tensor '${INPUT}', or one for each feature`,
    );
  }
  const rows = Array.from({ length: batch }, () => new Float32Array(features.length));
  for (const [i, feature] of features.entries()) {
    const tensor = byName.get(feature.name);
    if (tensor === undefined && feature.missing) fillGap(rows, i, feature);
    else if (tensor === undefined) return err(`inputs: feature ${JSON.stringify(feature.name)} is missing`);
    const problem = tensor === undefined ? null : fillColumn(rows, i, feature, tensor);
    if (problem !== null) return err(problem);
  }
  return ok(rows);
}

/** A feature without a tensor is missing in every example. */
function fillGap(rows: readonly Float32Array[], column: number, feature: Feature): void {
  const missing = readCell(feature, null, 'any') ?? Number.NaN;
  for (const row of rows) row[column] = missing;
}

function fillColumn(
  rows: readonly Float32Array[],
  column: number,
  feature: Feature,
  { values, shape, where, logical }: Tensor,
): string | null {
  if (!isShape(shape, [rows.length]) && !isShape(shape, [rows.length, 1])) {
    return `${where}: expected the shape [${rows.length}] or [${rows.length},1], got [${shape.join(',')}]`;
  }
  for (const [i, row] of rows.entries()) {
    const value = toCell(feature, values[i], logical);
    const raw = readCell(feature, value, 'any');
    if (raw === null) return describeBadCell(feature, value, `${where} at position ${i}`);
    row[column] = raw;
  }
  return null;
}

/** True and false are words to a category; NaN is a gap to what is no number. */
function toCell(feature: Feature, value: number | Bytes | undefined, logical: boolean): unknown {
  if (typeof value !== 'number' || feature.type === 'number') return toText(value);
  if (Number.isNaN(value)) return null;
  return logical ? value === 1 : value;
}

function toText<T>(value: T | Uint8Array): T | string {
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : value;
}

/** All numbers, [batch, …shape] or [batch, numbers]; or encoded images, [batch] or [batch, 1]. */
function fromWhole(
  { values, shape, where }: Tensor,
  input: WholeInput,
  batch: number,
): Result<Example[], string> {
  if (!(values instanceof Float32Array)) {
    return input.kind === 'image'
      ? fromEncoded(values, shape, where, batch)
      : err(`${where}: expected numbers, got BYTES`);
  }
  const whole = encodedShape(input);
  const forms = [
    whole,
    [rawSize(input)],
    ...(whole.at(-1) === 1 ? [whole.slice(0, -1)] : []),
    ...(input.kind === 'tensor' ? [whole.filter((side) => side !== 1)] : []),
  ];
  if (!forms.some((form) => isShape(shape, [batch, ...form]))) {
    return err(`${where}: expected the shape [-1,${whole.join(',')}], got [${shape.join(',')}]`);
  }
  const problem = input.kind === 'image' ? describeBadPixel(values, where) : null;
  return problem === null ? ok(splitRows(values, rawSize(input))) : err(problem);
}

function fromEncoded(
  values: readonly Bytes[],
  shape: readonly number[],
  where: string,
  batch: number,
): Result<Example[], string> {
  if (!isShape(shape, [batch]) && !isShape(shape, [batch, 1])) {
    return err(`${where}: expected the shape [-1] of BYTES, got [${shape.join(',')}]`);
  }
  const examples: Example[] = [];
  for (const [i, value] of values.entries()) {
    const bytes = typeof value === 'string' ? fromBase64(value) : value;
    if (bytes === null) return err(`${where}: expected base64 at position ${i}`);
    examples.push({ bytes, where: `${where} at position ${i}` });
  }
  return ok(examples);
}

/** A body that is one tensor and nothing else: float32 numbers, as many examples as there are. */
export function fromRawBody(
  bytes: Uint8Array,
  input: InputSpec,
  maxExamples: number,
): Result<Example[], AppError> {
  if (input.kind === 'tabular' && !isNumeric(input.features)) {
    return invalid('body: a model with categories among its features has more than one input');
  }
  const width = rawSize(input);
  const batch = bytes.byteLength / (width * Float32Array.BYTES_PER_ELEMENT);
  if (!Number.isInteger(batch) || batch === 0) {
    return invalid(`body: expected examples of ${width} float32 numbers, got ${bytes.byteLength} bytes`);
  }
  const values = decodeNumbers(bytes, 'FP32', batch * width);
  if (!values.ok) return invalid(`body: ${values.error}`);
  const tensor = { name: INPUT, shape: [batch, width], where: 'body', values: values.value, logical: false };
  return toExamples([tensor], input, maxExamples);
}

function isShape(shape: readonly number[], expected: readonly number[]): boolean {
  return shape.length === expected.length && shape.every((size, i) => size === expected[i]);
}

/** Views, not copies. */
function splitRows(values: Float32Array, width: number): Float32Array[] {
  const rows: Float32Array[] = [];
  for (let at = 0; at < values.length; at += width) rows.push(values.subarray(at, at + width));
  return rows;
}
