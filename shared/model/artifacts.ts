/**
 * The files of a tfjs LayersModel: `model.json` and its weight shards, read into plain data.
 *
 * Reads what Keras, the tfjs converter and `model.save()` write: with or without `format`, the topology bare or
 * under `model_config`, Sequential or functional, any number of weight groups and shards.
 * It does not know what a layer computes: see layers.ts.
 */
import * as z from 'zod';
import { ok, type Result } from '../result.ts';
import { invalid, unsupported, type ModelError } from './error.ts';
import { sizeOf, type Shape, type Tensor } from './tensor.ts';

export interface LayerJson {
  readonly className: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Names of the layers whose outputs this one takes, in order. */
  readonly inputs: readonly string[];
}

export interface WeightSpec {
  readonly name: string;
  readonly shape: Shape;
  /** How a number is stored; anything but float32 is decoded as `stored * scale + min`. */
  readonly encoding: 'float32' | 'float16' | 'uint8' | 'uint16';
  readonly scale: number;
  readonly min: number;
}

export interface WeightGroup {
  readonly paths: readonly string[];
  readonly weights: readonly WeightSpec[];
}

export interface ModelJson {
  readonly name: string;
  /** In the file's order. */
  readonly layers: readonly LayerJson[];
  /** The layer whose output is the model's. */
  readonly output: string;
  readonly weightGroups: readonly WeightGroup[];
}

const BYTES_PER_NUMBER = { float32: 4, float16: 2, uint8: 1, uint16: 2 } as const;

const inboundNodeSchema = z.array(z.tuple([z.string(), z.int(), z.int()]).rest(z.unknown()));

const layerSchema = z.object({
  class_name: z.string(),
  name: z.string().optional(),
  config: z.record(z.string(), z.unknown()),
  inbound_nodes: z.array(inboundNodeSchema).optional(),
});

const layerOutputSchema = z.tuple([z.string(), z.int(), z.int()]);

const sequentialSchema = z.object({
  class_name: z.literal('Sequential'),
  config: z.union([
    z.array(layerSchema).transform((layers) => ({ name: 'sequential', layers })),
    z.object({ name: z.string().default('sequential'), layers: z.array(layerSchema) }),
  ]),
});

const functionalSchema = z.object({
  class_name: z.enum(['Model', 'Functional']),
  config: z.object({
    name: z.string().default('model'),
    layers: z.array(layerSchema),
    input_layers: z.array(layerOutputSchema),
    output_layers: z.array(layerOutputSchema),
  }),
});

const topologySchema = z.union([
  z.object({ model_config: z.unknown() }).transform((t) => t.model_config),
  z.unknown(),
]);

const weightSpecSchema = z.object({
  name: z.string(),
  shape: z.array(z.int().nonnegative()),
  dtype: z.string(),
  quantization: z
    .object({
      dtype: z.enum(['uint8', 'uint16', 'float16']),
      scale: z.number().optional(),
      min: z.number().optional(),
    })
    .optional(),
});

const weightsManifestSchema = z.array(
  z.object({ paths: z.array(z.string()), weights: z.array(weightSpecSchema) }),
);

const fileSchema = z.object({
  format: z.string().optional(),
  modelTopology: z.record(z.string(), z.unknown()),
  weightsManifest: weightsManifestSchema,
});

/**
 * Reads a `model.json`.
 *
 * @param json  the parsed JSON, from anywhere
 * @returns the layers in the file's order, the output's layer and the weights' layout; `unsupported` for another
 *   format (a GraphModel), several inputs or outputs, a layer used twice, or weights that are not numbers in float32
 */
export function parseModelJson(json: unknown): Result<ModelJson, ModelError> {
  const file = fileSchema.safeParse(json);
  if (!file.success) return invalid(`model.json: ${describe(file.error)}`);
  const { format, modelTopology, weightsManifest } = file.data;
  if (format !== undefined && format !== 'layers-model') {
    return unsupported(`model.json: expected the format layers-model, got ${format}`);
  }
  if ('node' in modelTopology)
    return unsupported('model.json: expected the format layers-model, got graph-model');

  const graph = parseTopology(topologySchema.parse(modelTopology));
  if (!graph.ok) return graph;
  const weightGroups = parseWeightGroups(weightsManifest);
  if (!weightGroups.ok) return weightGroups;
  return ok({ ...graph.value, weightGroups: weightGroups.value });
}

/** Paths of the weight shards relative to `model.json`, in the order in which their bytes are concatenated. */
export function listWeightFiles(model: ModelJson): string[] {
  return model.weightGroups.flatMap((group) => group.paths);
}

/**
 * Decodes the weights to float32.
 *
 * @param model  says which weights there are, in which order and encoding
 * @param bytes  all shards, concatenated in the order of `listWeightFiles`
 * @returns tensors by name; an error when the bytes are not exactly as many as `model` describes
 */
export function decodeWeights(model: ModelJson, bytes: Uint8Array): Result<Map<string, Tensor>, ModelError> {
  const specs = model.weightGroups.flatMap((group) => group.weights);
  const expected = specs.reduce((total, spec) => total + byteLength(spec), 0);
  if (bytes.byteLength !== expected) {
    return invalid(`weights: model.json describes ${expected} bytes, the shards hold ${bytes.byteLength}`);
  }
  const tensors = new Map<string, Tensor>();
  let offset = 0;
  for (const spec of specs) {
    if (tensors.has(spec.name)) return invalid(`weights: the name '${spec.name}' stands twice in model.json`);
    const end = offset + byteLength(spec);
    // Copied: shards don't align their tensors, and a uint8 tensor may leave the next one at an odd address.
    // Not by `slice`, which a Node Buffer overrides to share memory.
    const own = new Uint8Array(bytes.subarray(offset, end));
    tensors.set(spec.name, { shape: spec.shape, data: decode(spec, own.buffer) });
    offset = end;
  }
  return ok(tensors);
}

