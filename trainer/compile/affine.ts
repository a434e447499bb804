/**
 * Constants that meet a value elementwise, stretched as NumPy stretches: times a factor, plus a shift.
 */
import type { GraphBuilder, Value } from './graph-builder.ts';
import { sizeOf, type Shape, type Tensor } from '../../shared/model/plan/tensor.ts';

/** A number as a tensor of shape [], which meets any other. */
export function scalar(value: number): Tensor {
  return { shape: [], data: Float32Array.of(value) };
}

/**
 * Adds `value * factor + shift`. One number a channel where the constants allow it, as only that joins the kernel of
 * a convolution before it; otherwise one number an element.
 *
 * @param factor  of a shape that stretches to the value's
 * @param shift   the same
 * @returns the output, or what does not fit
 */
export function addAffine(
  builder: GraphBuilder,
  value: Value,
  factor: Tensor,
  shift: Tensor,
): Value | string {
  const shape = builder.shapeOf(value);
  const perChannel = [factor, shift].every((tensor) => sizeOf(tensor.shape) === (tensor.shape.at(-1) ?? 1));
  const target = perChannel ? shape.slice(-1) : shape;
  const factors = stretch(factor, target);
  const shifts = stretch(shift, target);
  if (factors === undefined || shifts === undefined) {
    const misfit = factors === undefined ? factor : shift;
    return `a constant of shape [${misfit.shape.join(',')}] does not stretch to [${shape.join(',')}]`;
  }
  const flat = builder.reshape(value, perChannel ? shape : [sizeOf(shape)]);
  const of = [factors.length];
  const scaled = builder.add(
    {
      op: 'scale',
      kernel: { shape: of, data: factors },
      bias: { shape: of, data: shifts },
      activation: 'linear',
    },
    flat,
  );
  return builder.reshape(scaled, shape);
}

/** `value * factor + shift` by two numbers, which always fit. */
export function addScalars(builder: GraphBuilder, value: Value, factor: number, shift: number): Value {
  const channels = builder.shapeOf(value).at(-1) ?? 1;
  const fill = (number: number) => ({
    shape: [channels],
    data: new Float32Array(channels).fill(number),
  });
  return builder.add({ op: 'scale', kernel: fill(factor), bias: fill(shift), activation: 'linear' }, value);
}

/**
 * max(x, 0) + alpha * min(x, 0), by what is there already: relu(x) - alpha * relu(-x).
 *
 * @param alpha  of a shape that stretches to the value's
 */
export function addPrelu(builder: GraphBuilder, value: Value, alpha: Tensor): Value | string {
  const positive = builder.add({ op: 'relu' }, value);
  const negated = builder.add({ op: 'relu' }, addScalars(builder, value, -1, 0));
  const negative = addAffine(
    builder,
    negated,
    { shape: alpha.shape, data: alpha.data.map((slope) => -slope) },
    scalar(0),
  );
  return typeof negative === 'string' ? negative : builder.add({ op: 'add' }, positive, negative);
}

/** Mean over the last axis, which becomes 1. */
export function addMeanOfLastAxis(builder: GraphBuilder, value: Value): Value {
  const count = builder.shapeOf(value).at(-1) ?? 1;
  const kernel = { shape: [count, 1], data: new Float32Array(count).fill(1 / count) };
  return builder.add({ op: 'dense', kernel, bias: null, activation: 'linear' }, value);
}

/** The tensor's numbers repeated to fill `shape`; undefined where its axes, counted from the last, differ and are not 1. */
export function stretch({ shape: from, data }: Tensor, shape: Shape): Float32Array | undefined {
  const extra = from.length - shape.length;
  if (extra > 0 && from.slice(0, extra).some((dim) => dim !== 1)) return undefined;
  const own = shape.map((_, axis) => from[axis + extra] ?? 1);
  if (own.some((dim, axis) => dim !== 1 && dim !== shape[axis])) return undefined;
  if (data.length === sizeOf(shape)) return data;
  const strides = own.map((dim, axis) => (dim === 1 ? 0 : sizeOf(own.slice(axis + 1))));
  const stretched = new Float32Array(sizeOf(shape));
  const index = shape.map(() => 0);
  let source = 0;
  for (let at = 0; at < stretched.length; at++) {
    stretched[at] = data[source] ?? 0;
    // Counts up as an odometer does, the last axis first.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] ?? 0) + 1;
      source += strides[axis] ?? 0;
      if ((index[axis] ?? 0) < (shape[axis] ?? 1)) break;
      source -= (strides[axis] ?? 0) * (shape[axis] ?? 1);
      index[axis] = 0;
    }
  }
  return stretched;
}
