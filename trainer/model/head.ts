/**
 * A head: the stack of dense layers that is trained on top of a base, and that each version carries.
 */
import { joinFloats } from '../../shared/bytes.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { emitPlan, type CompiledPlan } from '../compile/emit.ts';
import { invalid, type ModelError } from '../../shared/model/plan/error.ts';
import { fuse } from '../compile/fuse.ts';
import type { Node, Op } from '../../shared/model/plan/ops.ts';
import { inferShape } from '../../shared/model/plan/shapes.ts';
import { sizeOf, type Shape, type Tensor } from '../../shared/model/plan/tensor.ts';

export interface DenseLayer {
  /** [in, out] */
  readonly kernel: Tensor;
  /** [out] */
  readonly bias: Tensor;
  /** Between the product and the activation. */
  readonly normalization?: Normalization;
  readonly activation: 'linear' | 'relu' | 'relu6' | 'elu' | 'leakyRelu' | 'sigmoid' | 'tanh' | 'softmax';
}

/** Batch normalisation (Ioffe & Szegedy 2015) as it serves: gamma (x - mean) / sqrt(variance + epsilon) + beta. */
export interface Normalization {
  /** [out] each */
  readonly gamma: Tensor;
  readonly beta: Tensor;
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** What Keras adds to a variance. */
export const NORMALIZATION_EPSILON = 0.001;
/** The slope of Keras's leaky relu below 0. */
export const LEAK = 0.3;

/**
 * The edge plan of a head: input [in of the first layer], output [out of the last].
 *
 * @param layers  at least one; each takes as many features as the one before gives
 */
export function planHead(layers: readonly DenseLayer[]): Result<CompiledPlan, ModelError> {
  const checked = checkHead(layers);
  if (!checked.ok) return invalid(`head: ${checked.error}`);
  const nodes: Node<Tensor>[] = [];
  for (const [i, layer] of layers.entries()) {
    for (const op of lowerDense(layer)) {
      nodes.push({ ...op, name: denseName(i), inputs: [nodes.length], shape: layer.bias.shape });
    }
  }
  return emitPlan(fuse({ inputShape: checked.value, nodes }));
}

/** The normalisation becomes a scale, which `fuse` folds into the product before it. */
function lowerDense({ kernel, bias, normalization, activation }: DenseLayer): Op<Tensor>[] {
  const ops: Op<Tensor>[] = [{ op: 'dense', kernel, bias, activation: 'linear' }];
  if (normalization) ops.push({ op: 'scale', ...scaleOf(normalization), activation: 'linear' });
  if (activation === 'leakyRelu') ops.push({ op: activation, alpha: LEAK });
  else if (activation !== 'linear') ops.push({ op: activation });
  return ops;
}

function scaleOf({ gamma, beta, mean, variance }: Normalization): { kernel: Tensor; bias: Tensor } {
  const { shape } = gamma;
  const factor = gamma.data.map(
    (g, i) => g / Math.sqrt((variance.data[i] as number) + NORMALIZATION_EPSILON),
  );
  const shift = beta.data.map((b, i) => b - (mean.data[i] as number) * (factor[i] as number));
  return { kernel: { shape, data: factor }, bias: { shape, data: shift } };
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
      config: { name: 'head', layers: layers.flatMap((layer, i) => layersJson(layer, i)) },
    },
    weightsManifest: [
      { paths: [HEAD_WEIGHTS_PATH], weights: layers.flatMap((layer, i) => weightSpecs(layer, i)) },
    ],
  };
  const data = layers.flatMap((layer) => tensorsOf(layer).map(({ data }) => data));
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
    const problem = findWeightProblem(layer);
    if (problem !== undefined) return err(`layer ${i}: ${problem}`);
    shape = output.value;
  }
  return ok(inputShape);
}

function findWeightProblem({ kernel, bias, normalization }: DenseLayer): string | undefined {
  const problem = findLengthProblem('kernel', kernel) ?? findLengthProblem('bias', bias);
  if (problem !== undefined || !normalization) return problem;
  const parts = Object.entries(normalization) as [string, Tensor][];
  const [wrong] = parts.find(([, { data }]) => data.length !== bias.data.length) ?? [];
  return wrong === undefined ? undefined : `expected ${bias.data.length} numbers in the ${wrong}`;
}

function findLengthProblem(name: string, { shape, data }: Tensor): string | undefined {
  if (data.length === sizeOf(shape)) return undefined;
  return `expected ${sizeOf(shape)} numbers in the ${name}, got ${data.length}`;
}

function normalizationName(index: number): string {
  return `normalization_${index + 1}`;
}

function denseName(index: number): string {
  return `dense_${index + 1}`;
}

/** A layer as model.json has it. */
export interface KerasLayer {
  readonly class_name: string;
  readonly config: Readonly<Record<string, unknown>> & { readonly name: string };
}

/** Where a normalisation comes between, or Keras has the activation as a layer only, what follows is layers too. */
export function layersJson(
  { kernel, bias, normalization, activation }: DenseLayer,
  index: number,
): KerasLayer[] {
  const apart = normalization !== undefined || activation === 'leakyRelu';
  const input = index === 0 ? { batch_input_shape: [null, kernel.shape[0]] } : {};
  const dense = {
    name: denseName(index),
    units: bias.shape[0],
    activation: apart ? 'linear' : activation,
    use_bias: true,
    dtype: 'float32',
    ...input,
  };
  const layers: KerasLayer[] = [{ class_name: 'Dense', config: dense }];
  if (normalization) {
    const config = { name: normalizationName(index), axis: -1, epsilon: NORMALIZATION_EPSILON };
    layers.push({ class_name: 'BatchNormalization', config });
  }
  if (apart) layers.push(activationJson(activation, `activation_${index + 1}`));
  return layers;
}

function activationJson(activation: DenseLayer['activation'], name: string): KerasLayer {
  return activation === 'leakyRelu'
    ? { class_name: 'LeakyReLU', config: { name, alpha: LEAK } }
    : { class_name: 'Activation', config: { name, activation } };
}

function weightSpecs(layer: DenseLayer, index: number): object[] {
  return namedWeights(layer, index).map(([name, { shape }]) => ({ name, shape, dtype: 'float32' }));
}

/** A layer's weights by the names that the exported files give them, in their order. */
export function namedWeights({ kernel, bias, normalization }: DenseLayer, index: number): [string, Tensor][] {
  const dense: [string, Tensor][] = [
    [`${denseName(index)}/kernel`, kernel],
    [`${denseName(index)}/bias`, bias],
  ];
  if (!normalization) return dense;
  const { gamma, beta, mean, variance } = normalization;
  const name = normalizationName(index);
  return [
    ...dense,
    [`${name}/gamma`, gamma],
    [`${name}/beta`, beta],
    [`${name}/moving_mean`, mean],
    [`${name}/moving_variance`, variance],
  ];
}

/** All weights of a layer. */
export function tensorsOf(layer: DenseLayer): Tensor[] {
  return namedWeights(layer, 0).map(([, tensor]) => tensor);
}

/** The numbers of all arrays, one after the other, as bytes. */
export function concatenate(arrays: readonly Float32Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(joinFloats(arrays).buffer);
}
