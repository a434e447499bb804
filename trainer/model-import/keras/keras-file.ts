/**
 * Models as Keras saves them, without a converter: `.keras` (a zip of config.json and model.weights.h5) and `.h5`
 * (HDF5 with the config as an attribute). HDF5 is read by its own library, compiled to WASM (h5wasm).
 */
import type { Group as Hdf5Group } from 'h5wasm';
import { sizeOf } from '../../../shared/model/plan/tensor.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import { isObject, type Json } from '../json-object.ts';
import type { NamedWeight } from './keras-weights.ts';
import { readZip } from '../../zip-file.ts';

export interface KerasModel {
  /** The model's `class_name` and `config`. */
  readonly topology: unknown;
  /** By the names that the file gives them, float32. */
  readonly weights: readonly NamedWeight[];
}

/** @returns the model; what the file is instead, where it is none */
export async function readH5(bytes: Uint8Array, where: string): Promise<Result<KerasModel, string>> {
  return withHdf5(bytes, where, (file) => {
    const config = file.attrs['model_config']?.value;
    if (typeof config !== 'string')
      return err(
        `${where}: HDF5 with no model_config, so it holds weights at most: save the whole model with model.save('model.keras')`,
      );
    const topology = parseConfig(config, `${where}: model_config`);
    if (!topology.ok) return topology;
    const group = file.get('model_weights');
    const weights = isGroup(group) ? legacyWeights(group) : ok([]);
    return weights.ok
      ? ok({ topology: topology.value, weights: weights.value })
      : err(`${where}: ${weights.error}`);
  });
}

/** @param maxBytes  of what the archive unpacks to */
export async function readKeras(
  bytes: Uint8Array,
  where: string,
  maxBytes: number,
): Promise<Result<KerasModel, string>> {
  const files = readZip(bytes, where, maxBytes);
  if (!files.ok) return files;
  const config = files.value.get('config.json');
  const stored = files.value.get('model.weights.h5');
  if (config === undefined || stored === undefined) {
    const names = [...files.value.keys()].slice(0, 6).join(', ');
    return err(`${where}: expected config.json and model.weights.h5 in it, as Keras 3 saves, got ${names}`);
  }
  const topology = parseConfig(new TextDecoder().decode(config), `${where}: config.json`);
  if (!topology.ok) return topology;
  return withHdf5(stored, `${where}: model.weights.h5`, (file) => {
    const weights = archivedWeights(topology.value, file, 0);
    return weights.ok
      ? ok({ topology: topology.value, weights: weights.value })
      : err(`${where}: ${weights.error}`);
  });
}

function parseConfig(text: string, where: string): Result<Json, string> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return ok(value);
  } catch {
    // said below
  }
  return err(`${where}: expected a JSON object`);
}

let opened = 0;

