/**
 * TensorFlow operations that move no numbers or compute shapes: what exporters write to reshape a batch of any size.
 */
import { readInts, readNumber, readType } from './graph-model.ts';
import type { GraphLowering } from './graph-ops.ts';
import {
  asInts,
  asSizes,
  constant,
  fullShapeOf,
  isScalar,
  normaliseAxis,
  reshapeAny,
  rows,
  sizesOf,
  type GraphValue,
  type Size,
} from './graph-values.ts';
import type { GraphBuilder } from './graph-builder.ts';

const ONE: Size = { count: 1, perBatch: false };

const pass: GraphLowering = (_, [x]) => x ?? 'it takes no input';

/** Integers of a constant drop their fraction; examples stay float32. */
const cast: GraphLowering = (node, [x]) => {
  if (x === undefined) return 'it takes no input';
  const type = readType(node, 'DstT');
  const whole = type === 'DT_INT32' || type === 'DT_INT64';
  if (x.kind === 'rows') return type === 'DT_FLOAT' ? x : `DstT: expected DT_FLOAT, got ${type}`;
  if (x.kind === 'constant' && whole) return constant(x.tensor.shape, x.tensor.data.map(Math.trunc));
  return x;
};

const shape: GraphLowering = (_, [x], builder) => {
  if (x === undefined) return 'it takes no input';
  return sizesOf(shapeOf(x, builder), false);
};

function shapeOf(value: GraphValue, builder: GraphBuilder): Size[] {
  switch (value.kind) {
    case 'rows':
      return fullShapeOf(builder, value);
    case 'constant':
      return value.tensor.shape.map((count) => ({ count, perBatch: false }));
    case 'sizes':
      return value.scalar ? [] : [{ count: value.sizes.length, perBatch: false }];
  }
}

const reshape: GraphLowering = (_, [x, target], builder) => {
  const to = asSizes(target);
  if (x === undefined || to === undefined) return 'its target shape is computed from examples';
  return reshapeAny(builder, x, to);
};

const squeeze: GraphLowering = (node, [x], builder) => {
  if (x === undefined) return 'it takes no input';
  const full = shapeOf(x, builder);
  const named = [...readInts(node, 'squeeze_dims'), ...readInts(node, 'axis')].map((axis) =>
    normaliseAxis(axis, full.length),
  );
  const isOne = ({ count, perBatch }: Size) => count === 1 && !perBatch;
  const kept = full.filter((size, axis) =>
    named.length === 0 ? !isOne(size) : !named.includes(axis) || size.perBatch,
  );
  return reshapeAny(builder, x, kept);
};

const expandDims: GraphLowering = (_, [x, axisValue], builder) => {
  const [axis] = asInts(axisValue) ?? [];
  if (x === undefined || axis === undefined) return 'its axis is no constant';
  if (x.kind === 'sizes' && x.scalar) return sizesOf(x.sizes, false);
  const full = shapeOf(x, builder);
  return reshapeAny(builder, x, full.toSpliced(normaliseAxis(axis, full.length + 1), 0, ONE));
};

/** One element or a range of a computed shape. */
const stridedSlice: GraphLowering = (node, [x, begin, end, strides]) => {
  const list = asSizes(x);
  const [from = 0] = asInts(begin) ?? [];
  const [to = 0] = asInts(end) ?? [];
  const [stride = 1] = asInts(strides) ?? [];
  if (list === undefined || asInts(begin)?.length !== 1 || stride !== 1)
    return 'expected a slice of a shape, got one of examples';
  if (readNumber(node, 'ellipsis_mask', 0) + readNumber(node, 'new_axis_mask', 0) > 0)
    return 'it slices a shape by ellipsis_mask or new_axis_mask';
  const first = readNumber(node, 'begin_mask', 0) === 1 ? 0 : from;
  if (readNumber(node, 'shrink_axis_mask', 0) === 1) return sizesOf(list.slice(first).slice(0, 1), true);
  return sizesOf(list.slice(first, readNumber(node, 'end_mask', 0) === 1 ? list.length : to), false);
};

