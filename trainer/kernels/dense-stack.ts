/**
 * A stack of dense layers in training: its weights and Adam's moments stay in WASM memory, laid out once, and a step
 * is a handful of calls into the kernels. No tensors, nothing allocated while it learns.
 *
 * Same bits in Node and in workerd, on every machine: the kernels use neither fused multiply-add nor an engine's Math.
 */
import type { Random } from '../../shared/random.ts';
import { type DenseLayer, NORMALIZATION_EPSILON, type Normalization } from '../model/head.ts';
import type { Tensor } from '../../shared/model/plan/tensor.ts';
import { ADAM_SETTINGS, type AdamClock, createAdamClock } from './adam.ts';
import {
  type Buffers,
  type LayerLayout,
  layOutStack,
  type NormalizationLayout,
  type Region,
  type StackLayout,
  type Variable,
} from './dense-layout.ts';
import { drawMask } from './dropout.ts';
import { borrowWorkspace, type Workspace } from './workspace.ts';

/** Of the softmax of the last layer's values, or of the values themselves. */
export type Loss = 'cross-entropy' | 'squared-error';

export interface StackOptions {
  readonly loss: Loss;
  /** Whether `pull` is wanted. */
  readonly anchored: boolean;
}

/** What is a view of the memory ends when it grows, whoever makes it: read it here again after every wait. */
export interface DenseStack {
  /** The batch, [capacity, inputs]: the caller writes its rows, then calls `forward`. */
  readonly inputs: Float32Array;
  /** Distributions over the classes, or numbers, [capacity, outputs]. */
  readonly targets: Float32Array;
  /** How much each row counts, [capacity]; 1 to begin with. */
  readonly weights: Float32Array;
  /** What a teacher answers, [capacity, outputs], and how much agreeing with it counts, [capacity]. */
  readonly teacher: Float32Array;
  readonly teacherWeights: Float32Array;
  /** What `forward` left, [capacity, outputs]: the last layer's values, before any softmax. */
  readonly outputs: Float32Array;
  /** d loss / d outputs, [capacity, outputs]: losses write it, `step` reads it. A caller may write another loss's. */
  readonly gradient: Float32Array;

  /**
   * Computes the outputs of the first `rows` rows.
   *
   * @param training  rates of dropout after each hidden layer and where the masks come from; layers are normalised by
   *                  the batch. Omit to predict
   */
  forward(rows: number, training?: Dropout): void;
  /**
   * The loss of the last `forward` against `targets`, and its gradient.
   *
   * @returns the sum over the rows by their weights; NaN or infinite when it left the range of float32
   */
  loss(rows: number): number;
  /**
   * Adds the loss against `teacher` to the gradient.
   *
   * @param temperature  softens the outputs (Hinton et al. 2015); the teacher's are softened already, by `applyTemperature`. Squared
   *                     error has none
   * @returns the sum over the rows by their teacher weights
   */
  teacherLoss(rows: number, temperature: number): number;
  /** Carries `gradient` back through the last `forward` of a training and moves all weights by Adam. */
  step(rows: number, learningRate: number): void;
  /** Moves all weights by this share of the way back to where they started. */
  pull(share: number): void;

  /** What serves, in the stack's own order: a view. */
  readonly served: Float32Array;
  /** All that a step depends on but `clock`: a view. `served` is its beginning. */
  readonly state: Float32Array;
  readonly clock: AdamClock;
  /** The weights as they are now. */
  layers(): DenseLayer[];
  /** Gives the memory back. Nothing else may be called afterwards. */
  release(): void;
}

export interface Dropout {
  /** [layers - 1] */
  readonly rates: readonly number[];
  readonly random: Random;
}

/** Share by which the running statistics follow each batch's. */
const RUNNING_SHARE = 0.1;

/**
 * @param module    `kernels.wasm`, compiled (kernels-node.ts, kernels-worker.ts)
 * @param initial   the layers to start from, at least one, of any widths; they are not changed. The last one's
 *                  activation is the loss's affair
 * @param capacity  the most rows a batch may have
 * @throws RangeError without layers, and when a hidden layer's activation is softmax or the last layer is normalised, which
 *         no spec asks for
 */
