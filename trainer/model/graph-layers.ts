/**
 * A GraphModel as Keras layers, so that its end can be trained like that of a LayersModel. Normalisations are folded
 * into the weights before them, as a converted GraphModel mostly has them already.
 *
 * A layer is named after the node of its convolution or product; what comes of one node in several parts is numbered.
 */
import { err, ok, type Result } from '../../shared/result.ts';
import type { ModelJson } from '../compile/artifacts.ts';
import { fuse, type Graph } from '../compile/fuse.ts';
import type { Convolution, Node, Pads, Pair, Pooling } from '../../shared/model/plan/ops.ts';
import { samePads } from '../../shared/model/plan/shapes.ts';
import { sameShape, type Shape, type Tensor } from '../../shared/model/plan/tensor.ts';
import { inputLayer } from './trunk.ts';

export interface GraphLayers {
  readonly model: ModelJson;
  /** By `layer/weight`. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** @returns an error that names the node that no layer computes */
export function layersOf(graph: Graph): Result<GraphLayers, string> {
  const { inputShape, nodes } = fuse(graph, ({ name }) => name);
  const input = inputLayer(inputShape);
  const layers = [input];
  const tensors = new Map<string, Tensor>();
  const taken = new Set([input.name]);
  /** By value: the layer that gives it, and its shape. */
  const values: { readonly name: string; readonly shape: Shape }[] = [
    { name: input.name, shape: inputShape },
  ];
  for (const node of nodes) {
    const inputs = node.inputs.map((value) => values[value] ?? { name: '', shape: [] });
    const parts = partsOf(
      node,
      inputs.map(({ shape }) => shape),
    );
    if (typeof parts === 'string') return err(`node '${node.name}': ${parts}`);
    let names = inputs.map(({ name }) => name);
    for (const { className, config, weights = {} } of parts) {
      const name = freeName(node.name, taken);
      layers.push({ className, name, config: { name, ...config }, inputs: names });
      for (const [weight, tensor] of Object.entries(weights))
        if (tensor !== null) tensors.set(`${name}/${weight}`, tensor);
      names = [name];
    }
    values.push({ name: names[0] ?? '', shape: node.shape });
  }
  const output = values.at(-1)?.name ?? input.name;
  return ok({ model: { name: 'model', layers, output, weightGroups: [] }, tensors });
}

function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let i = 2; taken.has(name); i++) name = `${wanted}_${i}`;
  taken.add(name);
  return name;
}

/** One layer, without its name. */
interface Part {
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights?: Readonly<Record<string, Tensor | null>>;
}

const CHANNELS_LAST = { data_format: 'channels_last' };

/** The layers that compute a node, one after the other; what stands in the way where there are none. */
function partsOf(node: Node<Tensor>, [shape = []]: readonly Shape[]): readonly Part[] | string {
  switch (node.op) {
    case 'conv2d':
    case 'depthwiseConv2d':
      return convolutionParts(node, shape);
    case 'dense': {
      const { kernel, bias, activation } = node;
      if (shape.length !== 1) return `a product with the shape [${shape.join(',')}], expected a row`;
      const config = { units: kernel.shape[1], use_bias: bias !== null, activation };
      return [{ className: 'Dense', config, weights: { kernel, bias } }];
    }
    case 'scale':
      return scaleParts(node);
    case 'maxPool':
      return poolingParts('MaxPooling2D', node, shape);
    case 'averagePool':
      return poolingParts('AveragePooling2D', node, shape);
    case 'pad':
      return [zeroPadding(node.pads)];
    case 'relu':
    case 'relu6':
    case 'elu':
    case 'selu':
    case 'sigmoid':
    case 'tanh':
    case 'softplus':
    case 'softmax':
      return [activationPart(node.op)];
    case 'leakyRelu':
      return [{ className: 'LeakyReLU', config: { alpha: node.alpha } }];
    case 'clip':
      return node.min === 0
        ? [{ className: 'ReLU', config: { max_value: node.max } }]
        : `numbers are cut off below ${node.min}, expected 0`;
    case 'add':
      return [{ className: 'Add', config: {} }];
    case 'multiply':
      return [{ className: 'Multiply', config: {} }];
    case 'concat':
      // Keras counts the batch as axis 0.
      return [{ className: 'Concatenate', config: { axis: node.axis + 1 } }];
    case 'reshape':
      return node.to.length === 1
        ? [{ className: 'Flatten', config: {} }]
        : [{ className: 'Reshape', config: { target_shape: [...node.to] } }];
    case 'exp':
    case 'abs':
    case 'erf':
    case 'sqrt':
    case 'rsqrt':
    case 'subtract':
    case 'divide':
    case 'maximum':
    case 'minimum':
      return `'${node.op}' is the operation of no layer`;
  }
}