const slice: GraphLowering = (_, [x, begin, size]) => {
  const list = asSizes(x);
  const [from, ...more] = asInts(begin) ?? [];
  const [count = -1] = asInts(size) ?? [];
  if (list === undefined || from === undefined || more.length > 0)
    return 'expected a slice of a shape, got one of examples';
  return sizesOf(list.slice(from, count < 0 ? list.length : from + count), false);
};

const gather: GraphLowering = (_, [x, indices]) => {
  const list = asSizes(x);
  const picked = asInts(indices)?.map((index) => list?.[index]);
  if (indices === undefined || picked === undefined || picked.includes(undefined))
    return 'expected to gather from a shape, got examples';
  return sizesOf(
    picked.filter((size) => size !== undefined),
    isScalar(indices),
  );
};

const pack: GraphLowering = (_, inputs) => {
  const sizes = inputs.map((input) => (isScalar(input) ? asSizes(input)?.[0] : undefined));
  if (sizes.includes(undefined)) return 'expected to pack the numbers of a shape, got examples';
  return sizesOf(
    sizes.filter((size) => size !== undefined),
    false,
  );
};

const product: GraphLowering = (_, [x]) => {
  const sizes = asSizes(x);
  return sizes === undefined ? 'expected the product of a shape, got one of examples' : multiply(sizes);
};

function multiply(sizes: readonly Size[]): GraphValue | string {
  if (sizes.filter(({ perBatch }) => perBatch).length > 1) return 'it multiplies the batch with itself';
  const count = sizes.reduce((total, size) => total * size.count, 1);
  return sizesOf([{ count, perBatch: sizes.some(({ perBatch }) => perBatch) }], true);
}

/** A number of a computed shape times another; undefined where this is no such product. */
export function multiplySizes(inputs: readonly GraphValue[]): GraphValue | string | undefined {
  if (!inputs.some(({ kind }) => kind === 'sizes') || !inputs.every(isScalar)) return undefined;
  return multiply(inputs.flatMap((input) => asSizes(input) ?? []));
}

function concatenation(
  inputs: readonly GraphValue[],
  axisValue: GraphValue | undefined,
  builder: GraphBuilder,
) {
  const [axis] = asInts(axisValue) ?? [];
  if (axis === undefined) return 'its axis is no constant';
  const lists = inputs.map(asSizes);
  if (!lists.includes(undefined))
    return sizesOf(
      lists.flatMap((list) => list ?? []),
      false,
    );
  const parts = inputs.flatMap((input) => (input.kind === 'rows' && !input.joined ? [input] : []));
  const [first] = parts;
  if (first === undefined || parts.length !== inputs.length) return 'it joins examples with constants';
  const at = normaliseAxis(axis, fullShapeOf(builder, first).length) - 1;
  if (at < 0) return 'it joins along the batch';
  return rows(builder.add({ op: 'concat', axis: at }, ...parts.map(({ value }) => value)));
}

const concat: GraphLowering = (node, inputs, builder) =>
  node.op === 'Concat'
    ? concatenation(inputs.slice(1), inputs[0], builder)
    : concatenation(inputs.slice(0, -1), inputs.at(-1), builder);

const withDefault: GraphLowering = (_, [x]) => (x?.kind === 'constant' ? x : 'its default is no constant');

export const SHAPING_OPS: ReadonlyMap<string, GraphLowering> = new Map([
  ['Identity', pass],
  ['IdentityN', pass],
  ['StopGradient', pass],
  ['Snapshot', pass],
  ['PlaceholderWithDefault', withDefault],
  ['Cast', cast],
  ['Reshape', reshape],
  ['Squeeze', squeeze],
  ['ExpandDims', expandDims],
  ['ConcatV2', concat],
  ['Concat', concat],
  ['Shape', shape],
  ['StridedSlice', stridedSlice],
  ['Slice', slice],
  ['Gather', gather],
  ['GatherV2', gather],
  ['Pack', pack],
  ['Prod', product],
]);