export function createDenseStack(
  module: WebAssembly.Module,
  initial: readonly DenseLayer[],
  capacity: number,
  { loss, anchored }: StackOptions = { loss: 'cross-entropy', anchored: false },
): DenseStack {
  if (initial.length === 0) throw new RangeError('expected at least one layer, got none');
  const workspace = borrowWorkspace(module);
  const layout = layOutStack(workspace, initial, capacity, anchored);
  const { layers, buffers, trained } = layout;
  const view = (region: Region): Float32Array => workspace.floats(region.address, region.count);
  const [first, last] = [layers[0] as LayerLayout, layers.at(-1) as LayerLayout];
  const rowsOf = (address: number, columns: number): Float32Array =>
    workspace.floats(address, capacity * columns);
  const clock = createAdamClock();
  fillStack(workspace, layout, initial, capacity);
  return {
    get inputs() {
      return rowsOf(first.x, first.inputs);
    },
    get targets() {
      return rowsOf(buffers.targets, last.outputs);
    },
    get weights() {
      return rowsOf(buffers.weights, 1);
    },
    get teacher() {
      return rowsOf(buffers.teacher, last.outputs);
    },
    get teacherWeights() {
      return rowsOf(buffers.teacherWeights, 1);
    },
    get outputs() {
      return rowsOf(last.y, last.outputs);
    },
    get gradient() {
      return rowsOf(last.gradient, last.outputs);
    },
    forward: (rows, training) => runForward(workspace, layers, rows, training),
    loss: (rows) => measureLoss(workspace, layout, loss, rows, null),
    teacherLoss: (rows, temperature) => measureLoss(workspace, layout, loss, rows, temperature),
    step: (rows, learningRate) => {
      workspace.floats(buffers.settings, ADAM_SETTINGS).set(clock.advance(learningRate));
      runBackward(workspace, layers, buffers, rows);
    },
    pull: (share) => {
      if (layout.anchors === null) throw new RangeError('expected a stack that was made with anchors');
      workspace.kernels.pull_towards(trained.address, layout.anchors, share, trained.count);
    },
    get served() {
      return view(layout.served);
    },
    get state() {
      return view(layout.state);
    },
    clock,
    layers: () => layers.map((layer, i) => readLayer(workspace, layer, initial[i] as DenseLayer, buffers)),
    release: () => workspace.release(),
  };
}

/** The layers to start from, every row of weight 1 and without a teacher. The memory may have served before. */
function fillStack(
  workspace: Workspace,
  { layers, buffers, state, anchors, trained }: StackLayout,
  initial: readonly DenseLayer[],
  capacity: number,
): void {
  workspace.floats(state.address, state.count).fill(0);
  for (const [i, layer] of layers.entries()) writeLayer(workspace, layer, initial[i] as DenseLayer, buffers);
  if (anchors !== null)
    workspace.floats(anchors, trained.count).set(workspace.floats(trained.address, trained.count));
  workspace.floats(buffers.weights, capacity).fill(1);
  workspace.floats(buffers.teacherWeights, capacity).fill(0);
}

/** @param temperature  null for the loss against the targets, which replaces the gradient */
function measureLoss(
  { kernels }: Workspace,
  { layers, buffers }: StackLayout,
  loss: Loss,
  rows: number,
  temperature: number | null,
): number {
  const { y, gradient, outputs } = layers.at(-1) as LayerLayout;
  const taught = temperature !== null;
  const targets = taught ? buffers.teacher : buffers.targets;
  const weights = taught ? buffers.teacherWeights : buffers.weights;
  const accumulate = taught ? 1 : 0;
  const total =
    loss === 'cross-entropy'
      ? kernels.cross_entropy(
          y,
          targets,
          weights,
          gradient,
          buffers.staging,
          rows,
          outputs,
          temperature ?? 1,
          accumulate,
        )
      : kernels.squared_error(y, targets, weights, gradient, rows, outputs, accumulate);
  // The kernels sum in double precision, where a loss that float32 can't hold would still look like a number.
  return Math.fround(total);
}

function runForward(
  workspace: Workspace,
  layers: readonly LayerLayout[],
  rows: number,
  training: Dropout | undefined,
): void {
  const { kernels } = workspace;
  for (const [i, layer] of layers.entries()) {
    const { x, weights, y, inputs, outputs, activation, slopes, normalization } = layer;
    kernels.dense_forward(x, weights.values, y, rows, inputs, outputs);
    if (i === layers.length - 1) return;
    if (normalization) normalize(workspace, normalization, layer, rows, training !== undefined);
    const rate = training?.rates[i] ?? 0;
    if (training && rate > 0) drawMask(workspace.floats(slopes, rows * outputs), rate, training.random);
    kernels.activate(activation, y, slopes, rate > 0 ? 1 : 0, rows * outputs);
  }
}

