/**
 * Merges nodes that one kernel can compute: batch norms into the weights before them, activations into the
 * kernel before them, zero padding into the convolution after it.
 *
 * Folding a batch norm changes rounding (about 1e-6 relative), nothing else.
 */
import type { Node, Pads } from '../../shared/model/plan/ops.ts';
import type { Shape, Tensor } from '../../shared/model/plan/tensor.ts';

/** Nodes in running order; value 0 is the input, value i + 1 the output of node i, the last one the result. */
export interface Graph {
  readonly inputShape: Shape;
  readonly nodes: readonly Node<Tensor>[];
}

/** Of two nodes that become one. */
type Naming = (first: Node<Tensor>, second: Node<Tensor>) => string;

/**
 * The same function with fewer nodes. Two nodes merge only where nothing else reads what lies between them.
 *
 * @param naming  of one that scales or activates, after the one before it. Default: the second's name
 */
export function fuse(graph: Graph, naming: Naming = (_, { name }) => name): Graph {
  const uses = countUses(graph);
  const nodes: Node<Tensor>[] = [];
  /** From a value of `graph` to the same value of the result. */
  const renumbered = [0];
  for (const node of graph.nodes) {
    const renamed = { ...node, inputs: node.inputs.map((input) => renumbered[input] ?? 0) };
    const [input = 0] = node.inputs;
    const producer = nodes[(renamed.inputs[0] ?? 0) - 1];
    const merged = producer !== undefined && uses[input] === 1 ? merge(producer, renamed, naming) : undefined;
    if (merged === undefined) {
      nodes.push(renamed);
      renumbered.push(nodes.length);
    } else {
      nodes[(renamed.inputs[0] ?? 0) - 1] = merged;
      renumbered.push(renamed.inputs[0] ?? 0);
    }
  }
  return { ...graph, nodes };
}

function countUses({ nodes }: Graph): number[] {
  const uses = Array.from({ length: nodes.length + 1 }, () => 0);
  for (const input of nodes.flatMap((node) => node.inputs)) uses[input] = (uses[input] ?? 0) + 1;
  return uses;
}

/** One node that computes `second(first(x))`, or undefined. */
function merge(first: Node<Tensor>, second: Node<Tensor>, naming: Naming): Node<Tensor> | undefined {
  if (first.op === 'pad' && (second.op === 'conv2d' || second.op === 'depthwiseConv2d')) {
    return { ...second, inputs: first.inputs, pads: addPads(first.pads, second.pads) };
  }
  if (!('kernel' in first) || first.activation !== 'linear') return undefined;
  const name = naming(first, second);
  if (second.op === 'scale') return scaleWeights(first, second, name);
  if (second.op === 'relu' || second.op === 'relu6') return { ...first, name, activation: second.op };
  return undefined;
}

type Weighted = Extract<Node<Tensor>, { kernel: Tensor }>;

/** (x * kernel + bias) * scale + shift = x * (kernel * scale) + (bias * scale + shift), per output channel. */
function scaleWeights(
  first: Weighted,
  { kernel: scale, bias: shift, activation }: Weighted,
  name: string,
): Weighted {
  const channels = scale.data.length;
  const bias = scale.data.map((factor, c) => (first.bias?.data[c] ?? 0) * factor + (shift?.data[c] ?? 0));
  // The output channel varies fastest in every kernel layout, also in [height, width, in, multiplier].
  const kernel = first.kernel.data.map((weight, i) => weight * (scale.data[i % channels] ?? 1));
  return {
    ...first,
    name,
    kernel: { shape: first.kernel.shape, data: kernel },
    bias: { shape: [channels], data: bias },
    activation,
  };
}

function addPads(a: Pads, b: Pads): Pads {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]];
}
