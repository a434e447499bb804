/**
 * What a TF Serving `:predict` request says (tensorflow/serving, api_rest.md): rows under `instances`, or columns under
 * `inputs`. A model here has one input of one type, so both come down to a list of examples.
 */
import { parseInstance } from '../shared/model/input.ts';
import type { Spec } from '../shared/model/spec.ts';
import { ok, type Result } from '../shared/result.ts';
import { type AppError, invalid } from './errors.ts';

export interface PredictRequest {
  readonly format: 'row' | 'columnar';
  readonly instances: readonly unknown[];
}

/** The name of the one input, where a client names it. */
const INPUT_NAME = 'input';
const SIGNATURE_NAME = 'serving_default';

/**
 * Reads the request's form; `parseRows` then reads the instances. Keys that TF Serving does not know are ignored, as it
 * ignores them.
 *
 * @param maxInstances  in one request
 */
export function parsePredictRequest(
  body: unknown,
  spec: Spec,
  maxInstances: number,
): Result<PredictRequest, AppError> {
  if (!isObject(body)) return invalid("expected an object with the key 'instances' or 'inputs' as the body");
  const { instances, inputs, signature_name: signature } = body;
  if (signature !== undefined && typeof signature !== 'string') {
    return invalid("'signature_name' key must be a string value");
  }
  if (signature !== undefined && signature !== SIGNATURE_NAME) {
    return invalid(
      `signature_name: expected ${SIGNATURE_NAME}, got ${JSON.stringify(signature.slice(0, 80))}`,
    );
  }
  if (instances !== undefined && inputs !== undefined) {
    return invalid("expected one of 'instances' and 'inputs', got both");
  }
  if (instances === undefined && inputs === undefined) return invalid("missing 'inputs' or 'instances' key");
  return instances === undefined
    ? parseColumns(inputs, spec, maxInstances)
    : parseList(instances, maxInstances);
}

function parseList(instances: unknown, maxInstances: number): Result<PredictRequest, AppError> {
  if (!Array.isArray(instances)) return invalid("expected 'instances' to be a list");
  const counted = checkCount('instances', instances, maxInstances);
  return counted.ok ? ok({ format: 'row', instances: instances.map(unwrapNamed) }) : counted;
}

/** `[{"input": [1, 2]}]` says the same as `[[1, 2]]`. */
function unwrapNamed(instance: unknown): unknown {
  return isObject(instance) && hasOnly(instance, INPUT_NAME) && Array.isArray(instance[INPUT_NAME])
    ? instance[INPUT_NAME]
    : instance;
}

function parseColumns(inputs: unknown, spec: Spec, maxInstances: number): Result<PredictRequest, AppError> {
  const columnar = (instances: readonly unknown[], where: string): Result<PredictRequest, AppError> => {
    const counted = checkCount(where, instances, maxInstances);
    return counted.ok ? ok({ format: 'columnar', instances }) : counted;
  };
  if (Array.isArray(inputs)) return columnar(inputs, 'inputs');
  if (!isObject(inputs)) return invalid("expected 'inputs' to be a list, or an object of named lists");
  const named = inputs[INPUT_NAME];
  if (hasOnly(inputs, INPUT_NAME) && Array.isArray(named)) return columnar(named, `inputs.${INPUT_NAME}`);
  if (spec.input.kind === 'image') return invalid(`inputs: expected a list, or a list named '${INPUT_NAME}'`);
  const columns = Object.entries(inputs);
  const length = Array.isArray(columns[0]?.[1]) ? columns[0][1].length : 0;
  for (const [name, column] of columns) {
    if (!Array.isArray(column) || column.length !== length) {
      const got = Array.isArray(column) ? `${column.length}` : 'no list';
      return invalid(`inputs.${name}: expected a list as long as the others (${length}), got ${got}`);
    }
  }
  const counted = checkCount('inputs', Array.from({ length }), maxInstances);
  if (!counted.ok) return counted;
  const row = (i: number) =>
    Object.fromEntries(columns.map(([name, column]) => [name, (column as unknown[])[i]]));
  return columnar(
    Array.from({ length }, (_, i) => row(i)),
    'inputs',
  );
}

function checkCount(
  where: string,
  { length }: { readonly length: number },
  max: number,
): Result<null, AppError> {
  if (length === 0) return invalid(`${where}: expected at least one value, got none`);
  if (length > max) return invalid(`${where}: expected at most ${max}, got ${length}`);
  return ok(null);
}

/**
 * Reads the instances as the model's input.
 *
 * @returns raw examples, each [rawSize]; the first misfit is named by its place
 */
export function parseRows(
  { format, instances }: PredictRequest,
  spec: Spec,
): Result<Float32Array[], AppError> {
  const name = format === 'row' ? 'instances' : 'inputs';
  const rows: Float32Array[] = [];
  for (const [i, instance] of instances.entries()) {
    const row = parseInstance(spec.input, instance, `${name}[${i}]`);
    if (!row.ok) return invalid(row.error);
    rows.push(row.value);
  }
  return ok(rows);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasOnly(object: object, key: string): boolean {
  const keys = Object.keys(object);
  return keys.length === 1 && keys[0] === key;
}
