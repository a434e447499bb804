/**
 * The shape of every op's output, from its inputs' and weights' shapes. Shapes exclude the batch.
 *
 * Both who writes a plan and who checks one ask here, so that they can't disagree.
 */
import { err, ok, type Result } from '../../result.ts';
import { BINARY_OPS, type BinaryOp, type Convolution, type Op, type Pads, type Pair } from './ops.ts';
import { sameShape, sizeOf, type Shape } from './tensor.ts';

interface Shaped {
  readonly shape: Shape;
}

/**
 * @param op           attributes and weights; of the weights only the shapes are read
 * @param inputShapes  in the op's order
 * @returns the output's shape, or what does not fit
 */
export function inferShape(op: Op<Shaped>, inputShapes: readonly Shape[]): Result<Shape, string> {
  const [input, ...others] = inputShapes;
  if (input === undefined) return err('takes no input, expected at least one');
  const takesMany = isBinary(op.op) || op.op === 'concat';
  if (!takesMany && others.length > 0) return err(`takes ${inputShapes.length} inputs, expected one`);
  switch (op.op) {
    case 'conv2d':
      return convolutionShape(op, input, op.kernel.shape[2], op.kernel.shape[3]);
    case 'depthwiseConv2d':
      return convolutionShape(
        op,
        input,
        op.kernel.shape[2],
        (op.kernel.shape[2] ?? 0) * (op.kernel.shape[3] ?? 0),
      );
    case 'dense':
      return denseShape(op.kernel.shape, op.bias?.shape, input);
    case 'scale':
      return scaleShape(op.kernel.shape, op.bias?.shape, input);
    case 'maxPool':
    case 'averagePool':
      if (op.pads.some((pad, side) => pad >= op.window[side % 2 === 0 ? 0 : 1])) {
        return err(`pads [${op.pads.join(',')}] reach past the window [${op.window.join(',')}]`);
      }
      return slide(input, op.window, op.strides, op.pads, input[2]);
    case 'pad':
      return padShape(op.pads, input);
    case 'add':
    case 'subtract':
    case 'multiply':
    case 'divide':
    case 'maximum':
    case 'minimum':
      return stretchedShape(inputShapes);
    case 'concat':
      return concatShape(op.axis, input, others);
    case 'reshape':
      return sizeOf(op.to) === sizeOf(input)
        ? ok(op.to)
        : err(`can't turn [${input.join(',')}] into [${op.to.join(',')}]`);
    case 'relu':
    case 'relu6':
    case 'elu':
    case 'selu':
    case 'sigmoid':
    case 'tanh':
    case 'softplus':
    case 'erf':
    case 'exp':
    case 'abs':
    case 'sqrt':
    case 'rsqrt':
    case 'softmax':
    case 'leakyRelu':
    case 'clip':
      return ok(input);
  }
}

/** How much a window must be padded for a `same` convolution or pooling; the odd cell goes to the bottom and right. */
export function samePads(input: Shape, window: Pair, strides: Pair, dilations: Pair): Pads {
  const [top, bottom] = samePad(input[0] ?? 0, window[0], strides[0], dilations[0]);
  const [left, right] = samePad(input[1] ?? 0, window[1], strides[1], dilations[1]);
  return [top, right, bottom, left];
}

function samePad(
  length: number,
  window: number,
  stride: number,
  dilation: number,
): [before: number, after: number] {
  const span = (window - 1) * dilation + 1;
  const total = Math.max(0, (Math.ceil(length / stride) - 1) * stride + span - length);
  const before = Math.floor(total / 2);
  return [before, total - before];
}

function convolutionShape(
  op: Convolution<Shaped>,
  input: Shape,
  inChannels: number | undefined,
  outChannels: number | undefined,
): Result<Shape, string> {
  const { kernel, bias, dilations } = op;
  if (kernel.shape.length !== 4) return err(`expected a kernel of rank 4, got [${kernel.shape.join(',')}]`);
  if (input[2] !== inChannels)
    return err(`expected ${inChannels} channels, got the shape [${input.join(',')}]`);
  if (bias !== null && (bias.shape.length !== 1 || bias.shape[0] !== outChannels)) {
    return err(`expected a bias of shape [${outChannels}], got [${bias.shape.join(',')}]`);
  }
  const span: Pair = [
    ((kernel.shape[0] ?? 1) - 1) * dilations[0] + 1,
    ((kernel.shape[1] ?? 1) - 1) * dilations[1] + 1,
  ];
  return slide(input, span, op.strides, op.pads, outChannels);
}

