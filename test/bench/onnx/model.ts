/**
 * The messages of an ONNX file (onnx.proto, IR version 8), as far as the benched models need them.
 */
import { type Field, message } from './protobuf.ts';
import { floatBytes } from '../../../shared/bytes.ts';

/** Of the default operator set: the last that every peer has known for years. */
const OPSET = 17;
const IR_VERSION = 8;
const FLOAT = 1;
const INT64 = 7;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_INTS = 7;

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly weights: readonly OnnxTensor[];
  /** Shapes without the batch, which comes in front and is free. */
  readonly input: { readonly name: string; readonly shape: readonly number[] };
  readonly output: { readonly name: string; readonly shape: readonly number[] };
}

/** @returns the file */
export function encodeOnnx({ nodes, weights, input, output }: OnnxGraph): Uint8Array {
  const graph = message(
    ...nodes.map((node): Field => [1, encodeNode(node)]),
    [2, 'graph'],
    ...weights.map((tensor): Field => [5, encodeTensor(tensor)]),
    [11, encodeValue(input.name, input.shape)],
    [12, encodeValue(output.name, output.shape)],
  );
  return message([1, IR_VERSION], [7, graph], [8, message([1, ''], [2, OPSET])]);
}

function encodeNode({ op, inputs, output, attributes = {} }: OnnxNode): Uint8Array {
  return message(
    ...inputs.map((name): Field => [1, name]),
    [2, output],
    [4, op],
    ...Object.entries(attributes).map(([name, value]): Field => [5, encodeAttribute(name, value)]),
  );
}

function encodeAttribute(name: string, value: number | readonly number[]): Uint8Array {
  if (typeof value === 'number') return message([1, name], [3, value], [20, ATTRIBUTE_INT]);
  return message([1, name], ...value.map((int): Field => [8, int]), [20, ATTRIBUTE_INTS]);
}

function encodeTensor({ name, shape, data }: OnnxTensor): Uint8Array {
  const isFloat = data instanceof Float32Array;
  const bytes = isFloat ? floatBytes(data) : new Uint8Array(data.buffer);
  return message(...shape.map((dim): Field => [1, dim]), [2, isFloat ? FLOAT : INT64], [8, name], [9, bytes]);
}

function encodeValue(name: string, shape: readonly number[]): Uint8Array {
  const dims = [message([2, 'batch']), ...shape.map((dim) => message([1, dim]))];
  const tensor = message([1, FLOAT], [2, message(...dims.map((dim): Field => [1, dim]))]);
  return message([1, name], [2, message([1, tensor])]);
}
