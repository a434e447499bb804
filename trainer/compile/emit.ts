/**
 * Writes a graph as an edge plan: its weights go into one file, each at an aligned offset.
 */
import { ok, type Result } from '../../shared/result.ts';
import type { ModelError } from '../../shared/model/plan/error.ts';
import { weightsOf, type Node } from '../../shared/model/plan/ops.ts';
import type { Graph } from './fuse.ts';
import {
  parsePlan,
  PLAN_FORMAT,
  WEIGHT_ALIGNMENT,
  type Plan,
  type PlanNode,
  type WeightRef,
} from '../../shared/model/plan/plan.ts';
import { sizeOf, type Tensor } from '../../shared/model/plan/tensor.ts';

export interface CompiledPlan {
  readonly plan: Plan;
  /** The weights file, float32 little-endian, `plan.weightsBytes` long. */
  readonly weights: Uint8Array<ArrayBuffer>;
}

/**
 * Equal graphs give equal bytes, however their nodes were put together: the digest of a base depends on them.
 *
 * @returns the plan, which has passed the check that readers make; an error where it does not (a reshape to a
 *   fraction, more elements than any memory holds)
 */
export function emitPlan(graph: Graph): Result<CompiledPlan, ModelError> {
  const tensors = graph.nodes.flatMap((node) => weightsOf(node));
  const weightsBytes = tensors.reduce((total, tensor) => total + alignedBytes(tensor), 0);
  const weights = new Uint8Array(weightsBytes);
  let offset = 0;
  const place = (tensor: Tensor): WeightRef => {
    const ref = { offset, shape: tensor.shape };
    new Float32Array(weights.buffer, offset, sizeOf(tensor.shape)).set(tensor.data);
    offset += alignedBytes(tensor);
    return ref;
  };
  const nodes = graph.nodes.map((node) => inOrder(placeWeights(node, place)));
  const plan = parsePlan({ format: PLAN_FORMAT, inputShape: graph.inputShape, nodes, weightsBytes });
  return plan.ok ? ok({ plan: plan.value, weights }) : plan;
}

function placeWeights(node: Node<Tensor>, place: (tensor: Tensor) => WeightRef): PlanNode {
  if (!('kernel' in node)) return node;
  return { ...node, kernel: place(node.kernel), bias: node.bias === null ? null : place(node.bias) };
}

/** The fields of every op, in the order in which they are written. */
const FIELDS = [
  'op',
  'name',
  'inputs',
  'shape',
  'kernel',
  'bias',
  'activation',
  'window',
  'strides',
  'dilations',
  'pads',
  'alpha',
  'min',
  'max',
  'axis',
  'to',
];

function inOrder(node: PlanNode): PlanNode {
  const fields = Object.entries(node).sort(([a], [b]) => FIELDS.indexOf(a) - FIELDS.indexOf(b));
  return Object.fromEntries(fields) as unknown as PlanNode;
}

function alignedBytes({ shape }: Tensor): number {
  const bytes = sizeOf(shape) * Float32Array.BYTES_PER_ELEMENT;
  return Math.ceil(bytes / WEIGHT_ALIGNMENT) * WEIGHT_ALIGNMENT;
}
