/**
 * Activation functions by tfjs's names, as ops.
 */
import { addScalars } from './affine.ts';
import type { UnaryOp } from '../../shared/model/plan/ops.ts';
import type { Sketch, Value } from './sketch.ts';

type Activation = (sketch: Sketch, value: Value) => Value;

export const ACTIVATIONS = {
  linear: (_, x) => x,
  relu: unary('relu'),
  relu6: unary('relu6'),
  elu: unary('elu'),
  selu: unary('selu'),
  sigmoid: unary('sigmoid'),
  tanh: unary('tanh'),
  softplus: unary('softplus'),
  softmax: (sketch, x) => sketch.add({ op: 'softmax' }, x),
  /** x / (|x| + 1) */
  softsign: (sketch, x) =>
    sketch.add({ op: 'divide' }, x, addScalars(sketch, sketch.add({ op: 'abs' }, x), 1, 1)),
  /** clip(0.2 x + 0.5, 0, 1), as Keras 2 and tfjs have it. */
  hardSigmoid: (sketch, x) => sketch.add({ op: 'clip', min: 0, max: 1 }, addScalars(sketch, x, 0.2, 0.5)),
  /** x sigmoid(x) */
  swish: (sketch, x) => sketch.add({ op: 'multiply' }, x, sketch.add({ op: 'sigmoid' }, x)),
  /** x tanh(softplus(x)) */
  mish: (sketch, x) => sketch.add({ op: 'multiply' }, x, sketch.chain(x, { op: 'softplus' }, { op: 'tanh' })),
  /** x (1 + erf(x / √2)) / 2 */
  gelu: (sketch, x) => {
    const erf = sketch.add({ op: 'erf' }, addScalars(sketch, x, Math.SQRT1_2, 0));
    return sketch.add({ op: 'multiply' }, x, addScalars(sketch, erf, 0.5, 0.5));
  },
  /** x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2 */
  geluNew: (sketch, x) => {
    const square = sketch.add({ op: 'multiply' }, x, x);
    const inner = sketch.add({ op: 'multiply' }, x, addScalars(sketch, square, 0.044715, 1));
    const tanh = sketch.add({ op: 'tanh' }, addScalars(sketch, inner, Math.sqrt(2 / Math.PI), 0));
    return sketch.add({ op: 'multiply' }, x, addScalars(sketch, tanh, 0.5, 0.5));
  },
} as const satisfies Record<string, Activation>;

export type ActivationName = keyof typeof ACTIVATIONS;

/** Keras writes `hard_sigmoid`, tfjs `hardSigmoid`. */
export function findActivation(name: string): ActivationName | undefined {
  const camel = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return (Object.keys(ACTIVATIONS) as ActivationName[]).find((known) => known === camel);
}

export function addActivation(sketch: Sketch, value: Value, name: ActivationName): Value {
  return ACTIVATIONS[name](sketch, value);
}

function unary(op: UnaryOp): Activation {
  return (sketch, value) => sketch.add({ op }, value);
}
