/**
 * What a `:predict` request says (tensorflow/serving, api_rest.md and json_tensor.cc): rows under `instances`, or columns
 * under `inputs`. Keys that TF Serving does not know are ignored, as it ignores them.
 */
import { compareNames, describeNames } from '../../../shared/model/spec/input.ts';
import type { ServingSpec } from '../../../shared/model/spec/serving-spec.ts';
import type { Feature } from '../../../shared/model/spec/spec.ts';
import { ok, type Result } from '../../../shared/result.ts';
import { type AppError, invalid } from '../../http/errors.ts';
import { readGroups } from '../groups.ts';
import type { Example, InferenceRequest } from '../inference.ts';
import { INPUT } from '../model-signature.ts';
import { checkPixels } from '../pixels.ts';
import { predictAnswer } from './answers.ts';
import { checkSignature } from './signature.ts';
import { checkCount, isBase64Object, isObject, type JsonObject, readExample } from './values.ts';

/** @param maxInstances  in one request */
export function readPredictRequest(
  body: unknown,
  spec: ServingSpec,
  maxInstances: number,
): Result<InferenceRequest, AppError> {
  if (!isObject(body)) return invalid("expected an object with the key 'instances' or 'inputs' as the body");
  const signature = checkSignature(body['signature_name'], 'predict');
  if (!signature.ok) return signature;
  // null is absent.
  const { instances = null, inputs = null, group } = body;
  const pixels = checkPixels(body['pixels'], 'pixels', spec.input);
  if (!pixels.ok) return pixels;
  if (instances !== null && inputs !== null) {
    return invalid("expected one of 'instances' and 'inputs', got both");
  }
  if (instances === null && inputs === null) return invalid("missing 'inputs' or 'instances' key");
  const row = instances !== null;
  const read = row ? readRows(instances, spec, maxInstances) : readColumns(inputs, spec, maxInstances);
  const examples = pixels.value(read);
  if (!examples.ok) return examples;
  const groups = readGroups(group, examples.value.length, 'group');
  if (!groups.ok) return groups;
  const bare = isBareList(row ? instances : inputs);
  return ok({
    examples: examples.value,
    groups: groups.value,
    answer: (prediction) => predictAnswer(row ? 'row' : 'columnar', bare, prediction),
  });
}

/** A body that is one encoded image, as its media type says. */
export function readImageBody(bytes: Uint8Array): InferenceRequest {
  return {
    examples: [{ bytes, where: 'body' }],
    answer: (prediction) => predictAnswer('row', false, prediction),
  };
}

/** A list of values, [batch], in place of rows. */
function isBareList(list: unknown): boolean {
  return Array.isArray(list) && typeof list[0] !== 'object';
}

function readRows(instances: unknown, spec: ServingSpec, max: number): Result<Example[], AppError> {
  if (!Array.isArray(instances)) return invalid("expected 'instances' to be a list");
  const counted = checkCount(instances, 'instances', max);
  if (!counted.ok) return counted;
  const form = formOf(instances[0]);
  const mixed = instances.findIndex((instance) => formOf(instance) !== form);
  if (mixed !== -1) {
    return invalid(`instances[${mixed}]: expected ${form} like the first, got ${formOf(instances[mixed])}`);
  }
  const named = form === 'an object' ? instances.map((instance) => unwrapTensor(instance, spec)) : instances;
  return readExamples(named, spec, 'instances');
}

function readExamples(
  values: readonly unknown[],
  spec: ServingSpec,
  name: string,
): Result<Example[], AppError> {
  const examples: Example[] = [];
  for (let i = 0; i < values.length; i++) {
    const example = readExample(spec, values[i], `${name}[${i}]`);
    if (!example.ok) return example;
    examples.push(example.value);
  }
  return ok(examples);
}

/** Instances have one form: TF Serving makes one tensor of them. */
function formOf(instance: unknown): 'a list' | 'an object' | 'a value' {
  if (Array.isArray(instance)) return 'a list';
  return isObject(instance) && !isBase64Object(instance) ? 'an object' : 'a value';
}

