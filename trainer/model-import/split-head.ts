/**
 * Finds the head of a complete model: the dense layers at its end, which can be trained on. What is before them becomes
 * its base. How the model ends, in probabilities, logits or a number, becomes how heads end here, with the same answers.
 */
import { err, ok, type Result } from '../../shared/result.ts';
import type { CompiledPlan } from '../compile/emit.ts';
import { type DenseLayer, LEAK } from '../model/head.ts';
import type { PlanNode, WeightRef } from '../../shared/model/plan/plan.ts';
import type { Spec } from '../../shared/model/spec/spec.ts';
import { outputActivation } from '../../shared/model/spec/task.ts';
import { sizeOf, type Shape, type Tensor } from '../../shared/model/plan/tensor.ts';

export interface SplitModel {
  /** From the base to the answers; the last one ends as the task's heads do. */
  readonly head: readonly DenseLayer[];
  /** What the model does to its input, a row of numbers, before the first layer: (x - mean) * scale. */
  readonly constants: Scaling | null;
  /** The layer or node that the base ends with, and what it gives; null where the head reads the input itself. */
  readonly base: { readonly output: string; readonly shape: Shape } | null;
  /** `logits`: the head's softmax is not the model's own. `sigmoid`: its one output is now the second of two labels. */
  readonly ending: 'softmax' | 'logits' | 'sigmoid' | 'logit' | 'number';
  /** The model ends with no dense layer, but with this one: the head behind it changes nothing until it is trained. */
  readonly endsWith: string | null;
}

/** `(x - mean) * scale`, a number each. */
export interface Scaling {
  readonly mean: readonly number[];
  readonly scale: readonly number[];
}

type Activation = DenseLayer['activation'];

const ACTIVATIONS: readonly Activation[] = ['softmax', 'relu', 'relu6', 'elu', 'sigmoid', 'tanh'];

/** Behind a model without a dense layer at its end comes one of n x n weights: of more they weigh over 4 MB. */
const MOST_IDENTITY = 1_024;

/** @returns an error that names what the model ends with, where that is no answer to the task */
export function splitHead(compiled: CompiledPlan, task: Spec['task']): Result<SplitModel, string> {
  const end = task === 'classification' ? endOfClasses(compiled) : endOfNumber(compiled);
  if (!end.ok) return end;
  const { at, ending } = end.value;
  const found = walkBack(compiled, at);
  const { nodes, inputShape } = compiled.plan;
  const own = found.layers.length > 0;
  const size = sizeOf(shapeAt(compiled, at));
  if (!own && size > MOST_IDENTITY)
    return err(`it ends with ${nameNode(nodes[at - 1])}: expected a dense layer before ${size} outputs`);
  const layers = own ? found.layers : [identity(size)];
  const before = nodes.slice(0, found.cut).filter(({ op }) => op !== 'reshape');
  const scaling = before.length === 1 && inputShape.length === 1 ? scalingOf(before[0], compiled) : null;
  const last = layers.at(-1) as DenseLayer;
  const output = ending === 'sigmoid' || ending === 'logit' ? ofTwoClasses(last) : last;
  return ok({
    head: [...layers.slice(0, -1), { ...output, activation: outputActivation({ task }) }],
    constants: scaling,
    base: before.length === 0 || scaling !== null ? null : baseOf(nodes[found.cut - 1]),
    ending,
    endsWith: own ? null : nameNode(nodes[at - 1]),
  });
}

function baseOf(node: PlanNode | undefined): SplitModel['base'] {
  return node === undefined ? null : { output: node.name, shape: node.shape };
}

/** How a model ends, and how many of its nodes come before that end. */
interface End {
  readonly at: number;
  readonly ending: SplitModel['ending'];
}

function endOfClasses(compiled: CompiledPlan): Result<End, string> {
  const { nodes } = compiled.plan;
  const last = lastComputing(compiled);
  const node = nodes[last - 1];
  const shape = shapeAt(compiled, nodes.length);
  if (node === undefined || !isVector(shape))
    return err(`it ends with ${nameNode(node)} in the shape [${shape.join(',')}]: expected a number a label`);
  const outputs = sizeOf(shape);
  const activation = endActivation(node);
  if (activation === 'softmax' && outputs > 1) return ok({ at: last - 1, ending: 'softmax' });
  if (activation === 'sigmoid' && outputs === 1) return ok({ at: last - 1, ending: 'sigmoid' });
  if (activation === 'linear') return ok({ at: last, ending: outputs === 1 ? 'logit' : 'logits' });
  const hint = activation === 'sigmoid' ? ': labels that do not exclude each other are not offered' : '';
  return err(
    `it ends with ${nameNode(node)} over ${outputs} ${outputs === 1 ? 'output' : 'outputs'}: expected a softmax over the labels, logits, or one sigmoid${hint}`,
  );
}

function endOfNumber(compiled: CompiledPlan): Result<End, string> {
  const { nodes } = compiled.plan;
  const shape = shapeAt(compiled, nodes.length);
  if (sizeOf(shape) === 1) return ok({ at: lastComputing(compiled), ending: 'number' });
  return err(`it gives the shape [${shape.join(',')}]: a regression predicts one number`);
}

/** Nodes up to the last one that does more than to arrange its numbers otherwise. */
function lastComputing({ plan: { nodes } }: CompiledPlan): number {
  let last = nodes.length;
  while (nodes[last - 1]?.op === 'reshape' && nodes[last - 1]?.inputs[0] === last - 1) last--;
  return last;
}

