/**
 * A GraphModel cut at a node and pooled, as files that TensorFlow.js loads: what remains of the graph, and of the
 * weights their stored bytes, quantised ones included.
 */
import type { FeaturePooling } from '../compile/compile.ts';
import type { GraphModelJson } from '../compile/graph-model.ts';
import { sortParts } from '../compile/topology.ts';
import { byteLengthOf, type WeightSpec } from '../compile/weights.ts';

export interface ModelFiles {
  /** Names one shard, weights.bin. */
  readonly modelJson: CutModelJson;
  readonly weights: Uint8Array<ArrayBuffer>;
}

export interface CutModelJson {
  readonly format: 'graph-model';
  readonly generatedBy: null;
  readonly convertedBy: 'holdfast';
  readonly modelTopology: object;
  readonly weightsManifest: readonly { readonly paths: string[]; readonly weights: object[] }[];
  readonly signature: object;
}

export interface GraphCut {
  readonly model: GraphModelJson;
  readonly json: unknown;
  /** All shards. */
  readonly weights: Uint8Array;
  readonly output: string;
  readonly pooling: FeaturePooling;
  /** Numbers an example gives once pooled. */
  readonly featureSize: number;
}

const FEATURES = 'holdfast/features';
const OPERAND = 'holdfast/features/operand';

/** @param cut  of a model that compiles: its topology is known to be sound */
export function cutGraphModel({ model, json, weights, output, pooling, featureSize }: GraphCut): ModelFiles {
  const sorted = sortParts(model.nodes, output, 'node');
  const kept = new Set(sorted.ok ? sorted.value.map(({ name }) => name) : []);
  const { modelTopology } = json as { modelTopology: { node: { name: string; input?: string[] }[] } };
  const nodes: object[] = modelTopology.node
    .filter(({ name }) => kept.has(name))
    .map((node) => ({ ...node, input: (node.input ?? []).filter((input) => !input.startsWith('^')) }));
  const parts = keepWeights(model, weights, kept);
  const operand = poolingOperand(pooling, featureSize);
  if (operand !== null) {
    nodes.push(...poolingNodes(pooling, output));
    parts.specs.push({ name: OPERAND, shape: [operand.length], dtype: 'int32' });
    parts.bytes.push(new Uint8Array(operand.buffer));
  }
  const input = model.nodes.find(({ name, op }) => op === 'Placeholder' && kept.has(name))?.name;
  const modelJson: CutModelJson = {
    format: 'graph-model',
    generatedBy: null,
    convertedBy: 'holdfast',
    modelTopology: { ...modelTopology, node: nodes },
    weightsManifest: [{ paths: ['weights.bin'], weights: parts.specs }],
    signature: {
      inputs: { input: { name: `${input}:0` } },
      outputs: { features: { name: `${operand === null ? output : FEATURES}:0` } },
    },
  };
  return { modelJson, weights: new Uint8Array(Buffer.concat(parts.bytes)) };
}

/** What the pooling node takes beside the examples: axes to average, or a shape. */
function poolingOperand(pooling: FeaturePooling, featureSize: number): Int32Array<ArrayBuffer> | null {
  switch (pooling) {
    case 'none':
      return null;
    case 'average':
      return Int32Array.of(1, 2);
    case 'flatten':
      return Int32Array.of(-1, featureSize);
  }
}

function poolingNodes(pooling: FeaturePooling, output: string): object[] {
  const op = pooling === 'average' ? 'Mean' : 'Reshape';
  const keep = op === 'Mean' ? { keep_dims: { b: false } } : {};
  return [
    { name: OPERAND, op: 'Const', attr: { dtype: { type: 'DT_INT32' } } },
    { name: FEATURES, op, input: [output, OPERAND], attr: { T: { type: 'DT_FLOAT' }, ...keep } },
  ];
}

function keepWeights({ weightGroups }: GraphModelJson, weights: Uint8Array, kept: ReadonlySet<string>) {
  const specs: object[] = [];
  const bytes: Uint8Array[] = [];
  let offset = 0;
  for (const spec of weightGroups.flatMap((group) => group.weights)) {
    const end = offset + byteLengthOf(spec);
    if (kept.has(spec.name)) {
      specs.push(toManifest(spec));
      bytes.push(weights.subarray(offset, end));
    }
    offset = end;
  }
  return { specs, bytes };
}

function toManifest({ name, shape, dtype, encoding, scale, min }: WeightSpec): object {
  if (encoding === dtype) return { name, shape, dtype };
  const quantization = encoding === 'float16' ? { dtype: encoding } : { dtype: encoding, scale, min };
  return { name, shape, dtype, quantization: { ...quantization, original_dtype: dtype } };
}