type NodeOf<Name extends Node<Tensor>['op']> = Extract<Node<Tensor>, { readonly op: Name }>;

function convolutionParts(node: NodeOf<'conv2d' | 'depthwiseConv2d'>, shape: Shape): Part[] {
  const { kernel, bias } = node;
  const [height = 1, width = 1, , columns = 1] = kernel.shape;
  const { pads, padding } = paddingOf(node, [height, width], shape);
  const sliding = { kernel_size: [height, width], ...convolutionOf(node), padding };
  return node.op === 'conv2d'
    ? [...pads, { className: 'Conv2D', config: { filters: columns, ...sliding }, weights: { kernel, bias } }]
    : [
        ...pads,
        {
          className: 'DepthwiseConv2D',
          config: { depth_multiplier: columns, ...sliding },
          weights: { depthwise_kernel: kernel, bias },
        },
      ];
}

/** A factor and a shift as a normalisation by mean 0 and variance 1. */
function scaleParts({ kernel, bias, activation }: NodeOf<'scale'>): Part[] {
  const weights = {
    gamma: kernel,
    beta: bias ?? filled(kernel, 0),
    moving_mean: filled(kernel, 0),
    moving_variance: filled(kernel, 1),
  };
  const scaled = { className: 'BatchNormalization', config: { axis: -1, epsilon: 0 }, weights };
  return activation === 'linear' ? [scaled] : [scaled, activationPart(activation)];
}

function activationPart(activation: string): Part {
  return { className: 'Activation', config: { activation } };
}

function convolutionOf({ strides, dilations, bias, activation }: Convolution<Tensor>): object {
  return {
    strides: [...strides],
    dilation_rate: [...dilations],
    use_bias: bias !== null,
    activation,
    ...CHANNELS_LAST,
  };
}

/** Zeros around a picture are the layer's own where it knows them, or those of a layer before it. */
function paddingOf(
  { pads, strides, dilations }: Convolution<Tensor>,
  window: Pair,
  shape: Shape,
): { readonly pads: readonly Part[]; readonly padding: 'same' | 'valid' } {
  if (pads.every((count) => count === 0)) return { pads: [], padding: 'valid' };
  if (sameShape(pads, samePads(shape, window, strides, dilations))) return { pads: [], padding: 'same' };
  return { pads: [zeroPadding(pads)], padding: 'valid' };
}

function zeroPadding([top, right, bottom, left]: Pads): Part {
  const padding = [
    [top, bottom],
    [left, right],
  ];
  return { className: 'ZeroPadding2D', config: { padding, ...CHANNELS_LAST } };
}

function poolingParts(
  className: string,
  { window, strides, pads }: Pooling,
  shape: Shape,
): readonly Part[] | string {
  const config = { pool_size: [...window], strides: [...strides], ...CHANNELS_LAST };
  if (pads.every((count) => count === 0)) return [{ className, config: { ...config, padding: 'valid' } }];
  if (sameShape(pads, samePads(shape, window, strides, [1, 1])))
    return [{ className, config: { ...config, padding: 'same' } }];
  return `a window over a border of [${pads.join(',')}], expected that of a layer`;
}

function filled({ shape, data }: Tensor, value: number): Tensor {
  return { shape, data: new Float32Array(data.length).fill(value) };
}
