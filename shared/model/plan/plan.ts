/**
 * The edge plan: what an executor needs to run a model, and nothing else. JSON plus one aligned weights file.
 *
 * A plan is a list of nodes in the order in which they run. Value 0 is the input, value i + 1 the output of
 * node i; the last node's output is the plan's. Shapes never include the batch.
 * `parsePlan` accepts only plans that can't read or write outside their buffers, whoever wrote them.
 */
import { ok, type Result } from '../../result.ts';
import {
  anyNumber,
  anyString,
  type Check,
  fields,
  integer,
  list,
  nullable,
  oneOf,
  tagged,
} from '../../checks.ts';
import { invalid, type ModelError } from './error.ts';
import { BINARY_OPS, UNARY_OPS, weightsOf, type BinaryOp, type Node, type UnaryOp } from './ops.ts';
import { inferShape } from './shapes.ts';
import { sameShape, sizeOf, type Shape } from './tensor.ts';

export const PLAN_FORMAT = 'holdfast-plan/1';

/** Weights start at multiples of this many bytes: a cache line. */
export const WEIGHT_ALIGNMENT = 64;

/** A tensor in the weights file. */
export interface WeightRef {
  /** Bytes from the file's start, a multiple of WEIGHT_ALIGNMENT. */
  readonly offset: number;
  readonly shape: Shape;
}

export type PlanNode = Node<WeightRef>;

export interface Plan {
  readonly format: typeof PLAN_FORMAT;
  readonly inputShape: Shape;
  readonly nodes: readonly PlanNode[];
  /** Length of the weights file. */
  readonly weightsBytes: number;
}

/** Far above any model that fits an isolate; keeps every product below 2^53. */
const MAX_DIM = 2 ** 24;
const MAX_ELEMENTS = 2 ** 28;
const MAX_NODES = 10_000;

const dim = integer(1, MAX_DIM);
const count = integer(0, Number.MAX_SAFE_INTEGER);
const shape = list(dim, 1, 8);
const weight = fields({ offset: count, shape });
const pair = list(dim, 2, 2);
const pads = list(integer(0, MAX_DIM), 4, 4);
const activation = oneOf('linear', 'relu', 'relu6');

/** A node of an op, with the op's own attributes beside what every node has. */
const node = (attributes: Readonly<Record<string, Check>> = {}) =>
  fields({ op: anyString, name: anyString, inputs: list(count, 0, MAX_NODES), shape, ...attributes });
const weighted = { kernel: weight, bias: nullable(weight), activation };
const convolution = node({ ...weighted, strides: pair, dilations: pair, pads });
const pooling = node({ window: pair, strides: pair, pads });

const elementwise = Object.fromEntries([...UNARY_OPS, ...BINARY_OPS].map((op) => [op, node()])) as Record<
  UnaryOp | BinaryOp,
  Check
>;

const OPS: Readonly<Record<PlanNode['op'], Check>> = {
  ...elementwise,
  conv2d: convolution,
  depthwiseConv2d: convolution,
  dense: node(weighted),
  scale: node(weighted),
  maxPool: pooling,
  averagePool: pooling,
  pad: node({ pads }),
  softmax: node(),
  leakyRelu: node({ alpha: anyNumber }),
  clip: node({ min: anyNumber, max: anyNumber }),
  concat: node({ axis: count }),
  reshape: node({ to: shape }),
};

const checkPlan = fields({
  format: oneOf(PLAN_FORMAT),
  inputShape: shape,
  nodes: list(tagged('op', OPS), 1, MAX_NODES),
  weightsBytes: count,
});

/**
 * Reads a plan and checks it: every value exists before it is used, every shape follows from its inputs, every
 * weight lies inside the file.
 *
 * @param json  the parsed JSON, from anywhere
 * @returns the plan, or the first thing that is wrong with it and where
 */
export function parsePlan(json: unknown): Result<Plan, ModelError> {
  const misfit = checkPlan(json, 'plan');
  if (misfit !== undefined) return invalid(misfit);
  const plan = json as Plan;
  const shapes = [plan.inputShape];
  for (const node of plan.nodes) {
    const problem = findProblem(node, shapes, plan.weightsBytes);
    if (problem !== undefined) return invalid(`plan: node ${shapes.length - 1} '${node.name}': ${problem}`);
    shapes.push(node.shape);
  }
  return ok(plan);
}

/** Shape of the plan's output, without the batch. */
export function outputShapeOf(plan: Plan): Shape {
  return plan.nodes.at(-1)?.shape ?? plan.inputShape;
}

function findProblem(node: PlanNode, shapes: readonly Shape[], weightsBytes: number): string | undefined {
  const inputShapes: Shape[] = [];
  for (const input of node.inputs) {
    const shape = shapes[input];
    if (shape === undefined) return `takes value ${input}, of which ${shapes.length} exist before it`;
    inputShapes.push(shape);
  }
  for (const weight of weightsOf(node)) {
    const problem = findWeightProblem(weight, weightsBytes);
    if (problem !== undefined) return problem;
  }
  const inferred = inferShape(node, inputShapes);
  if (!inferred.ok) return inferred.error;
  if (!sameShape(inferred.value, node.shape)) {
    return `expected the shape [${inferred.value.join(',')}], got [${node.shape.join(',')}]`;
  }
  if (sizeOf(node.shape) > MAX_ELEMENTS)
    return `has ${sizeOf(node.shape)} elements, at most ${MAX_ELEMENTS} fit`;
  return undefined;
}

function findWeightProblem({ offset, shape }: WeightRef, weightsBytes: number): string | undefined {
  if (offset % WEIGHT_ALIGNMENT !== 0)
    return `its weight at byte ${offset} is not ${WEIGHT_ALIGNMENT}-aligned`;
  const end = offset + sizeOf(shape) * Float32Array.BYTES_PER_ELEMENT;
  if (end <= weightsBytes) return undefined;
  return `its weight ends at byte ${end}, the weights file at ${weightsBytes}`;
}