function normalize(
  { kernels }: Workspace,
  { gamma, beta, mean, variance, inverse, normalized }: NormalizationLayout,
  { y, outputs }: LayerLayout,
  rows: number,
  training: boolean,
): void {
  const epsilon = NORMALIZATION_EPSILON;
  if (training) {
    kernels.normalize_batch(
      y,
      normalized,
      inverse,
      gamma.values,
      beta.values,
      mean,
      variance,
      rows,
      outputs,
      RUNNING_SHARE,
      epsilon,
    );
  } else kernels.normalize_running(y, gamma.values, beta.values, mean, variance, rows, outputs, epsilon);
}

/** From the last layer to the first: its gradient to the layer before, then its own weights. */
function runBackward(
  { kernels }: Workspace,
  layers: readonly LayerLayout[],
  buffers: Buffers,
  rows: number,
): void {
  const { inputPanels, gradientPanels, settings } = buffers;
  const move = ({ values, m, v, count }: Variable, gradient: number): void =>
    kernels.adam_update(values, m, v, gradient, count, settings);
  for (let i = layers.length - 1; i >= 0; i--) {
    const { x, weights, gradient, inputs, outputs, normalization } = layers[i] as LayerLayout;
    const before = layers[i - 1];
    if (normalization) {
      const { normalized, inverse, gamma, beta, gammaGradient, betaGradient } = normalization;
      kernels.normalization_gradient(
        gradient,
        normalized,
        inverse,
        gamma.values,
        gammaGradient,
        betaGradient,
        rows,
        outputs,
      );
      move(gamma, gammaGradient);
      move(beta, betaGradient);
    }
    kernels.pack_gradient(gradient, gradientPanels, rows, outputs);
    // Through the weights that made the loss, so before they move.
    if (before !== undefined) {
      const { slopes, gradient: out } = before;
      kernels.dense_input_gradient(gradientPanels, weights.values, slopes, out, rows, inputs, outputs);
    }
    kernels.pack_inputs(x, inputPanels, rows, inputs);
    const { values, m, v } = weights;
    kernels.dense_update(inputPanels, gradientPanels, values, m, v, rows, inputs, outputs, settings);
  }
}

function writeLayer(
  workspace: Workspace,
  { weights, normalization, inputs, outputs }: LayerLayout,
  { kernel, bias, normalization: initial }: DenseLayer,
  { staging }: Buffers,
): void {
  const biasAddress = staging + kernel.data.byteLength;
  workspace.floats(staging, kernel.data.length).set(kernel.data);
  workspace.floats(biasAddress, outputs).set(bias.data);
  workspace.kernels.pack_weights(staging, biasAddress, weights.values, inputs, outputs);
  if (!normalization || !initial) return;
  for (const [address, { data }] of partsOf(normalization, initial))
    workspace.floats(address, outputs).set(data);
}

function readLayer(
  workspace: Workspace,
  { weights, normalization, inputs, outputs }: LayerLayout,
  { activation }: DenseLayer,
  { staging }: Buffers,
): DenseLayer {
  const biasAddress = staging + inputs * outputs * Float32Array.BYTES_PER_ELEMENT;
  workspace.kernels.unpack_weights(weights.values, staging, biasAddress, inputs, outputs);
  const column = (address: number): Tensor => ({
    shape: [outputs],
    data: workspace.floats(address, outputs).slice(),
  });
  const layer = {
    kernel: { shape: [inputs, outputs], data: workspace.floats(staging, inputs * outputs).slice() },
    bias: column(biasAddress),
    activation,
  };
  if (!normalization) return layer;
  const { gamma, beta, mean, variance } = normalization;
  return {
    ...layer,
    normalization: {
      gamma: column(gamma.values),
      beta: column(beta.values),
      mean: column(mean),
      variance: column(variance),
    },
  };
}

function partsOf(
  { gamma, beta, mean, variance }: NormalizationLayout,
  initial: Normalization,
): [address: number, Tensor][] {
  return [
    [gamma.values, initial.gamma],
    [beta.values, initial.beta],
    [mean, initial.mean],
    [variance, initial.variance],
  ];
}
