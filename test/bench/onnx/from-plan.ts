/**
 * An edge plan as an ONNX file: the same graph, its norms folded like ours, in ONNX's order [channels, height, width].
 */
import type { Convolution, FusedActivation, Node, Pads } from '../../../shared/model/plan/ops.ts';
import { outputShapeOf, type Plan, type PlanNode, type WeightRef } from '../../../shared/model/plan/plan.ts';
import { sizeOf, type Shape } from '../../../shared/model/plan/tensor.ts';
import { encodeOnnx, type OnnxNode, type OnnxTensor } from './model.ts';

type Floats = Float32Array<ArrayBuffer>;

export const ONNX_INPUT = 'x';
export const ONNX_OUTPUT = 'y';

/** What the parts of the graph are gathered in. */
interface Builder {
  readonly nodes: OnnxNode[];
  readonly weights: OnnxTensor[];
  /** The plan's weights file. */
  readonly file: Uint8Array;
  /** The ops whose output has been named by the caller end in it. */
  readonly add: (
    op: string,
    inputs: readonly string[],
    attributes?: OnnxNode['attributes'],
    output?: string,
  ) => string;
  readonly constant: (shape: Shape, data: OnnxTensor['data']) => string;
}

/**
 * @returns the file; its input has the shape [batch, channels, height, width] where the plan's is an image
 * @throws Error for an op that none of the benched models has
 */
export function toOnnx(plan: Plan, file: Uint8Array): Uint8Array {
  const builder = createBuilder(file);
  const shapes = [plan.inputShape, ...plan.nodes.map((node) => node.shape)];
  const names = [ONNX_INPUT];
  for (const node of plan.nodes) {
    const inputs = node.inputs.map((value) => names[value] ?? '');
    names.push(addNode(builder, node, inputs, shapes[node.inputs[0] ?? 0] ?? []));
  }
  builder.add('Identity', [names.at(-1) ?? ''], {}, ONNX_OUTPUT);
  return encodeOnnx({
    nodes: builder.nodes,
    weights: builder.weights,
    input: { name: ONNX_INPUT, shape: channelsFirst(plan.inputShape) },
    output: { name: ONNX_OUTPUT, shape: channelsFirst(outputShapeOf(plan)) },
  });
}

/** Images [batch, height, width, channels] in the order that the file takes. */
export function toChannelsFirst(values: Float32Array, batch: number, shape: Shape): Floats {
  const [height, width, channels] = shape;
  if (height === undefined || width === undefined || channels === undefined) return Float32Array.from(values);
  return transpose(Float32Array.from(values), [batch, height, width, channels], [0, 3, 1, 2]);
}

function createBuilder(file: Uint8Array): Builder {
  const nodes: OnnxNode[] = [];
  const weights: OnnxTensor[] = [];
  return {
    nodes,
    weights,
    file,
    add: (op, inputs, attributes = {}, output = `v${nodes.length}`) => {
      nodes.push({ op, inputs, output, attributes });
      return output;
    },
    constant: (shape, data) => {
      const name = `w${weights.length}`;
      weights.push({ name, shape, data });
      return name;
    },
  };
}

function addNode(builder: Builder, node: PlanNode, inputs: readonly string[], inputShape: Shape): string {
  const { add, constant } = builder;
  const [x = ''] = inputs;
  if (node.op === 'conv2d' || node.op === 'depthwiseConv2d') return addConvolution(builder, node, x);
  if (node.op === 'dense') {
    const weights = [constant(node.kernel.shape, read(builder.file, node.kernel)), ...bias(builder, node)];
    return activate(builder, node.activation, add('Gemm', [x, ...weights]));
  }
  if (node.op === 'maxPool') {
    const { window, strides, pads } = node;
    return add('MaxPool', [x], { kernel_shape: window, strides, pads: padsOf(pads) });
  }
  if (node.op === 'averagePool' && sizeOf(node.shape) === inputShape[2]) return add('GlobalAveragePool', [x]);
  if (node.op === 'reshape') {
    const back = inputShape.length === 3 ? add('Transpose', [x], { perm: [0, 2, 3, 1] }) : x;
    const shape = constant([1 + node.to.length], BigInt64Array.of(-1n, ...node.to.map(BigInt)));
    return add('Reshape', [back, shape]);
  }
  if (node.op === 'add') return add('Add', inputs);
  if (node.op === 'softmax') return add('Softmax', [x], { axis: 1 });
  throw new Error(`no ONNX for the op '${node.op}' of '${node.name}'`);
}

function addConvolution(builder: Builder, node: Node<WeightRef> & Convolution<WeightRef>, x: string): string {
  const { kernel, strides, dilations, pads } = node;
  const data = read(builder.file, kernel);
  const isDepthwise = node.op === 'depthwiseConv2d';
  const perm = isDepthwise ? [2, 3, 0, 1] : [3, 2, 0, 1];
  const shape = perm.map((axis) => kernel.shape[axis] ?? 1);
  const weights = [builder.constant(shape, transpose(data, kernel.shape, perm)), ...bias(builder, node)];
  const group = isDepthwise ? (kernel.shape[2] ?? 1) : 1;
  const attributes = {
    kernel_shape: kernel.shape.slice(0, 2),
    strides,
    dilations,
    pads: padsOf(pads),
    group,
  };
  return activate(builder, node.activation, builder.add('Conv', [x, ...weights], attributes));
}

function bias({ constant, file }: Builder, node: { readonly bias: WeightRef | null }): string[] {
  return node.bias === null ? [] : [constant(node.bias.shape, read(file, node.bias))];
}

function activate({ add, constant }: Builder, activation: FusedActivation, x: string): string {
  if (activation === 'linear') return x;
  if (activation === 'relu') return add('Relu', [x]);
  return add('Clip', [x, constant([], Float32Array.of(0)), constant([], Float32Array.of(6))]);
}

function padsOf([top, right, bottom, left]: Pads): number[] {
  return [top, left, bottom, right];
}

function channelsFirst(shape: Shape): Shape {
  const [height, width, channels] = shape;
  return height !== undefined && width !== undefined && channels !== undefined
    ? [channels, height, width]
    : shape;
}

function read(file: Uint8Array, { offset, shape }: WeightRef): Floats {
  return new Float32Array(new Uint8Array(file.subarray(offset, offset + sizeOf(shape) * 4)).buffer);
}

/** Axis i of the result is axis perm[i] of the array. */
function transpose(data: Floats, shape: Shape, perm: readonly number[]): Floats {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const dims = perm.map((axis) => shape[axis] ?? 1);
  const steps = perm.map((axis) => strides[axis] ?? 1);
  const index = dims.map(() => 0);
  return data.map(() => {
    const at = index.reduce((sum, i, axis) => sum + i * (steps[axis] ?? 0), 0);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] ?? 0) + 1;
      if ((index[axis] ?? 0) < (dims[axis] ?? 0)) break;
      index[axis] = 0;
    }
    return data[at] ?? 0;
  });
}