/**
 * `[{"input": [1, 2]}]` says the same as `[[1, 2]]`, unless a feature has that name. The one tensor may go by any name,
 * as under `/v2`: a client has that of the graph which it was written for (`images`, `keras_layer_input`).
 */
function unwrapTensor(instance: JsonObject, { input }: ServingSpec): unknown {
  const [name, ...others] = Object.keys(instance);
  if (name === undefined || others.length > 0 || typeof instance[name] !== 'object') return instance;
  if (name === INPUT || input.kind !== 'tabular') return instance[name];
  // A row of one is as likely the misspelt name of the feature.
  const isFeature = input.features.length === 1 || input.features.some((feature) => feature.name === name);
  return isFeature ? instance : instance[name];
}

function readColumns(inputs: unknown, spec: ServingSpec, max: number): Result<Example[], AppError> {
  if (isBase64Object(inputs)) return readExamples([inputs], spec, 'inputs');
  if (Array.isArray(inputs)) return readList(inputs, spec, 'inputs', max);
  if (!isObject(inputs)) return invalid("expected 'inputs' to be a list, or an object of named lists");
  const { input } = spec;
  if (input.kind === 'tabular') {
    const { gaps, strays } = compareNames(input.features, inputs);
    const some = gaps.length < input.features.length;
    if (some && strays.length === 0 && gaps.every(({ missing }) => missing))
      return readFeatureColumns(inputs, input.features, spec, max);
    if (some) return invalid(`inputs: ${describeNames(gaps, strays)}`);
  }
  const names = Object.keys(inputs);
  const only = input.kind !== 'tabular' || input.features.length > 1 ? names[0] : undefined;
  const list = inputs[INPUT] ?? (names.length === 1 && only !== undefined ? inputs[only] : undefined);
  if (isBase64Object(list)) return readExamples([list], spec, `inputs.${INPUT}`);
  if (Array.isArray(list)) return readList(list, spec, `inputs.${INPUT}`, max);
  return invalid(describeMissing(inputs, spec));
}

function readList(
  list: readonly unknown[],
  spec: ServingSpec,
  where: string,
  max: number,
): Result<Example[], AppError> {
  const counted = checkCount(list, where, max);
  return counted.ok ? readExamples(list, spec, where) : counted;
}

/** One list for each feature, of values or of lists of one. */
function readFeatureColumns(
  inputs: JsonObject,
  features: readonly Feature[],
  spec: ServingSpec,
  max: number,
): Result<Example[], AppError> {
  const columns: unknown[][] = [];
  for (const { name } of features) {
    // Not there at all: missing in every example.
    if (!Object.hasOwn(inputs, name)) continue;
    const column = inputs[name];
    const length = columns[0]?.length;
    if (!Array.isArray(column) || (length !== undefined && column.length !== length)) {
      const got = Array.isArray(column) ? `${column.length}` : 'no list';
      const expected = length === undefined ? 'a list' : `a list as long as the others (${length})`;
      return invalid(`inputs.${name}: expected ${expected}, got ${got}`);
    }
    columns.push(column);
  }
  const counted = checkCount(columns[0] ?? [], 'inputs', max);
  if (!counted.ok) return counted;
  const there = features.map(({ name }) => Object.hasOwn(inputs, name));
  const rows = columns[0]?.map((_, i) => {
    let next = 0;
    return there.map((given) => (given ? unwrapSingle(columns[next++]?.[i]) : null));
  });
  return readExamples(rows ?? [], spec, 'inputs');
}

function unwrapSingle(cell: unknown): unknown {
  return Array.isArray(cell) && cell.length === 1 ? cell[0] : cell;
}

function describeMissing(inputs: JsonObject, { input }: ServingSpec): string {
  if (input.kind !== 'tabular') return `inputs: expected a list, or a list named '${INPUT}'`;
  const missing = input.features.find(({ name }) => !Object.hasOwn(inputs, name));
  return `inputs: expected a list for each feature, or one named '${INPUT}'; ${JSON.stringify(missing?.name)} is missing`;
}
