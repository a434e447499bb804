/**
 * What flows along a GraphDef's edges while it is compiled: examples, constants, and sizes computed from the number
 * of examples, which is not known before the model runs.
 */
import { stretch } from './affine.ts';
import type { GraphBuilder, Value } from './graph-builder.ts';
import { sameShape, sizeOf, type Shape, type Tensor } from '../../shared/model/plan/tensor.ts';

export interface Rows {
  readonly kind: 'rows';
  /** Its shape in the sketch leaves the batch out, as all shapes there do. */
  readonly value: Value;
  /** False: [batch, ...shape]. True: the first axis was joined with the batch, [batch * shape[0], ...the rest]. */
  readonly joined: boolean;
}

export interface Constant {
  readonly kind: 'constant';
  readonly tensor: Tensor;
}

/** One number of a computed shape: `count`, or `count` times the number of examples. */
export interface Size {
  readonly count: number;
  readonly perBatch: boolean;
}

export interface Sizes {
  readonly kind: 'sizes';
  readonly sizes: readonly Size[];
  /** One number rather than a list of them. */
  readonly scalar: boolean;
}

export type GraphValue = Rows | Constant | Sizes;

/**
 * A value that has one row an example.
 *
 * @param joined  whether the first axis of its shape was joined with the batch
 */
export function rows(value: Value, joined = false): Rows {
  return { kind: 'rows', value, joined };
}

/** A value that is the same for every example. */
export function constant(shape: Shape, data: Float32Array): Constant {
  return { kind: 'constant', tensor: { shape, data } };
}

/** Sizes that do not depend on the batch are constants. */
export function sizesOf(sizes: readonly Size[], scalar: boolean): GraphValue {
  if (sizes.some(({ perBatch }) => perBatch)) return { kind: 'sizes', sizes, scalar };
  const data = Float32Array.from(sizes, ({ count }) => count);
  return constant(scalar ? [] : [sizes.length], data);
}

/** The numbers of a list or a scalar; undefined for examples and for constants of higher rank. */
export function asSizes(value: GraphValue | undefined): readonly Size[] | undefined {
  if (value?.kind === 'sizes') return value.sizes;
  if (value?.kind !== 'constant' || value.tensor.shape.length > 1) return undefined;
  return [...value.tensor.data].map((count) => ({ count, perBatch: false }));
}

/** The numbers of a constant list or scalar. */
export function asInts(value: GraphValue | undefined): readonly number[] | undefined {
  return value?.kind === 'constant' && value.tensor.shape.length <= 1 ? [...value.tensor.data] : undefined;
}

/** Whether a value has no axes at all. */
export function isScalar(value: GraphValue): boolean {
  return value.kind === 'sizes' ? value.scalar : value.kind === 'constant' && value.tensor.shape.length === 0;
}

/** As TensorFlow sees the shape: with the batch. */
export function fullShapeOf(builder: GraphBuilder, { value, joined }: Rows): Size[] {
  const shape = builder.shapeOf(value);
  const [first = 1, ...others] = joined ? shape : [1, ...shape];
  return [{ count: first, perBatch: true }, ...others.map((count) => ({ count, perBatch: false }))];
}

/** A shape with its batch axis, for messages: `[batch,7,7,64]`, `[batch*4,16]`. */
export function describeShape(builder: GraphBuilder, value: Rows): string {
  const [first, ...others] = fullShapeOf(builder, value);
  const batch = first?.count === 1 ? 'batch' : `batch*${first?.count}`;
  return `[${[batch, ...others.map(({ count }) => count)].join(',')}]`;
}

/** `axis` of the full shape, counted from the front. */
export function normaliseAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/**
 * The examples in another shape.
 *
 * @param to  the full shape; one -1 stands for what is left. Its first number may be the batch, a multiple of it, -1,
 *   or 1 in a model that was exported for one example at a time
 */
export function reshapeRows(builder: GraphBuilder, from: Rows, to: readonly Size[]): Rows | string {
  const size = sizeOf(builder.shapeOf(from.value));
  const [first = { count: 1, perBatch: false }, ...others] = to;
  const counts = others.map(({ count }) => count);
  const given = `[${[first, ...others].map(({ count, perBatch }) => (perBatch ? `batch*${count}` : count)).join(',')}]`;
  const misfit = `a reshape of ${describeShape(builder, from)} to ${given} does not keep the examples apart`;
  if (others.some(({ perBatch }) => perBatch)) return misfit;
  const known = sizeOf(counts.filter((count) => count !== -1));
  const lead = !first.perBatch && first.count === -1 ? size / known : first.count;
  if (!Number.isInteger(lead) || lead < 1 || (!first.perBatch && first.count > 1)) return misfit;
  const filled = counts.map((count) => (count === -1 ? size / lead / known : count));
  if (lead * sizeOf(filled) !== size || !filled.every((count) => Number.isInteger(count))) return misfit;
  const joined = lead > 1 || filled.length === 0;
  return rows(builder.reshape(from.value, joined ? [lead, ...filled] : filled), joined);
}

/** The same numbers under another full shape, which has the batch where it was. */
export function reshapeAny(
  builder: GraphBuilder,
  value: GraphValue,
  to: readonly Size[],
): GraphValue | string {
  if (value.kind === 'rows') return reshapeRows(builder, value, to);
  if (value.kind === 'sizes') return 'it reshapes a shape that is computed from the batch';
  const counts = to.map(({ count }) => count);
  const known = sizeOf(counts.filter((count) => count !== -1));
  const shape = counts.map((count) => (count === -1 ? value.tensor.data.length / known : count));
  if (sizeOf(shape) !== value.tensor.data.length || to.some(({ perBatch }) => perBatch))
    return `a constant of shape [${value.tensor.shape.join(',')}] does not fit [${counts.join(',')}]`;
  return constant(shape, value.tensor.data);
}

/** Folds a function of two constants. */
export function foldBinary(
  a: Tensor,
  b: Tensor,
  compute: (x: number, y: number) => number,
): Constant | string {
  const rank = Math.max(a.shape.length, b.shape.length);
  const pad = ({ shape }: Tensor) => [...Array.from({ length: rank - shape.length }, () => 1), ...shape];
  const [left, right] = [pad(a), pad(b)];
  const shape = left.map((dim, axis) => (dim === 1 ? (right[axis] ?? 1) : dim));
  const x = stretch(a, shape);
  const y = stretch(b, shape);
  if (x === undefined || y === undefined)
    return `constants of shape [${a.shape.join(',')}] and [${b.shape.join(',')}] do not stretch to each other`;
  return constant(
    shape,
    x.map((number, i) => compute(number, y[i] ?? 0)),
  );
}

/** Whether two rows have axes at the same places, so that ops between them mean the same in the sketch. */
export function aligned(builder: GraphBuilder, a: Rows, b: Rows): boolean {
  const [left, right] = [builder.shapeOf(a.value), builder.shapeOf(b.value)];
  return a.joined || b.joined
    ? a.joined === b.joined && sameShape(left, right)
    : left.length === right.length;
}
