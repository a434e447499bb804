/**
 * A graph while it is drawn: ops are added one by one, shapes follow, and the first thing that does not fit is kept.
 *
 * Whoever lowers a layer or a TensorFlow node draws here, and asks once at the end whether anything went wrong.
 */
import type { Graph } from './fuse.ts';
import type { Node, Op } from '../../shared/model/plan/ops.ts';
import { inferShape } from '../../shared/model/plan/shapes.ts';
import { sameShape, type Shape, type Tensor } from '../../shared/model/plan/tensor.ts';

/** A value: 0 is the graph's input, i + 1 the output of its node i. */
export type Value = number;

export interface GraphBuilder {
  /**
   * Adds an op and returns its output. An op that does not fit its inputs is not added: `problem` then says why, and
   * the first input is returned so that drawing can go on.
   */
  readonly add: (op: Op<Tensor>, ...inputs: readonly Value[]) => Value;
  /** Ops in a row, each on the output before it. */
  readonly chain: (value: Value, ...ops: readonly Op<Tensor>[]) => Value;
  /** A reshape where one is needed. */
  readonly reshape: (value: Value, to: Shape) => Value;
  readonly shapeOf: (value: Value) => Shape;
  /** Whom the nodes that follow belong to. */
  readonly startNode: (name: string) => void;
  /** The first op that did not fit, undefined where all did. */
  readonly problem: () => string | undefined;
  /** What `output` depends on, with `output` as the last value. */
  readonly finish: (output: Value) => Graph;
}

/** A finished drawing, and which of its values is wanted. */
export interface BuiltGraph {
  readonly builder: GraphBuilder;
  readonly output: Value;
}

/**
 * A graph with one input, whose value is 0.
 *
 * @param inputShape  of one example, without the batch
 */
export function createGraphBuilder(inputShape: Shape): GraphBuilder {
  const nodes: Node<Tensor>[] = [];
  const shapes: Shape[] = [inputShape];
  let name = '';
  let problem: string | undefined;

  const shapeOf = (value: Value) => shapes[value] ?? [];
  const add = (op: Op<Tensor>, ...inputs: readonly Value[]) => {
    const shape = inferShape(op, inputs.map(shapeOf));
    if (!shape.ok) {
      problem ??= shape.error;
      return inputs[0] ?? 0;
    }
    nodes.push({ ...op, name, inputs, shape: shape.value });
    return shapes.push(shape.value) - 1;
  };
  return {
    add,
    chain: (value, ...ops) => ops.reduce((input, op) => add(op, input), value),
    reshape: (value, to) => (sameShape(shapeOf(value), to) ? value : add({ op: 'reshape', to }, value)),
    shapeOf,
    startNode: (of) => {
      name = of;
    },
    problem: () => problem,
    finish: (output) => prune({ inputShape, nodes }, output),
  };
}

/** Nodes stand after what they read, so that `output` comes last once all else is gone. */
function prune({ inputShape, nodes }: Graph, output: Value): Graph {
  const needed = new Set([output]);
  for (const [i, node] of [...nodes.entries()].toReversed()) {
    if (needed.has(i + 1)) for (const input of node.inputs) needed.add(input);
  }
  const renumbered = new Map([[0, 0]]);
  const kept: Node<Tensor>[] = [];
  for (const [i, node] of nodes.entries()) {
    if (!needed.has(i + 1)) continue;
    kept.push({ ...node, inputs: node.inputs.map((input) => renumbered.get(input) ?? 0) });
    renumbered.set(i + 1, kept.length);
  }
  return { inputShape, nodes: kept };
}
