/**
 * The `model.json` of a tfjs GraphModel: a TensorFlow GraphDef as JSON, read into plain data.
 *
 * Protobuf's JSON writes strings in base64 and 64-bit integers as strings; older converters wrote both as numbers.
 * It does not know what a node computes: see graph-ops.ts.
 */
import * as z from 'zod';
import { ok, type Result } from '../../shared/result.ts';
import { invalid, unsupported, type ModelError } from '../../shared/model/plan/error.ts';
import type { Shape } from '../../shared/model/plan/tensor.ts';
import { parseWeightGroups, weightsManifestSchema, type WeightGroup } from './weights.ts';

export interface GraphNode {
  readonly name: string;
  /** TensorFlow's name of the operation. */
  readonly op: string;
  /** Names of the nodes whose outputs this one takes, in order; which of each one's outputs is in `ports`. */
  readonly inputs: readonly string[];
  readonly ports: readonly number[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface GraphModelJson {
  /** In the file's order. */
  readonly nodes: readonly GraphNode[];
  /** What the model gives: nodes that its signature names, otherwise those that nothing reads. */
  readonly outputs: readonly string[];
  readonly weightGroups: readonly WeightGroup[];
}

const nodeSchema = z.object({
  name: z.string(),
  op: z.string(),
  input: z.array(z.string()).nullish(),
  attr: z.record(z.string(), z.unknown()).nullish(),
});

const signatureSchema = z.object({
  outputs: z.record(z.string(), z.object({ name: z.string() })).nullish(),
});

const fileSchema = z.object({
  modelTopology: z.object({ node: z.array(nodeSchema).min(1) }),
  weightsManifest: weightsManifestSchema,
  signature: signatureSchema.nullish(),
  userDefinedMetadata: z.object({ signature: signatureSchema.nullish() }).nullish(),
});

/** Whether this is the `model.json` of a GraphModel: by its format, or by its topology where it names none. */
export function isGraphModel(json: unknown): boolean {
  const file = z
    .object({ format: z.string().nullish(), modelTopology: z.unknown().optional() })
    .safeParse(json);
  if (!file.success) return false;
  const { format, modelTopology } = file.data;
  if (format === 'graph-model') return true;
  return typeof modelTopology === 'object' && modelTopology !== null && 'node' in modelTopology;
}

/**
 * Reads a GraphModel's `model.json`.
 *
 * @param json  the parsed JSON, from anywhere
 */
export function parseGraphModelJson(json: unknown): Result<GraphModelJson, ModelError> {
  const file = fileSchema.safeParse(json);
  if (!file.success) {
    const [issue] = file.error.issues;
    return invalid(`model.json: ${issue?.path.join('.') || '(root)'}: ${issue?.message}`);
  }
  const { modelTopology, weightsManifest, signature, userDefinedMetadata } = file.data;
  const nodes: GraphNode[] = [];
  const names = new Set<string>();
  for (const node of modelTopology.node) {
    if (names.has(node.name)) return invalid(`modelTopology: the node name '${node.name}' stands twice`);
    names.add(node.name);
    nodes.push(toNode(node));
  }
  const weightGroups = parseWeightGroups(weightsManifest);
  if (!weightGroups.ok) return weightGroups;
  const named = Object.values((signature ?? userDefinedMetadata?.signature)?.outputs ?? {});
  const outputs = named.length > 0 ? named.map(({ name }) => parseReference(name).name) : unread(nodes);
  return ok({ nodes, outputs: [...new Set(outputs)], weightGroups: weightGroups.value });
}

function toNode({ name, op, input, attr }: z.infer<typeof nodeSchema>): GraphNode {
  // `^name` only says "after": it carries no value.
  const references = (input ?? []).filter((text) => !text.startsWith('^')).map(parseReference);
  return {
    name,
    op,
    inputs: references.map((reference) => reference.name),
    ports: references.map((reference) => reference.port),
    attributes: attr ?? {},
  };
}

/** `name` is its first output, `name:1` its second. */
function parseReference(text: string): { name: string; port: number } {
  const match = /^(.+):(\d+)$/.exec(text);
  return match?.[1] === undefined ? { name: text, port: 0 } : { name: match[1], port: Number(match[2]) };
}

function unread(nodes: readonly GraphNode[]): string[] {
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  return nodes
    .filter(({ name, op }) => !read.has(name) && !['Const', 'Placeholder', 'NoOp'].includes(op))
    .map(({ name }) => name);
}

/** How messages name a node: `node 'block_1/conv' (Conv2D)`. */
export function nameNode({ name, op }: GraphNode): string {
  return `node '${name}' (${op})`;
}

const integer = z.union([
  z.int(),
  z
    .string()
    .regex(/^-?\d+$/)
    .transform(Number),
]);
const text = z.union([
  z.base64().transform((encoded) => atob(encoded)),
  z.array(z.int()).transform((codes) => String.fromCodePoint(...codes)),
]);
const intsSchema = z.object({ list: z.object({ i: z.array(integer).default([]) }) });
const textsSchema = z.object({ list: z.object({ s: z.array(text).default([]) }) });
const textSchema = z.object({ s: text });
const numberSchema = z.union([
  z.object({ f: z.number() }).transform(({ f }) => f),
  z.object({ i: integer }).transform(({ i }) => i),
]);
const booleanSchema = z.object({ b: z.boolean() });
const typeSchema = z.object({ type: z.union([z.string(), z.int()]) });
const shapeSchema = z.object({
  shape: z.object({ dim: z.array(z.object({ size: integer.default(0) })).default([]) }),
});

/** A list of integers; empty where the node has none. */
export function readInts({ attributes }: GraphNode, key: string): number[] {
  const parsed = intsSchema.safeParse(attributes[key]);
  return parsed.success ? parsed.data.list.i : [];
}

/** A list of texts, such as the fused ops of a node; empty where the attribute is missing or of another kind. */
export function readTexts({ attributes }: GraphNode, key: string): string[] {
  const parsed = textsSchema.safeParse(attributes[key]);
  return parsed.success ? parsed.data.list.s : [];
}

/** A text, such as `padding`; `absent` where the attribute is missing or of another kind. */
export function readText({ attributes }: GraphNode, key: string, absent: string): string {
  const parsed = textSchema.safeParse(attributes[key]);
  return parsed.success ? parsed.data.s : absent;
}

/** A number, such as `epsilon`; `absent` where the attribute is missing or of another kind. */
export function readNumber({ attributes }: GraphNode, key: string, absent: number): number {
  const parsed = numberSchema.safeParse(attributes[key]);
  return parsed.success ? parsed.data : absent;
}

/** Protobuf leaves out what is false. */
export function readBoolean({ attributes }: GraphNode, key: string): boolean {
  const parsed = booleanSchema.safeParse(attributes[key]);
  return parsed.success && parsed.data.b;
}

/** Numbers of tensorflow/core/framework/types.proto, which old converters wrote instead of the names. */
const TYPES_BY_NUMBER = new Map([
  [1, 'DT_FLOAT'],
  [2, 'DT_DOUBLE'],
  [3, 'DT_INT32'],
  [4, 'DT_UINT8'],
  [6, 'DT_INT8'],
  [7, 'DT_STRING'],
  [9, 'DT_INT64'],
  [10, 'DT_BOOL'],
  [19, 'DT_HALF'],
]);

/**
 * A datatype by TensorFlow's name (`DT_FLOAT`), whether the file has a name or a number; undefined where there is
 * none.
 */
export function readType({ attributes }: GraphNode, key: string): string | undefined {
  const parsed = typeSchema.safeParse(attributes[key]);
  if (!parsed.success) return undefined;
  const { type } = parsed.data;
  return typeof type === 'string' ? type : (TYPES_BY_NUMBER.get(type) ?? `type ${type}`);
}

/** With -1 for what is not known before it runs; undefined where nothing is known. */
export function readShape({ attributes }: GraphNode, key: string): Shape | undefined {
  const parsed = shapeSchema.safeParse(attributes[key]);
  return parsed.success ? parsed.data.shape.dim.map(({ size }) => size) : undefined;
}

/** @returns the one output, or that there are several to choose from */
export function onlyOutputOf({ outputs }: Pick<GraphModelJson, 'outputs'>): Result<string, ModelError> {
  const [output, ...others] = outputs;
  if (output !== undefined && others.length === 0) return ok(output);
  const shown = outputs.slice(0, 8).join(', ');
  return unsupported(
    `the model has ${outputs.length} outputs (${shown}), expected one: name the one to use with --layer`,
  );
}
