/**
 * Finds the head of a complete classifier: the dense layers at its end, which can be trained on. What is before them
 * becomes its base.
 */
import { err, ok, type Result } from '../result.ts';
import type { CompiledPlan } from './emit.ts';
import type { DenseLayer } from './head.ts';
import type { PlanNode, WeightRef } from './plan.ts';
import { sizeOf, type Shape, type Tensor } from './tensor.ts';

export interface SplitModel {
  /** From the base to the probabilities; the last one is a softmax. */
  readonly head: readonly DenseLayer[];
  /** The layer or node that the base ends with; null where the head reads the input itself. */
  readonly baseOutput: string | null;
  /** The model ends with logits: the head's softmax is not its own. */
  readonly addedSoftmax: boolean;
}

type Activation = DenseLayer['activation'];

const ACTIVATIONS: readonly Activation[] = ['softmax', 'relu', 'relu6', 'sigmoid', 'tanh'];

/** @returns an error that names what the model ends with, where that is no dense layer with a softmax or none */
export function splitHead(compiled: CompiledPlan): Result<SplitModel, string> {
  const { nodes, inputShape } = compiled.plan;
  const shapes = [inputShape, ...nodes.map(({ shape }) => shape)];
  const head: DenseLayer[] = [];
  let activation: Activation = 'linear';
  let cut = nodes.length;
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    const input = shapes[i] ?? [];
    if (node?.inputs.length !== 1 || node.inputs[0] !== i) break;
    if (node.op === 'reshape' && isVector(input) && isVector(node.shape)) continue;
    const own = activationOf(node);
    if (own !== undefined && activation === 'linear') {
      activation = own;
      continue;
    }
    const layer = denseOf(node, input, compiled.weights);
    if (layer === undefined || (layer.activation !== 'linear' && activation !== 'linear')) break;
    head.unshift({ ...layer, activation: activation === 'linear' ? layer.activation : activation });
    activation = 'linear';
    cut = i;
  }
  const last = head.at(-1);
  const end = nodes.at(-1);
  if (last === undefined) return err(`it ends with '${end?.name}' (${end?.op}): expected a dense layer`);
  if (last.activation !== 'softmax' && last.activation !== 'linear')
    return err(`it ends with ${last.activation}: expected a softmax over the labels, or logits`);
  const before = nodes.slice(0, cut);
  return ok({
    head: [...head.slice(0, -1), { ...last, activation: 'softmax' }],
    baseOutput: before.every(({ op }) => op === 'reshape') ? null : (before.at(-1)?.name ?? null),
    addedSoftmax: last.activation === 'linear',
  });
}

/** All its numbers along the last axis. */
function isVector(shape: Shape): boolean {
  return sizeOf(shape) === shape.at(-1);
}

function activationOf({ op }: PlanNode): Activation | undefined {
  return ACTIVATIONS.find((activation) => activation === op);
}

/** A 1x1 convolution of one pixel is a dense layer too: MobileNet v1 ends with one. */
function denseOf(node: PlanNode, input: Shape, weights: Uint8Array): DenseLayer | undefined {
  if ((node.op !== 'dense' && node.op !== 'conv2d') || !isVector(input)) return undefined;
  const [inputs = 1, units = 1] = node.kernel.shape.slice(-2);
  if (sizeOf(node.kernel.shape) !== inputs * units || !isVector(node.shape)) return undefined;
  const kernel = { shape: [inputs, units], data: read(node.kernel, weights).data };
  const bias =
    node.bias === null ? { shape: [units], data: new Float32Array(units) } : read(node.bias, weights);
  return { kernel, bias, activation: node.activation };
}

function read({ offset, shape }: WeightRef, weights: Uint8Array): Tensor {
  const bytes = weights.slice(offset, offset + sizeOf(shape) * Float32Array.BYTES_PER_ELEMENT);
  return { shape, data: new Float32Array(bytes.buffer) };
}
