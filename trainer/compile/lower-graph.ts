/**
 * Draws a GraphModel: its nodes in order, constants folded, computed shapes followed.
 */
import { ok, type Result } from '../../shared/result.ts';
import { invalid, unsupported, type ModelError } from '../../shared/model/plan/error.ts';
import { nameNode, readShape, readType, type GraphModelJson, type GraphNode } from './graph-model.ts';
import { COMPUTING_OPS, type GraphLowering } from './graph-ops.ts';
import { multiplySizes, SHAPING_OPS } from './graph-shapes.ts';
import { rows, type GraphValue } from './graph-values.ts';
import { createGraphBuilder, type BuiltGraph, type GraphBuilder } from './graph-builder.ts';
import type { Shape, Tensor } from '../../shared/model/plan/tensor.ts';
import { sortParts } from './topology.ts';

const SOURCES = ['Placeholder', 'Const'] as const;

/** What makes a graph run some of its nodes more than once, or not at all. */
const STEERING: ReadonlySet<string> = new Set([
  'Enter',
  'Exit',
  'NextIteration',
  'LoopCond',
  'Merge',
  'Switch',
  'While',
  'StatelessWhile',
  'If',
  'StatelessIf',
]);

/** TensorFlow's names of the operations that run at the edge. */
export const SUPPORTED_OPS: readonly string[] = [...SOURCES, ...COMPUTING_OPS.keys(), ...SHAPING_OPS.keys()];

/**
 * @param output  the node whose first output is wanted
 * @returns the drawing; an error that names the first node that can't run at the edge
 */
export function lowerGraph(
  model: GraphModelJson,
  weights: ReadonlyMap<string, Tensor>,
  output: string,
): Result<BuiltGraph, ModelError> {
  const steering = model.nodes.find(({ op }) => STEERING.has(op));
  if (steering !== undefined)
    return unsupported(
      `${nameNode(steering)} can't run at the edge: the graph has a loop or a branch, as tf.while_loop, tf.cond and recurrent layers make them; expected one that computes the same steps for every example`,
    );
  const nodes = sortParts(model.nodes, output, 'node');
  if (!nodes.ok) return nodes;
  const inputShape = findInputShape(nodes.value);
  if (!inputShape.ok) return inputShape;
  const builder = createGraphBuilder(inputShape.value);
  const values = new Map<string, GraphValue>();
  for (const node of nodes.value) {
    const value = drawNode(node, values, weights, builder);
    if (!value.ok) return value;
    values.set(node.name, value.value);
  }
  const drawn = values.get(output);
  if (drawn?.kind === 'rows' && !drawn.joined) return ok({ builder, output: drawn.value });
  const got = drawn?.kind === 'rows' ? 'several rows an example' : 'numbers that depend on no example';
  return unsupported(`node '${output}' gives ${got}: expected one row an example`);
}

/** The shape of the only input, without the batch. */
function findInputShape(nodes: readonly GraphNode[]): Result<Shape, ModelError> {
  const [input, ...others] = nodes.filter(({ op }) => op === 'Placeholder');
  if (input === undefined || others.length > 0) {
    const names = [input, ...others].flatMap((node) => node?.name ?? []).join(', ');
    return unsupported(`modelTopology: expected one input, got ${names === '' ? 'none' : names}`);
  }
  const type = readType(input, 'dtype');
  if (type !== 'DT_FLOAT') return unsupported(`${nameNode(input)}: expected DT_FLOAT, got ${type}`);
  const shape = readShape(input, 'shape');
  const [batch, ...dims] = shape ?? [];
  // A model exported for one example at a time computes the same for many.
  const anyBatch = batch === -1 || batch === 1;
  if (anyBatch && dims.length > 0 && dims.every((dim) => dim > 0)) return ok(dims);
  return unsupported(
    `${nameNode(input)}: expected a fixed shape such as [-1,224,224,3], got ${shape === undefined ? 'none' : `[${shape.join(',')}]`}`,
  );
}

function drawNode(
  node: GraphNode,
  values: ReadonlyMap<string, GraphValue>,
  weights: ReadonlyMap<string, Tensor>,
  builder: GraphBuilder,
): Result<GraphValue, ModelError> {
  if (node.op === 'Placeholder') return ok(rows(0));
  if (node.op === 'Const') {
    const tensor = weights.get(node.name);
    return tensor === undefined
      ? invalid(`${nameNode(node)}: expected a weight of this name, the file has none`)
      : ok({ kind: 'constant', tensor });
  }
  const lower = COMPUTING_OPS.get(node.op) ?? SHAPING_OPS.get(node.op);
  if (lower === undefined) return unsupported(`${nameNode(node)} can't run at the edge`);
  const port = node.ports.findIndex((port) => port !== 0);
  if (port !== -1)
    return unsupported(
      `${nameNode(node)} can't run at the edge: it takes output ${node.ports[port]} of '${node.inputs[port]}', expected output 0`,
    );
  const inputs = node.inputs.flatMap((name) => values.get(name) ?? []);
  builder.startNode(node.name);
  const value = lowerNode(lower, node, inputs, builder);
  if (typeof value === 'string') return unsupported(`${nameNode(node)} can't run at the edge: ${value}`);
  const problem = builder.problem();
  return problem === undefined ? ok(value) : invalid(`${nameNode(node)}: ${problem}`);
}

/** A product may be one of sizes. */
function lowerNode(
  lower: GraphLowering,
  node: GraphNode,
  inputs: readonly GraphValue[],
  builder: GraphBuilder,
): GraphValue | string {
  const sizes = node.op === 'Mul' ? multiplySizes(inputs) : undefined;
  return sizes ?? lower(node, inputs, builder);
}
