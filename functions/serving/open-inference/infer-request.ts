/**
 * The JSON of an infer request, checked: `$inference_request` of the Open Inference Protocol, with the parameters of the
 * extensions for binary tensors and for classification.
 */
import { ok, type Result } from '../../../shared/result.ts';
import { type AppError, invalid } from '../../http/errors.ts';
import { type Datatype, DATATYPES, isDatatype } from './datatypes.ts';

export interface InferRequest {
  readonly id: string | null;
  readonly inputs: readonly InputTensor[];
  /** null: all, in the form of `binaryOutput`. */
  readonly outputs: readonly RequestedOutput[] | null;
  /** Whether outputs that are not named are answered as bytes. */
  readonly binaryOutput: boolean;
  /** What the request's parameters say of pixels, unchecked. */
  readonly pixels: unknown;
  /** What the parameter says, not yet looked at. */
  readonly group: unknown;
}

export interface InputTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** Product of the shape. */
  readonly size: number;
  /** Nested or flat; null where bytes hold the data. */
  readonly data: readonly unknown[] | null;
  /** How many bytes behind the JSON are this tensor's; null where `data` holds it. */
  readonly binarySize: number | null;
  /** Whether the strings of BYTES are base64: `content_type`, a convention of MLServer. */
  readonly base64: boolean;
}

export interface RequestedOutput {
  readonly name: string;
  readonly binary: boolean;
  /** Answer the so many most probable classes in place of the numbers; null for the numbers. */
  readonly classes: number | null;
}

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * From parsed JSON; a problem is said with its path (`inputs[0].shape`). Data are checked with the model's signature,
 * later.
 */
export function parseInferRequest(body: unknown): Result<InferRequest, AppError> {
  if (!isObject(body)) return invalid("expected an object with the key 'inputs' as the body");
  // null is absent.
  const { inputs, id = null, outputs = null } = body;
  if (id !== null && typeof id !== 'string') return invalid('id: expected a string');
  const parameters = parseParameters(body['parameters'], 'parameters');
  if (!parameters.ok) return parameters;
  if (!Array.isArray(inputs)) return invalid('inputs: expected a list of tensors');
  const tensors = parseList(inputs, 'inputs', parseInput);
  if (!tensors.ok) return tensors;
  const requested = outputs === null ? ok(null) : parseOutputs(outputs);
  if (!requested.ok) return requested;
  return ok({
    id,
    inputs: tensors.value,
    outputs: requested.value,
    binaryOutput: parameters.value['binary_data_output'] === true,
    pixels: parameters.value['pixels'],
    group: parameters.value['group'],
  });
}

function parseOutputs(outputs: unknown): Result<RequestedOutput[] | null, AppError> {
  if (!Array.isArray(outputs)) return invalid('outputs: expected a list');
  return outputs.length === 0 ? ok(null) : parseList(outputs, 'outputs', parseOutput);
}

function parseList<T extends { readonly name: string }>(
  items: readonly unknown[],
  list: string,
  parse: (item: unknown, where: string) => Result<T, AppError>,
): Result<T[], AppError> {
  const parsed: T[] = [];
  const names = new Set<string>();
  for (const [i, item] of items.entries()) {
    const where = `${list}[${i}]`;
    const value = parse(item, where);
    if (!value.ok) return value;
    const { name } = value.value;
    if (names.has(name)) return invalid(`${where}: ${JSON.stringify(name)} is named twice`);
    names.add(name);
    parsed.push(value.value);
  }
  return ok(parsed);
}

function parseInput(item: unknown, where: string): Result<InputTensor, AppError> {
  if (!isObject(item)) return invalid(`${where}: expected an object`);
  const { name, datatype, data = null } = item;
  if (typeof name !== 'string') return invalid(`${where}.name: expected a string`);
  if (!isDatatype(datatype)) {
    return invalid(`${where}.datatype: expected BYTES or one of ${DATATYPES.join(', ')}`);
  }
  const shape = parseShape(item['shape'], `${where}.shape`);
  if (!shape.ok) return shape;
  const parameters = parseParameters(item['parameters'], `${where}.parameters`);
  if (!parameters.ok) return parameters;
  const binarySize = parameters.value['binary_data_size'] ?? null;
  if (binarySize !== null && !isSize(binarySize)) {
    return invalid(`${where}.parameters.binary_data_size: expected a number of bytes`);
  }
  if ((data === null) === (binarySize === null)) {
    return invalid(`${where}: expected either data or the parameter binary_data_size`);
  }
  if (data !== null && !Array.isArray(data)) return invalid(`${where}.data: expected a list`);
  return ok({
    name,
    datatype,
    ...shape.value,
    data,
    binarySize,
    base64: parameters.value['content_type'] === 'base64',
  });
}

function parseShape(
  shape: unknown,
  where: string,
): Result<{ readonly shape: readonly number[]; readonly size: number }, AppError> {
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    return invalid(`${where}: expected a list of whole numbers from 0`);
  }
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  return Number.isSafeInteger(size) ? ok({ shape, size }) : invalid(`${where}: has too many elements`);
}

function parseOutput(item: unknown, where: string): Result<RequestedOutput, AppError> {
  if (!isObject(item) || typeof item['name'] !== 'string') {
    return invalid(`${where}: expected an object with a name`);
  }
  const parameters = parseParameters(item['parameters'], `${where}.parameters`);
  if (!parameters.ok) return parameters;
  const classes = parameters.value['classification'] ?? 0;
  if (!isSize(classes)) {
    return invalid(`${where}.parameters.classification: expected a number of classes`);
  }
  const binary = parameters.value['binary_data'] === true;
  return ok({ name: item['name'], binary, classes: classes === 0 ? null : classes });
}

function parseParameters(value: unknown, where: string): Result<JsonObject, AppError> {
  if (value === undefined || value === null) return ok({});
  if (isObject(value) && 'shared_memory_region' in value)
    return invalid(`${where}: shared memory is not offered, the bytes go with the request`);
  return isObject(value) ? ok(value) : invalid(`${where}: expected an object`);
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
