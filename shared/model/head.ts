/**
 * A head: the stack of dense layers that is trained on top of a base, and that each version carries.
 */
import { err, ok, type Result } from '../result.ts';
import { emitPlan, type CompiledPlan } from './emit.ts';
import { invalid, type ModelError } from './error.ts';
import { fuse } from './fuse.ts';
import type { Node } from './ops.ts';
import { inferShape } from './shapes.ts';
import { sizeOf, type Shape, type Tensor } from './tensor.ts';

export interface DenseLayer {
  /** [in, out] */
  readonly kernel: Tensor;
  /** [out] */
  readonly bias: Tensor;
  readonly activation: 'linear' | 'relu' | 'relu6' | 'sigmoid' | 'tanh' | 'softmax';
}

/**
 * The edge plan of a head: input [in of the first layer], output [out of the last].
 *
 * @param layers  at least one; each takes as many features as the one before gives
 */
export function planHead(layers: readonly DenseLayer[]): Result<CompiledPlan, ModelError> {
  const checked = checkHead(layers);
  if (!checked.ok) return invalid(`head: ${checked.error}`);
  const nodes: Node<Tensor>[] = [];
  for (const [i, { kernel, bias, activation }] of layers.entries()) {
    const shape = bias.shape;
    const name = denseName(i);
    nodes.push({ op: 'dense', name, inputs: [nodes.length], shape, kernel, bias, activation: 'linear' });
    if (activation !== 'linear') nodes.push({ op: activation, name, inputs: [nodes.length], shape });
  }
  return emitPlan(fuse({ inputShape: checked.value, nodes }));
}

/** The one weight file that the exported model.json names. */
export const HEAD_WEIGHTS_PATH = 'weights.bin';

/**
 * The same head as files of a tfjs LayersModel, for `tf.loadLayersModel`.
 *
 * @returns model.json's content and the bytes of `weights.bin`, float32 little-endian
 */
export function headToLayersModel(
  layers: readonly DenseLayer[],
): Result<{ modelJson: object; weights: Uint8Array<ArrayBuffer> }, ModelError> {
  const checked = checkHead(layers);
  if (!checked.ok) return invalid(`head: ${checked.error}`);
  const modelJson = {
    format: 'layers-model',
    generatedBy: 'holdfast',
    convertedBy: null,
    modelTopology: {
      class_name: 'Sequential',
      config: { name: 'head', layers: layers.map((layer, i) => layerJson(layer, i)) },
    },
    weightsManifest: [
      { paths: [HEAD_WEIGHTS_PATH], weights: layers.flatMap((layer, i) => weightSpecs(layer, i)) },
    ],
  };
  const data = layers.flatMap(({ kernel, bias }) => [kernel.data, bias.data]);
  return ok({ modelJson, weights: concatenate(data) });
}

function checkHead(layers: readonly DenseLayer[]): Result<Shape, string> {
  const [first] = layers;
  if (first === undefined) return err('expected at least one dense layer, got none');
  const inputShape = first.kernel.shape.slice(0, 1);
  let shape: Shape = inputShape;
  for (const [i, layer] of layers.entries()) {
    const output = inferShape({ op: 'dense', kernel: layer.kernel, bias: layer.bias, activation: 'linear' }, [
      shape,
    ]);
    if (!output.ok) return err(`layer ${i}: ${output.error}`);
    const problem = findLengthProblem('kernel', layer.kernel) ?? findLengthProblem('bias', layer.bias);
    if (problem !== undefined) return err(`layer ${i}: ${problem}`);
    shape = output.value;
  }
  return ok(inputShape);
}

function findLengthProblem(name: string, { shape, data }: Tensor): string | undefined {
  if (data.length === sizeOf(shape)) return undefined;
  return `expected ${sizeOf(shape)} numbers in the ${name}, got ${data.length}`;
}

function denseName(index: number): string {
  return `dense_${index + 1}`;
}

function layerJson({ kernel, bias, activation }: DenseLayer, index: number): object {
  const config = {
    name: denseName(index),
    units: bias.shape[0],
    activation,
    use_bias: true,
    dtype: 'float32',
  };
  const input = index === 0 ? { batch_input_shape: [null, kernel.shape[0]] } : {};
  return { class_name: 'Dense', config: { ...config, ...input } };
}

function weightSpecs({ kernel, bias }: DenseLayer, index: number): object[] {
  const name = denseName(index);
  return [
    { name: `${name}/kernel`, shape: kernel.shape, dtype: 'float32' },
    { name: `${name}/bias`, shape: bias.shape, dtype: 'float32' },
  ];
}

function concatenate(arrays: readonly Float32Array[]): Uint8Array<ArrayBuffer> {
  const all = new Float32Array(arrays.reduce((total, array) => total + array.length, 0));
  let offset = 0;
  for (const array of arrays) {
    all.set(array, offset);
    offset += array.length;
  }
  return new Uint8Array(all.buffer);
}
