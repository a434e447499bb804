/**
 * The ops of a plan: their attributes, weights and shapes. What they compute is in run/bind-ops.ts.
 */
import type { Shape } from './tensor.ts';

/** Applied to the output inside the kernel, at no cost. */
export type FusedActivation = 'linear' | 'relu' | 'relu6';

/** Elementwise functions without parameters that run as a node of their own. */
export const UNARY_OPS = [
  'relu',
  'relu6',
  'elu',
  'selu',
  'sigmoid',
  'tanh',
  'softplus',
  'erf',
  'exp',
  'abs',
  'sqrt',
  'rsqrt',
] as const;
export type UnaryOp = (typeof UNARY_OPS)[number];

/** Elementwise functions of two values. Where one has 1 element along an axis, it is stretched to the other's. */
export const BINARY_OPS = ['add', 'subtract', 'multiply', 'divide', 'maximum', 'minimum'] as const;
export type BinaryOp = (typeof BINARY_OPS)[number];

export type Pair = readonly [height: number, width: number];
export type Pads = readonly [top: number, right: number, bottom: number, left: number];

/** `W` is how a weight is held: a `WeightRef` in a plan, a `Tensor` while it is compiled. */
export type Op<W> =
  /** kernel [height, width, in, out], bias [out]. */
  | (Convolution<W> & { readonly op: 'conv2d' })
  /** kernel [height, width, in, multiplier], bias [in * multiplier]. */
  | (Convolution<W> & { readonly op: 'depthwiseConv2d' })
  /** kernel [in, out], bias [out]; applied to the last axis. */
  | {
      readonly op: 'dense';
      readonly kernel: W;
      readonly bias: W | null;
      readonly activation: FusedActivation;
    }
  /** Times kernel, plus bias, both [channels]; along the last axis. A batch norm that nothing could absorb. */
  | {
      readonly op: 'scale';
      readonly kernel: W;
      readonly bias: W | null;
      readonly activation: FusedActivation;
    }
  /** Padding counts as minus infinity. */
  | (Pooling & { readonly op: 'maxPool' })
  /** Padding does not count. */
  | (Pooling & { readonly op: 'averagePool' })
  | { readonly op: 'pad'; readonly pads: Pads }
  | { readonly op: UnaryOp }
  | { readonly op: 'leakyRelu'; readonly alpha: number }
  | { readonly op: 'clip'; readonly min: number; readonly max: number }
  /** Over the last axis. */
  | { readonly op: 'softmax' }
  | { readonly op: BinaryOp }
  | { readonly op: 'concat'; readonly axis: number }
  | { readonly op: 'reshape'; readonly to: Shape };

export interface Convolution<W> {
  readonly kernel: W;
  readonly bias: W | null;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly pads: Pads;
  readonly activation: FusedActivation;
}

export interface Pooling {
  readonly window: Pair;
  readonly strides: Pair;
  readonly pads: Pads;
}

export type Node<W> = Op<W> & {
  /** The layer it comes from. */
  readonly name: string;
  /** Values it takes. */
  readonly inputs: readonly number[];
  /** Of its output. */
  readonly shape: Shape;
};

/** The kernel and, where there is one, the bias. */
export function weightsOf<W>(node: Node<W>): W[] {
  if (!('kernel' in node)) return [];
  return node.bias === null ? [node.kernel] : [node.kernel, node.bias];
}
