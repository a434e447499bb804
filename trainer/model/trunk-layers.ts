/**
 * A network's layers in front of a head, with a new initialisation.
 */
import type { LayerJson } from '../compile/artifacts.ts';
import { encodedShape } from '../../shared/model/spec/input.ts';
import type { Spec } from '../../shared/model/spec/spec.ts';
import { type NetworkLayer, networkShapes } from '../../shared/model/spec/network.ts';
import { sizeOf, type Shape, type Tensor } from '../../shared/model/plan/tensor.ts';
import { networkLayers, type Trunk, type Unfrozen } from './trunk.ts';
import type { Random } from '../../shared/random.ts';
import { RunFailure } from '../run-failure.ts';

type NetworkedSpec = Pick<Spec, 'input' | 'network'>;

/** What is trained before a head: by the spec's network, or where the end of the base is unfrozen. */
type Wanting = { readonly unfrozen?: Unfrozen } & { readonly spec: NetworkedSpec };

/** The layers before a head, without weights; null where it stands by itself. */
export function wantedTrunk({ spec: { input, network }, unfrozen }: Wanting): readonly LayerJson[] | null {
  if (unfrozen !== undefined) return unfrozen.trunk.layers;
  return network === undefined ? null : networkLayers(network, encodedShape(input));
}

/** How many numbers the head reads. @param size  numbers in an example */
export function trunkSize({ spec: { input, network }, unfrozen }: Wanting, size: number): number {
  if (unfrozen !== undefined) return unfrozen.size;
  return network === undefined ? size : (shapesOf(network, encodedShape(input)).at(-1)?.[0] ?? size);
}

function shapesOf(network: readonly NetworkLayer[], shape: Shape): Shape[] {
  const shapes = networkShapes(network, shape);
  if (!shapes.ok) throw new RunFailure(`network.${shapes.error.index}: ${shapes.error.message}`);
  return shapes.value;
}

/**
 * Kernels by He's uniform initialisation before activations that cut half away (He et al. 2015, arXiv:1502.01852),
 * by Glorot's before the others (Glorot & Bengio 2010); zero biases; normalisations that do nothing yet.
 *
 * @returns null where the spec has no network
 */
export function initialTrunk({ input, network }: NetworkedSpec, random: Random): Trunk | null {
  if (network === undefined) return null;
  const shape = encodedShape(input);
  const before = [shape, ...shapesOf(network, shape)];
  const layers = networkLayers(network, shape);
  const tensors = new Map<string, Tensor>();
  const named = layers.filter(({ className }) => WEIGHED.includes(className));
  for (const [i, layer] of network.entries()) {
    if (!('kernelSize' in layer) && layer.type !== 'batchNormalization') continue;
    const name = named.shift()?.name ?? '';
    const channels = before[i]?.at(-1) ?? 1;
    for (const [weight, tensor] of initialWeights(layer, channels, random)) {
      tensors.set(`${name}/${weight}`, tensor);
    }
  }
  return { layers, tensors };
}

const WEIGHED = ['Conv2D', 'DepthwiseConv2D', 'BatchNormalization'];

type WeighedLayer = Extract<NetworkLayer, { type: 'conv2d' | 'depthwiseConv2d' | 'batchNormalization' }>;

function initialWeights(layer: WeighedLayer, channels: number, random: Random): [string, Tensor][] {
  if (layer.type === 'batchNormalization') {
    return [
      ['gamma', filled(channels, 1)],
      ['beta', filled(channels, 0)],
      ['moving_mean', filled(channels, 0)],
      ['moving_variance', filled(channels, 1)],
    ];
  }
  const { kernelSize: side, activation } = layer;
  if (layer.type === 'depthwiseConv2d') {
    const fan = side * side;
    const limit = limitOf(activation, fan, fan);
    return [
      ['depthwise_kernel', uniform([side, side, channels, 1], limit, random)],
      ['bias', filled(channels, 0)],
    ];
  }
  const limit = limitOf(activation, side * side * channels, side * side * layer.filters);
  return [
    ['kernel', uniform([side, side, channels, layer.filters], limit, random)],
    ['bias', filled(layer.filters, 0)],
  ];
}

const HALVING = ['relu', 'relu6', 'elu', 'leakyRelu', 'linear'];

/** A convolution without an activation of its own is followed by a normalisation or one: counted as cut. */
function limitOf(activation: string, inputs: number, outputs: number): number {
  return Math.sqrt(6 / (HALVING.includes(activation) ? inputs : inputs + outputs));
}

function uniform(shape: Shape, limit: number, random: Random): Tensor {
  const data = Float32Array.from({ length: sizeOf(shape) }, () => (random.uniform() * 2 - 1) * limit);
  return { shape, data };
}

function filled(length: number, value: number): Tensor {
  return { shape: [length], data: new Float32Array(length).fill(value) };
}
