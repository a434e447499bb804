/**
 * Activation functions by tfjs's names, as ops.
 */
import { addScalars } from './affine.ts';
import type { UnaryOp } from '../../shared/model/plan/ops.ts';
import type { GraphBuilder, Value } from './graph-builder.ts';

type Activation = (builder: GraphBuilder, value: Value) => Value;

export const ACTIVATIONS = {
  linear: (_, x) => x,
  relu: unary('relu'),
  relu6: unary('relu6'),
  elu: unary('elu'),
  selu: unary('selu'),
  sigmoid: unary('sigmoid'),
  tanh: unary('tanh'),
  softplus: unary('softplus'),
  softmax: (builder, x) => builder.add({ op: 'softmax' }, x),
  /** x / (|x| + 1) */
  softsign: (builder, x) =>
    builder.add({ op: 'divide' }, x, addScalars(builder, builder.add({ op: 'abs' }, x), 1, 1)),
  /** clip(0.2 x + 0.5, 0, 1), as Keras 2 and tfjs have it. */
  hardSigmoid: (builder, x) => builder.add({ op: 'clip', min: 0, max: 1 }, addScalars(builder, x, 0.2, 0.5)),
  /** x sigmoid(x) */
  swish: (builder, x) => builder.add({ op: 'multiply' }, x, builder.add({ op: 'sigmoid' }, x)),
  /** x tanh(softplus(x)) */
  mish: (builder, x) =>
    builder.add({ op: 'multiply' }, x, builder.chain(x, { op: 'softplus' }, { op: 'tanh' })),
  /** x (1 + erf(x / √2)) / 2 */
  gelu: (builder, x) => {
    const erf = builder.add({ op: 'erf' }, addScalars(builder, x, Math.SQRT1_2, 0));
    return builder.add({ op: 'multiply' }, x, addScalars(builder, erf, 0.5, 0.5));
  },
  /** x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2 */
  geluNew: (builder, x) => {
    const square = builder.add({ op: 'multiply' }, x, x);
    const inner = builder.add({ op: 'multiply' }, x, addScalars(builder, square, 0.044715, 1));
    const tanh = builder.add({ op: 'tanh' }, addScalars(builder, inner, Math.sqrt(2 / Math.PI), 0));
    return builder.add({ op: 'multiply' }, x, addScalars(builder, tanh, 0.5, 0.5));
  },
} as const satisfies Record<string, Activation>;

export type ActivationName = keyof typeof ACTIVATIONS;

/** Keras writes `hard_sigmoid`, tfjs `hardSigmoid`. */
export function findActivation(name: string): ActivationName | undefined {
  const camel = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return (Object.keys(ACTIVATIONS) as ActivationName[]).find((known) => known === camel);
}

/**
 * Draws an activation behind a value; `linear` draws nothing.
 *
 * @returns the value after it
 */
export function addActivation(builder: GraphBuilder, value: Value, name: ActivationName): Value {
  return ACTIVATIONS[name](builder, value);
}

function unary(op: UnaryOp): Activation {
  return (builder, value) => builder.add({ op }, value);
}