type Graph = Omit<ModelJson, 'weightGroups'>;

function parseTopology(topology: unknown): Result<Graph, ModelError> {
  const sequential = sequentialSchema.safeParse(topology);
  if (sequential.success) return parseSequential(sequential.data.config);
  const functional = functionalSchema.safeParse(topology);
  if (functional.success) return parseFunctional(functional.data.config);
  const className = z.object({ class_name: z.string() }).safeParse(topology);
  if (!className.success) return invalid('modelTopology: expected a class_name, got none');
  switch (className.data.class_name) {
    case 'Sequential':
      return invalid(`modelTopology: ${describe(sequential.error)}`);
    case 'Model':
    case 'Functional':
      return invalid(`modelTopology: ${describe(functional.error)}`);
    default:
      return unsupported(
        `modelTopology: expected Sequential, Model or Functional, got ${className.data.class_name}`,
      );
  }
}

/** A Sequential names its input only as `batch_input_shape` of its first layer: the InputLayer is made explicit. */
function parseSequential(config: z.infer<typeof sequentialSchema>['config']): Result<Graph, ModelError> {
  const [first] = config.layers;
  if (first === undefined) return invalid('modelTopology: expected at least one layer, got none');
  const layers: LayerJson[] = [];
  if (first.class_name !== 'InputLayer') {
    const shape = first.config['batch_input_shape'];
    layers.push({
      className: 'InputLayer',
      name: '(input)',
      config: { batch_input_shape: shape },
      inputs: [],
    });
  }
  for (const layer of config.layers) {
    const previous = layers.at(-1);
    layers.push(toLayer(layer, previous === undefined ? [] : [previous.name]));
  }
  return checkNames({ name: config.name, layers, output: layers.at(-1)?.name ?? '' });
}

function parseFunctional(config: z.infer<typeof functionalSchema>['config']): Result<Graph, ModelError> {
  const [output, ...moreOutputs] = config.output_layers;
  if (config.input_layers.length !== 1) {
    return unsupported(`modelTopology: expected one input, got ${config.input_layers.length}`);
  }
  if (output === undefined || moreOutputs.length > 0) {
    return unsupported(`modelTopology: expected one output, got ${config.output_layers.length}`);
  }
  const layers: LayerJson[] = [];
  for (const layer of config.layers) {
    const calls = layer.inbound_nodes ?? [];
    const name = nameOf(layer);
    if (calls.length > 1)
      return unsupported(`layer '${name}' is applied ${calls.length} times, expected once`);
    layers.push(
      toLayer(
        layer,
        (calls[0] ?? []).map(([input]) => input),
      ),
    );
  }
  return checkNames({ name: config.name, layers, output: output[0] });
}

function checkNames(graph: Graph): Result<Graph, ModelError> {
  const names = new Set<string>();
  for (const { name } of graph.layers) {
    if (names.has(name)) return invalid(`modelTopology: the layer name '${name}' stands twice`);
    names.add(name);
  }
  return ok(graph);
}

function toLayer(layer: z.infer<typeof layerSchema>, inputs: string[]): LayerJson {
  return { className: layer.class_name, name: nameOf(layer), config: layer.config, inputs };
}

function nameOf(layer: z.infer<typeof layerSchema>): string {
  const { name } = layer.config;
  return layer.name ?? (typeof name === 'string' ? name : layer.class_name);
}

function parseWeightGroups(groups: z.infer<typeof weightsManifestSchema>): Result<WeightGroup[], ModelError> {
  const parsed: WeightGroup[] = [];
  for (const { paths, weights } of groups) {
    const outside = paths.find((path) => path.startsWith('/') || path.split('/').includes('..'));
    if (outside !== undefined)
      return invalid(`weightsManifest: the path '${outside}' leaves the model's folder`);
    const specs: WeightSpec[] = [];
    for (const { name, shape, dtype, quantization } of weights) {
      if (dtype !== 'float32') return unsupported(`weights: '${name}' is ${dtype}, expected float32`);
      const { dtype: encoding = dtype, scale = 1, min = 0 } = quantization ?? {};
      specs.push({ name, shape, encoding, scale, min });
    }
    parsed.push({ paths, weights: specs });
  }
  return ok(parsed);
}

function byteLength(spec: WeightSpec): number {
  return sizeOf(spec.shape) * BYTES_PER_NUMBER[spec.encoding];
}

function decode(spec: WeightSpec, buffer: ArrayBuffer): Float32Array {
  switch (spec.encoding) {
    case 'float32':
      return new Float32Array(buffer);
    case 'float16':
      return Float32Array.from(new Uint16Array(buffer), float16ToNumber);
    case 'uint8':
      return Float32Array.from(new Uint8Array(buffer), (stored) => stored * spec.scale + spec.min);
    case 'uint16':
      return Float32Array.from(new Uint16Array(buffer), (stored) => stored * spec.scale + spec.min);
  }
}

/** IEEE 754 binary16: 1 sign, 5 exponent and 10 fraction bits. */
function float16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function describe(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? error.message : `${issue.path.join('.') || '(root)'}: ${issue.message}`;
}
