/**
 * What Keras 3 and its preprocessing layers write, in the words of Keras 2, which TensorFlow.js and the compiler read.
 *
 * Only the spelling changes: `batch_shape`, dtype policies, `{"args": …}` in inbound nodes, weights named after their
 * model. Layers that act in training only (Random…) become an Activation that does nothing; Normalization, and a
 * Rescaling of each channel, become the BatchNormalization that they are.
 */
import { err, ok, type Result } from '../../../shared/result.ts';
import { isObject, type Json } from '../json-object.ts';
import { type KerasAffine, affineOf, AFFINE_LAYERS } from './keras-affine.ts';

/** What the weights are read by. */
export interface TopologyNotes {
  /** Layers that became a BatchNormalization, by name. */
  readonly affine: ReadonlyMap<string, KerasAffine>;
  /** Class of each layer that may have weights, by name. */
  readonly classes: ReadonlyMap<string, string>;
}

export interface Keras2Topology {
  /** As `modelTopology` of a model.json has it. */
  readonly topology: unknown;
  readonly notes: TopologyNotes;
}

/** Act in training only. RandomCrop is not one of them: it crops when it serves, too. */
const TRAINING_ONLY = new Set([
  'RandomFlip',
  'RandomRotation',
  'RandomZoom',
  'RandomTranslation',
  'RandomHeight',
  'RandomWidth',
  'RandomContrast',
  'RandomBrightness',
  'RandomColorJitter',
  'RandomColorDegeneration',
  'RandomGaussianBlur',
  'RandomElasticTransform',
  'RandomGrayscale',
  'RandomHue',
  'RandomSaturation',
  'RandomSharpness',
  'RandomShear',
  'RandomPerspective',
  'RandomErasing',
  'RandomInvert',
  'RandomPosterization',
  'RandAugment',
  'AugMix',
  'CutMix',
  'MixUp',
  'ActivityRegularization',
  'SpatialDropout2D',
]);

const CONTAINERS = new Set(['Sequential', 'Model', 'Functional']);

/** Nobody nests deeper; a file that does would exhaust the stack. */
const MAX_DEPTH = 32;

interface Rewriting {
  readonly affine: Map<string, KerasAffine>;
  readonly classes: Map<string, string>;
}

/**
 * @param topology  `modelTopology`, `model_config` or the config.json of a .keras file, from anywhere
 * @returns the same in Keras 2's words, unchanged where it is no model of Keras; what those can't say, by layer
 */
export function toKeras2(topology: unknown): Result<Keras2Topology, string> {
  const notes = { affine: new Map(), classes: new Map() };
  const whole = isObject(topology) ? (topology['model_config'] ?? topology) : topology;
  if (!isContainer(whole)) return ok({ topology, notes });
  const rewritten = rewriteModel(whole, notes, 0);
  return rewritten.ok ? ok({ topology: rewritten.value, notes }) : rewritten;
}

function isContainer(value: unknown): value is Json {
  return isObject(value) && CONTAINERS.has(String(value['class_name']));
}

function rewriteModel(model: Json, notes: Rewriting, depth: number): Result<Json, string> {
  const { config } = model;
  const layers = Array.isArray(config) ? config : isObject(config) ? config['layers'] : undefined;
  if (!Array.isArray(layers) || depth > MAX_DEPTH) return ok(model);
  const nested = new Set(layers.filter(isContainer).map((layer) => nameOf(layer)));
  const rewritten: unknown[] = [];
  for (const layer of layers as unknown[]) {
    const changed = isObject(layer) ? rewriteLayer(layer, notes, nested, depth) : ok(layer);
    if (!changed.ok) return changed;
    rewritten.push(changed.value);
  }
  if (!isObject(config)) return ok({ ...model, config: rewritten });
  const ends = Object.fromEntries(
    ['input_layers', 'output_layers']
      .filter((key) => key in config)
      .map((key) => [key, rewriteEnds(config[key], nested)]),
  );
  return ok({ ...model, config: { ...config, layers: rewritten, ...ends } });
}

function rewriteLayer(
  layer: Json,
  notes: Rewriting,
  nested: ReadonlySet<string>,
  depth: number,
): Result<Json, string> {
  const nodes = 'inbound_nodes' in layer ? rewriteNodes(layer['inbound_nodes'], nested) : undefined;
  const called = nodes === undefined ? layer : { ...layer, inbound_nodes: nodes };
  if (isContainer(layer)) return rewriteModel(called, notes, depth + 1);
  const name = nameOf(layer);
  const className = String(layer['class_name']);
  const config = isObject(layer['config']) ? rewriteConfig(layer['config'], layer) : layer['config'];
  notes.classes.set(name, className);
  const plain: Json = { ...called, config };
  if (!isObject(config)) return ok(plain);
  if (TRAINING_ONLY.has(className)) return ok(toActivation(plain, config));
  if (!AFFINE_LAYERS.has(className)) return checkActivation(plain, config, name);
  const affine = affineOf(className, config, inputShapeOf(layer, config));
  if (!affine.ok) return err(`layer '${name}' (${className}) can't run at the edge: ${affine.error}`);
  if (affine.value === null) return ok(plain);
  notes.affine.set(name, affine.value);
  return ok({
    ...plain,
    class_name: 'BatchNormalization',
    config: { ...inputOf(config), ...affine.value.config },
  });
}

