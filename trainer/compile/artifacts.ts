/**
 * The files of a tfjs LayersModel: `model.json` and its weight shards, read into plain data.
 *
 * Reads what Keras, the tfjs converter and `model.save()` write: with or without `format`, the topology bare or
 * under `model_config`, Sequential or functional, one inside the other, any number of outputs, weight groups and shards.
 * It does not know what a layer computes: see layers.ts.
 */
import * as z from 'zod';
import { ok, type Result } from '../../shared/result.ts';
import { invalid, unsupported, type ModelError } from '../../shared/model/plan/error.ts';
import { parseWeightGroups, weightsManifestSchema, type WeightGroup } from './weights.ts';

export interface LayerJson {
  readonly className: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Names of the layers whose outputs this one takes, in order. */
  readonly inputs: readonly string[];
}

export interface ModelJson {
  readonly name: string;
  /** In the file's order. */
  readonly layers: readonly LayerJson[];
  /** The layer whose output is the model's; of several the first. */
  readonly output: string;
  /** All of them, where the model has more than one. */
  readonly outputs?: readonly string[];
  readonly weightGroups: readonly WeightGroup[];
}

const inboundNodeSchema = z.array(z.tuple([z.string(), z.int(), z.int()]).rest(z.unknown()));

const layerSchema = z.object({
  class_name: z.string(),
  name: z.string().optional(),
  /** A list for a nested Sequential, as Keras wrote it before 2.2.3. */
  config: z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())]),
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

const fileSchema = z.object({
  format: z.string().optional(),
  modelTopology: z.record(z.string(), z.unknown()),
  weightsManifest: weightsManifestSchema,
});

/**
 * Reads a `model.json`.
 *
 * @param json  the parsed JSON, from anywhere
 * @returns the layers in the file's order, the outputs' layers and the weights' layout; `unsupported` for another
 *   format (a GraphModel), several inputs, a layer used twice, or weights that are not numbers in float32
 */