async function withHdf5<T>(
  bytes: Uint8Array,
  where: string,
  read: (file: Hdf5Group) => Result<T, string>,
): Promise<Result<T, string>> {
  const hdf5 = await import('h5wasm');
  const library = await hdf5.ready;
  // Otherwise it prints each failure, and goes on.
  library.activate_throwing_error_handler();
  const { FS } = library;
  // In the memory of the WASM module, which sees no other file.
  opened += 1;
  const path = `/model-${opened}.h5`;
  FS.writeFile(path, bytes);
  try {
    const file = new hdf5.File(path, 'r');
    try {
      return read(file);
    } finally {
      file.close();
    }
  } catch (error) {
    return err(`${where}: HDF5 can't be read: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    FS.unlink(path);
  }
}

type Entity = ReturnType<Hdf5Group['get']>;

function isGroup(entity: Entity | undefined): entity is Hdf5Group {
  return entity !== null && entity !== undefined && 'keys' in entity;
}

/** `model_weights/<layer>/<its weights' own names>`. */
function legacyWeights(group: Hdf5Group): Result<NamedWeight[], string> {
  const weights: NamedWeight[] = [];
  for (const layer of group.keys()) {
    const entity = group.get(layer);
    if (!isGroup(entity)) continue;
    const found = collect(entity, '');
    if (!found.ok) return found;
    weights.push(...found.value);
  }
  return ok(weights);
}

function collect(group: Hdf5Group, prefix: string): Result<NamedWeight[], string> {
  const weights: NamedWeight[] = [];
  for (const key of group.keys()) {
    const entity = group.get(key);
    // Keras 2 wrote TensorFlow's names: `dense/kernel:0`.
    const name = `${prefix}${key.replace(/:\d+$/, '')}`;
    const found = isGroup(entity) ? collect(entity, `${name}/`) : toWeight(entity, name);
    if (!found.ok) return found;
    weights.push(...found.value);
  }
  return ok(weights);
}

/** Numbers of whichever type as float32, in which models compute here. */
function toWeight(entity: Entity, name: string): Result<NamedWeight[], string> {
  if (entity === null || !('shape' in entity) || !('value' in entity)) return ok([]);
  const { value, dtype, shape } = entity;
  const numbers = ArrayBuffer.isView(value) ? value : [value].flat();
  const isHalf = typeof dtype === 'string' && dtype.endsWith('e');
  if (isHalf || !isNumbers(numbers))
    return err(`weight '${name}' is ${JSON.stringify(dtype)}, expected float32: save the model in float32`);
  const data = Float32Array.from(numbers as Iterable<number | bigint>, Number);
  const own = shape ?? [];
  if (data.length !== sizeOf(own))
    return err(`weight '${name}' has ${data.length} numbers for [${own.join(',')}]`);
  return ok([{ spec: { name, shape: own, dtype: 'float32' }, bytes: new Uint8Array(data.buffer) }]);
}

function isNumbers(value: unknown): boolean {
  if (ArrayBuffer.isView(value)) return !(value instanceof DataView);
  return Array.isArray(value) && value.every((item) => typeof item === 'number' || typeof item === 'bigint');
}

const MAX_DEPTH = 32;

/** `layers/<class>[_n]/vars/<i>`: by the class of each layer, in the order in which it made its weights. */
function archivedWeights(model: Json, group: Hdf5Group, depth: number): Result<NamedWeight[], string> {
  const config = isObject(model['config']) ? model['config'] : {};
  const layers = Array.isArray(config['layers']) ? config['layers'].filter(isObject) : [];
  const stored = group.get('layers');
  if (!isGroup(stored) || depth > MAX_DEPTH) return ok([]);
  const byName = groupsByName(stored);
  const counts = new Map<string, number>();
  const weights: NamedWeight[] = [];
  for (const layer of layers) {
    const snake = toSnakeCase(String(layer['class_name']));
    const count = counts.get(snake) ?? 0;
    counts.set(snake, count + 1);
    const own = isObject(layer['config']) ? layer['config'] : {};
    const name = String(layer['name'] ?? own['name']);
    const entity = byName.get(name) ?? stored.get(count === 0 ? snake : `${snake}_${count}`);
    if (!isGroup(entity)) continue;
    const nested =
      'layers' in own ? archivedWeights(layer, entity, depth + 1) : layerWeights(layer, own, name, entity);
    if (!nested.ok) return nested;
    weights.push(...nested.value);
  }
  return ok(weights);
}

/** Newer versions of Keras note each layer's own name. */
function groupsByName(stored: Hdf5Group): Map<string, Hdf5Group> {
  const groups = new Map<string, Hdf5Group>();
  for (const key of stored.keys()) {
    const group = stored.get(key);
    const vars = isGroup(group) ? group.get('vars') : undefined;
    const name = isGroup(vars) ? vars.attrs['name']?.value : undefined;
    if (isGroup(group) && typeof name === 'string') groups.set(name, group);
  }
  return groups;
}

function layerWeights(
  layer: Json,
  config: Json,
  name: string,
  group: Hdf5Group,
): Result<NamedWeight[], string> {
  const vars = group.get('vars');
  if (!isGroup(vars)) return ok([]);
  const names = WEIGHT_NAMES[String(layer['class_name'])]?.(config) ?? [];
  const weights: NamedWeight[] = [];
  for (const key of vars.keys()) {
    const found = toWeight(vars.get(key), `${name}/${names[Number(key)] ?? key}`);
    if (!found.ok) return found;
    weights.push(...found.value);
  }
  return ok(weights);
}

const withBias =
  (...names: string[]) =>
  (config: Json): string[] =>
    config['use_bias'] === false ? names : [...names, 'bias'];
const affine = (config: Json): string[] => [
  ...(config['scale'] === false ? [] : ['gamma']),
  ...(config['center'] === false ? [] : ['beta']),
];

/** The weights of a layer in the order in which Keras keeps them. */
const WEIGHT_NAMES: Readonly<Record<string, (config: Json) => string[]>> = {
  Dense: withBias('kernel'),
  Conv1D: withBias('kernel'),
  Conv2D: withBias('kernel'),
  DepthwiseConv2D: withBias('depthwise_kernel'),
  SeparableConv2D: withBias('depthwise_kernel', 'pointwise_kernel'),
  BatchNormalization: (config) => [...affine(config), 'moving_mean', 'moving_variance'],
  LayerNormalization: affine,
  PReLU: () => ['alpha'],
  Normalization: () => ['mean', 'variance', 'count'],
};

/** As Keras makes a name of a class: `LeakyReLU` is `leaky_re_lu`. */
function toSnakeCase(className: string): string {
  return className
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