function slide(
  input: Shape,
  span: Pair,
  strides: Pair,
  pads: Pads,
  channels: number | undefined,
): Result<Shape, string> {
  const [height, width] = input;
  if (input.length !== 3 || height === undefined || width === undefined || channels === undefined) {
    return err(`expected [height, width, channels], got the shape [${input.join(',')}]`);
  }
  const [top, right, bottom, left] = pads;
  const rows = Math.floor((height + top + bottom - span[0]) / strides[0]) + 1;
  const columns = Math.floor((width + left + right - span[1]) / strides[1]) + 1;
  if (rows < 1 || columns < 1)
    return err(`a window of [${span.join(',')}] does not fit [${height},${width}]`);
  return ok([rows, columns, channels]);
}

function denseShape(kernel: Shape, bias: Shape | undefined, input: Shape): Result<Shape, string> {
  const [inputs, units, ...more] = kernel;
  if (inputs === undefined || units === undefined || more.length > 0) {
    return err(`expected a kernel of rank 2, got [${kernel.join(',')}]`);
  }
  if (input.at(-1) !== inputs) return err(`expected ${inputs} features, got the shape [${input.join(',')}]`);
  if (bias !== undefined && !sameShape(bias, [units]))
    return err(`expected a bias of shape [${units}], got [${bias.join(',')}]`);
  return ok([...input.slice(0, -1), units]);
}

function scaleShape(kernel: Shape, bias: Shape | undefined, input: Shape): Result<Shape, string> {
  if (sameShape(kernel, input.slice(-1)) && sameShape(bias ?? kernel, kernel)) return ok(input);
  return err(
    `expected weights of shape [${input.at(-1)}], got [${kernel.join(',')}] and [${(bias ?? kernel).join(',')}]`,
  );
}

function padShape([top, right, bottom, left]: Pads, input: Shape): Result<Shape, string> {
  const [height, width, channels, ...more] = input;
  if (height === undefined || width === undefined || channels === undefined || more.length > 0) {
    return err(`expected [height, width, channels], got the shape [${input.join(',')}]`);
  }
  return ok([height + top + bottom, width + left + right, channels]);
}

/** The kernels stretch up to six axes, the batch being one. */
const MAX_STRETCHED_RANK = 5;

function stretchedShape(shapes: readonly Shape[]): Result<Shape, string> {
  const [a, b, ...more] = shapes;
  if (a === undefined || b === undefined || more.length > 0)
    return err(`takes ${shapes.length} inputs, expected two`);
  if (sameShape(a, b)) return ok(a);
  const fits =
    a.length === b.length &&
    a.length <= MAX_STRETCHED_RANK &&
    a.every((dim, i) => dim === b[i] || dim === 1 || b[i] === 1);
  if (fits) return ok(a.map((dim, i) => Math.max(dim, b[i] ?? 1)));
  return err(
    `expected shapes that are equal or stretch along axes of 1, got [${a.join(',')}] and [${b.join(',')}]`,
  );
}

function isBinary(op: Op<Shaped>['op']): op is BinaryOp {
  return BINARY_OPS.some((binary) => binary === op);
}

function concatShape(axis: number, first: Shape, others: readonly Shape[]): Result<Shape, string> {
  const length = first[axis];
  if (length === undefined) return err(`expected an axis below ${first.length}, got ${axis}`);
  let total = length;
  for (const other of others) {
    if (other.length !== first.length || !sameShape(other.with(axis, length), first)) {
      return err(`can't join [${first.join(',')}] and [${other.join(',')}] along axis ${axis}`);
    }
    total += other[axis] ?? 0;
  }
  return ok(first.with(axis, total));
}