/** Keras 3 says of every layer which module it is from. */
function isKeras3(layer: Json): boolean {
  return typeof layer['module'] === 'string';
}

function nameOf({ name, config, class_name: className }: Json): string {
  const configured = isObject(config) ? config['name'] : undefined;
  return String(name ?? configured ?? className);
}

function rewriteConfig(config: Json, layer: Json): Json {
  const keras3 = isKeras3(layer);
  const leaky = layer['class_name'] === 'LeakyReLU';
  const changed: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(config)) {
    // How weights began does not matter: all of them are in the files. Keras 3 has kinds that TensorFlow.js lacks.
    if (keras3 && /_(initializer|regularizer|constraint)$|^quantization_config$/.test(key)) continue;
    if (key === 'batch_shape') changed['batch_input_shape'] = value;
    else if (key === 'negative_slope' && leaky) changed['alpha'] = value;
    else if (key === 'dtype') changed[key] = policyName(value);
    else if (key === 'activation' || key === 'recurrent_activation') changed[key] = activationName(value);
    else changed[key] = value;
  }
  return changed;
}

/** `{"class_name": "DTypePolicy", "config": {"name": "float32"}}` as `float32`. */
function policyName(dtype: unknown): unknown {
  const config = isObject(dtype) ? dtype['config'] : undefined;
  return isObject(config) && typeof config['name'] === 'string' ? config['name'] : dtype;
}

/** `{"class_name": "function", "config": "silu"}` as `silu`, and that as `swish`, its older name. */
function activationName(activation: unknown): unknown {
  const named =
    isObject(activation) && typeof activation['config'] === 'string' ? activation['config'] : activation;
  return named === 'silu' ? 'swish' : named;
}

/** Keras 3 changed one function and kept its name. */
function checkActivation(layer: Json, config: Json, name: string): Result<Json, string> {
  const changed =
    isKeras3(layer) && ['hard_sigmoid', 'hard_silu', 'hard_swish'].includes(String(config['activation']));
  if (!changed) return ok(layer);
  return err(
    `layer '${name}' (${String(layer['class_name'])}) can't run at the edge: ${String(config['activation'])} of Keras 3 is relu6(x + 3) / 6, TensorFlow.js computes 0.2 x + 0.5 under that name`,
  );
}

function toActivation(layer: Json, config: Json): Json {
  return {
    ...layer,
    class_name: 'Activation',
    config: { ...inputOf(config), name: config['name'], activation: 'linear', dtype: 'float32' },
  };
}

/** What the first layer of a Sequential says of the model's input. */
function inputOf(config: Json): Json {
  return 'batch_input_shape' in config ? { batch_input_shape: config['batch_input_shape'] } : {};
}

function inputShapeOf(layer: Json, config: Json): readonly unknown[] | null {
  const built = isObject(layer['build_config']) ? layer['build_config']['input_shape'] : undefined;
  const shape = config['batch_input_shape'] ?? built;
  return Array.isArray(shape) ? shape : null;
}

/** `{"args": [tensor, …], "kwargs": {…}}` as `[[layer, node, tensor, {}], …]`; older nodes stay. */
function rewriteNodes(nodes: unknown, nested: ReadonlySet<string>): unknown {
  if (!Array.isArray(nodes)) return nodes;
  return nodes.map((node: unknown) => {
    if (!isObject(node) || !('args' in node)) return node;
    return historiesOf([node['args'], node['kwargs']], 0).map(([name, index, tensor]) => [
      ...toCall(nested, name, index, tensor),
      {},
    ]);
  });
}

/** TensorFlow.js counts how a nested model was made as its first call; Keras 3 does not. */
function toCall(nested: ReadonlySet<string>, name: unknown, index: unknown, tensor: unknown): unknown[] {
  return nested.has(String(name)) && index === 0 ? [name, 1, tensor] : [name, index, tensor];
}

/** Where the tensors among a call's arguments come from, in order. */
function historiesOf(value: unknown, depth: number): unknown[][] {
  if (depth > MAX_DEPTH) return [];
  if (Array.isArray(value)) return value.flatMap((item) => historiesOf(item, depth + 1));
  if (!isObject(value)) return [];
  if (value['class_name'] !== '__keras_tensor__')
    return Object.values(value).flatMap((item) => historiesOf(item, depth + 1));
  const history = isObject(value['config']) ? value['config']['keras_history'] : undefined;
  return Array.isArray(history) ? [history] : [];
}

/** One end is written by itself, several as a list or under their names. */
function rewriteEnds(ends: unknown, nested: ReadonlySet<string>): unknown {
  const list = isObject(ends) ? Object.values(ends) : ends;
  if (!Array.isArray(list)) return ends;
  if (typeof list[0] !== 'string') return list;
  return [toCall(nested, list[0], list[1], list[2])];
}
