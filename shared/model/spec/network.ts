/**
 * The network of a model without a base: the layers between an image and the head, trained whole. What the spec says of
 * them, and the shapes that follow from it.
 */
import * as z from 'zod';
import { err, ok, type Result } from '../../result.ts';
import { sizeOf, type Shape } from '../plan/tensor.ts';

export const activationSchema = z.enum(['linear', 'relu', 'relu6', 'elu', 'leakyRelu', 'sigmoid', 'tanh']);

/** Along height and width alike: TensorFlow.js computes no depthwise gradient of uneven strides. */
const side = z.int().min(1).max(64);
/** `same`: padded so that a stride of 1 keeps height and width. `valid`: not padded. */
const padding = z.enum(['same', 'valid']);

const sliding = {
  kernelSize: side.default(3),
  strides: side.default(1),
  padding: padding.default('same'),
  activation: activationSchema.default('relu'),
};

const pooling = { size: side.default(2), strides: side.exactOptional(), padding: padding.default('valid') };

export const networkLayerSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('conv2d'), filters: z.int().min(1).max(2_048), ...sliding }),
  /** One filter a channel. */
  z.strictObject({ type: z.literal('depthwiseConv2d'), ...sliding }),
  /** A window moves by its own size unless `strides` says otherwise. */
  z.strictObject({ type: z.literal('maxPool'), ...pooling }),
  z.strictObject({ type: z.literal('averagePool'), ...pooling }),
  /** Ioffe & Szegedy 2015; costs nothing where it serves. */
  z.strictObject({ type: z.literal('batchNormalization') }),
  z.strictObject({ type: z.literal('activation'), activation: activationSchema }),
  z.strictObject({ type: z.literal('globalAveragePool') }),
  z.strictObject({ type: z.literal('flatten') }),
  /** Srivastava et al. 2014 */
  z.strictObject({ type: z.literal('dropout'), rate: z.number().gt(0).lt(1) }),
]);
export type NetworkLayer = z.infer<typeof networkLayerSchema>;

export const networkSchema = z.array(networkLayerSchema).min(1).max(64);

export interface NetworkProblem {
  /** in the network, counted from 0 */
  readonly index: number;
  readonly message: string;
}

/**
 * The shape after each layer.
 *
 * @param input  [height, width, channels]
 * @returns one shape a layer, the last one flat; or the first layer whose shape doesn't work
 */
export function networkShapes(
  network: readonly NetworkLayer[],
  input: Shape,
): Result<Shape[], NetworkProblem> {
  const shapes: Shape[] = [];
  let shape = input;
  for (const [index, layer] of network.entries()) {
    const next = shapeAfter(layer, shape);
    if (!next.ok) return err({ index, message: `${layer.type}: ${next.error}` });
    shape = next.value;
    shapes.push(shape);
  }
  if (shape.length === 1) return ok(shapes);
  const index = network.length - 1;
  const last = network[index]?.type;
  const message = `${last}: gives the shape [${shape.join(',')}], a head reads a flat one: end with globalAveragePool or flatten`;
  return err({ index, message });
}

/** More than this many numbers of one example in one place do not fit a Worker. */
const MOST_NUMBERS = 4_194_304;

const KEEPS_SHAPE: readonly NetworkLayer['type'][] = ['activation', 'batchNormalization', 'dropout'];

function shapeAfter(layer: NetworkLayer, shape: Shape): Result<Shape, string> {
  if (KEEPS_SHAPE.includes(layer.type)) return ok(shape);
  if (layer.type === 'flatten') return ok([sizeOf(shape)]);
  const [height, width, channels] = shape;
  if (height === undefined || width === undefined || channels === undefined)
    return err(`expected [height, width, channels], got the shape [${shape.join(',')}]`);
  if (layer.type === 'globalAveragePool') return ok([channels]);
  if (!isSliding(layer)) return ok(shape);
  const window = windowOf(layer);
  const rows = slide(height, window);
  const columns = slide(width, window);
  if (rows < 1 || columns < 1)
    return err(`a window of ${window.size} does not fit the shape [${shape.join(',')}]`);
  const output = [rows, columns, layer.type === 'conv2d' ? layer.filters : channels];
  if (sizeOf(output) > MOST_NUMBERS)
    return err(`gives the shape [${output.join(',')}], expected at most ${MOST_NUMBERS} numbers an example`);
  return ok(output);
}

/** `conv2d 16 3x3`. */
export function describeLayer(layer: NetworkLayer): string {
  const filters = layer.type === 'conv2d' ? ` ${layer.filters}` : '';
  if ('kernelSize' in layer) return `${layer.type}${filters} ${layer.kernelSize}x${layer.kernelSize}`;
  return layer.type === 'activation' ? layer.activation : layer.type;
}

interface Window {
  readonly size: number;
  readonly strides: number;
  readonly padding: 'same' | 'valid';
}

type SlidingLayer = Extract<NetworkLayer, { padding: string }>;

function isSliding(layer: NetworkLayer): layer is SlidingLayer {
  return 'padding' in layer;
}

/** A convolution's or pooling's window: its size, its strides (the size where the layer says none) and its padding. */
export function windowOf(layer: SlidingLayer): Window {
  const size = 'size' in layer ? layer.size : layer.kernelSize;
  return { size, strides: layer.strides ?? size, padding: layer.padding };
}

function slide(length: number, { size, strides, padding: kind }: Window): number {
  return kind === 'same' ? Math.ceil(length / strides) : Math.floor((length - size) / strides) + 1;
}