/** `linear` of anything that is no function of one number, as a sum or a mean. */
function endActivation(node: PlanNode): string {
  if ('activation' in node) return node.activation;
  const sums = ['add', 'subtract', 'multiply', 'divide', 'averagePool', 'maxPool', 'concat', 'reshape'];
  return sums.includes(node.op) ? 'linear' : node.op;
}

interface Walk {
  readonly layers: readonly DenseLayer[];
  /** Nodes before the first of them. */
  readonly cut: number;
}

/** The dense layers that end with node `at`, the last of them linear. Scalings between two are folded into the second. */
function walkBack(compiled: CompiledPlan, at: number): Walk {
  const { nodes } = compiled.plan;
  const layers: DenseLayer[] = [];
  let activation: Activation = 'linear';
  let scaling: Scaling | null = null;
  let cut = at;
  for (let i = at - 1; i >= 0; i--) {
    const node = nodes[i];
    const input = shapeAt(compiled, i);
    if (node?.inputs.length !== 1 || node.inputs[0] !== i) break;
    if (node.op === 'reshape' && isVector(input) && isVector(node.shape)) continue;
    const own = activationOf(node);
    if (own !== undefined && activation === 'linear' && layers.length > 0) {
      activation = own;
      continue;
    }
    const factors: Scaling | null = activation === 'linear' ? scalingOf(node, compiled) : null;
    if (factors !== null && scaling === null && layers.length > 0) {
      scaling = factors;
      continue;
    }
    const layer = denseOf(node, input, compiled.weights);
    if (
      layer === undefined ||
      (layer.activation !== 'linear' && (activation !== 'linear' || layers.length === 0))
    )
      break;
    if (scaling !== null) layers[0] = foldScaling(scaling, layers[0] as DenseLayer);
    layers.unshift({ ...layer, activation: activation === 'linear' ? layer.activation : activation });
    activation = 'linear';
    scaling = null;
    cut = i;
  }
  return { layers, cut };
}

/** The shape after so many nodes. */
function shapeAt({ plan: { nodes, inputShape } }: CompiledPlan, count: number): Shape {
  return nodes[count - 1]?.shape ?? inputShape;
}

/** All its numbers along the last axis. */
function isVector(shape: Shape): boolean {
  return sizeOf(shape) === shape.at(-1);
}

function activationOf(node: PlanNode): Activation | undefined {
  if (node.op === 'leakyRelu' && Math.fround(node.alpha) === Math.fround(LEAK)) return 'leakyRelu';
  return ACTIVATIONS.find((activation) => activation === node.op && activation !== 'softmax');
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

function identity(size: number): DenseLayer {
  const data = new Float32Array(size * size);
  for (let i = 0; i < size; i++) data[i * size + i] = 1;
  return {
    kernel: { shape: [size, size], data },
    bias: { shape: [size], data: new Float32Array(size) },
    activation: 'linear',
  };
}

/** `x * kernel + bias` of a vector as `(x - mean) * scale`; null where a number is multiplied by 0. */
function scalingOf(node: PlanNode | undefined, { weights }: CompiledPlan): Scaling | null {
  if (node?.op !== 'scale' || node.activation !== 'linear' || !isVector(node.shape)) return null;
  const scale = Array.from(read(node.kernel, weights).data);
  const bias = node.bias === null ? scale.map(() => 0) : Array.from(read(node.bias, weights).data);
  if (scale.length !== sizeOf(node.shape) || scale.includes(0)) return null;
  return { scale, mean: bias.map((shift, i) => (shift === 0 ? 0 : -shift / (scale[i] as number))) };
}

/** The layer of scaled inputs as one of inputs as they are. */
export function foldScaling({ mean, scale }: Scaling, layer: DenseLayer): DenseLayer {
  const [inputs = 0, units = 0] = layer.kernel.shape;
  const kernel = new Float32Array(inputs * units);
  const bias = Float64Array.from(layer.bias.data);
  for (let i = 0; i < inputs; i++) {
    for (let u = 0; u < units; u++) {
      const weight = (layer.kernel.data[i * units + u] as number) * (scale[i] as number);
      kernel[i * units + u] = weight;
      bias[u] = (bias[u] as number) - (mean[i] as number) * weight;
    }
  }
  return {
    ...layer,
    kernel: { ...layer.kernel, data: kernel },
    bias: { ...layer.bias, data: Float32Array.from(bias) },
  };
}

/** sigmoid(z) is the second of softmax(-z/2, z/2). Halving is exact in binary. */
function ofTwoClasses({ kernel, bias, activation }: DenseLayer): DenseLayer {
  const split = (data: Float32Array) =>
    Float32Array.from({ length: data.length * 2 }, (_, i) => {
      const half = (data[i >> 1] as number) / 2;
      return i % 2 === 0 ? -half : half;
    });
  const [inputs = 0] = kernel.shape;
  return {
    kernel: { shape: [inputs, 2], data: split(kernel.data) },
    bias: { shape: [2], data: split(bias.data) },
    activation,
  };
}

function nameNode(node: PlanNode | undefined): string {
  if (node === undefined) return 'its input';
  const { name, op } = node;
  const activation = 'activation' in node && node.activation !== 'linear' ? ` with ${node.activation}` : '';
  return `'${name}' (${op}${activation})`;
}

function read({ offset, shape }: WeightRef, weights: Uint8Array): Tensor {
  const bytes = weights.slice(offset, offset + sizeOf(shape) * Float32Array.BYTES_PER_ELEMENT);
  return { shape, data: new Float32Array(bytes.buffer) };
}