export function parseModelJson(json: unknown): Result<ModelJson, ModelError> {
  const file = fileSchema.safeParse(json);
  if (!file.success) {
    const hint = isTfjs(json) ? '' : ' (expected the model.json of a tfjs LayersModel or GraphModel)';
    return invalid(`model.json: ${describe(file.error)}${hint}`);
  }
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

function isTfjs(json: unknown): boolean {
  return typeof json === 'object' && json !== null && 'modelTopology' in json;
}

type Graph = Omit<ModelJson, 'weightGroups'>;

const CONTAINERS = ['Sequential', 'Model', 'Functional'];

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

/** A Sequential names its input only in its first layer: the InputLayer is made explicit. */
function parseSequential(config: z.infer<typeof sequentialSchema>['config']): Result<Graph, ModelError> {
  const [first] = config.layers;
  if (first === undefined) return invalid('modelTopology: expected at least one layer, got none');
  const calls: Call[] = [];
  if (first.class_name !== 'InputLayer') calls.push({ layer: inputLayerOf(first), inputs: [] });
  for (const layer of config.layers) {
    const previous = calls.at(-1);
    calls.push({ layer, inputs: previous === undefined ? [] : [nameOf(previous.layer)] });
  }
  return toGraph(config.name, calls, nameOf(config.layers.at(-1) ?? first));
}

/** What the first layer says of its input; a nested model says it in its own first layer. */
function inputLayerOf(first: LayerSource): LayerSource {
  let source = first;
  for (let depth = 0; depth < MAX_DEPTH && !('batch_input_shape' in source.config); depth++) {
    const inner = layersOf(source)[0];
    if (inner === undefined) break;
    source = inner;
  }
  const shape = 'batch_input_shape' in source.config ? source.config['batch_input_shape'] : undefined;
  return { class_name: 'InputLayer', name: '(input)', config: { batch_input_shape: shape } };
}

function layersOf({ config }: LayerSource): LayerSource[] {
  const layers = z.array(layerSchema).safeParse(Array.isArray(config) ? config : config['layers']);
  return layers.success ? layers.data : [];
}

function parseFunctional(config: z.infer<typeof functionalSchema>['config']): Result<Graph, ModelError> {
  const [output, ...others] = config.output_layers;
  if (config.input_layers.length !== 1) {
    return unsupported(`modelTopology: expected one input, got ${config.input_layers.length}`);
  }
  if (output === undefined) return invalid('modelTopology: expected an output, got none');
  const calls: Call[] = [];
  for (const layer of config.layers) {
    const nodes = layer.inbound_nodes ?? [];
    if (nodes.length > 1)
      return unsupported(`layer '${nameOf(layer)}' is applied ${nodes.length} times, expected once`);
    calls.push({ layer, inputs: (nodes[0] ?? []).map(([input]) => input) });
  }
  const graph = toGraph(config.name, calls, output[0]);
  if (!graph.ok || others.length === 0) return graph;
  return ok({ ...graph.value, outputs: config.output_layers.map(([name]) => name) });
}

/** Nobody nests deeper; a file that does would exhaust the stack. */
const MAX_DEPTH = 32;

type LayerSource = z.infer<typeof layerSchema>;

interface Call {
  readonly layer: LayerSource;
  readonly inputs: readonly string[];
}

/** Layers of nested models take their place among the others, under their own names where these are free. */
function toGraph(name: string, calls: readonly Call[], output: string): Result<Graph, ModelError> {
  const names = new Set(calls.map(({ layer }) => nameOf(layer)));
  const layers: LayerJson[] = [];
  for (const { layer, inputs } of calls) {
    if (!CONTAINERS.includes(layer.class_name)) {
      const config = Array.isArray(layer.config) ? {} : layer.config;
      layers.push({ className: layer.class_name, name: nameOf(layer), config, inputs });
      continue;
    }
    const nested = parseTopology({ class_name: layer.class_name, config: layer.config });
    if (!nested.ok) return nested;
    if (nested.value.outputs !== undefined)
      return unsupported(
        `model '${nameOf(layer)}' inside the model gives ${nested.value.outputs.length} outputs, expected one`,
      );
    if (inputs.length !== 1)
      return unsupported(`model '${nameOf(layer)}' takes ${inputs.length} inputs, expected one`);
    layers.push(...inline(nested.value, nameOf(layer), inputs, names));
  }
  return checkNames({ name, layers, output });
}

/** The nested model's input and its output, by its own name, become layers that change nothing. */
function inline(
  { layers, output }: Graph,
  container: string,
  inputs: readonly string[],
  taken: Set<string>,
): LayerJson[] {
  const renamed = new Map(
    layers.map(({ name, className }) => {
      const free = className !== 'InputLayer' && !taken.has(name);
      if (free) taken.add(name);
      return [name, free ? name : `${container}/${name}`];
    }),
  );
  const rename = (name: string) => renamed.get(name) ?? name;
  const unchanged = { className: 'Activation', config: { activation: 'linear' } };
  return [
    ...layers.map((layer) =>
      layer.className === 'InputLayer'
        ? { ...unchanged, name: rename(layer.name), inputs }
        : { ...layer, name: rename(layer.name), inputs: layer.inputs.map(rename) },
    ),
    { ...unchanged, name: container, inputs: [rename(output)] },
  ];
}

function checkNames(graph: Graph): Result<Graph, ModelError> {
  const names = new Set<string>();
  for (const { name } of graph.layers) {
    if (names.has(name)) return invalid(`modelTopology: the layer name '${name}' stands twice`);
    names.add(name);
  }
  return ok(graph);
}

function nameOf({ class_name: className, name, config }: LayerSource): string {
  const configured = Array.isArray(config) ? undefined : config['name'];
  return name ?? (typeof configured === 'string' ? configured : className);
}

function describe(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? error.message : `${issue.path.join('.') || '(root)'}: ${issue.message}`;
}
