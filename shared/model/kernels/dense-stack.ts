/**
 * A stack of dense layers in training: its weights and Adam's moments stay in WASM memory, laid out once, and a step
 * is a handful of calls into the kernels. No tensors, nothing allocated while it learns.
 *
 * Same bits in Node and in workerd, on every machine: the kernels use neither fused multiply-add nor an engine's Math.
 */
import type { Random } from '../../random.ts';
import type { DenseLayer } from '../head.ts';
import { ADAM_SETTINGS, createAdamClock } from './adam.ts';
import { PANEL_COLUMNS, TILE_ROWS } from './kernels.ts';
import { borrowWorkspace, type Workspace } from './workspace.ts';

export interface DenseStack {
  /** The batch, [capacity, inputs]: the caller writes its rows, then calls `forward`. */
  readonly inputs: Float32Array;
  /** The batch's class ids, [capacity]. */
  readonly labels: Int32Array;
  /** What `forward` left, [capacity, classes]: the last layer's values before its softmax. */
  readonly logits: Float32Array;
  /** d loss / d logits, [capacity, classes]: `loss` writes it, `step` reads it. A caller may write another loss's. */
  readonly gradient: Float32Array;

  /**
   * Computes the logits of the first `rows` rows.
   *
   * @param dropout  in training: rates after each hidden layer and where the masks come from; omit to predict
   */
  forward(rows: number, dropout?: Dropout): void;
  /** Softmax cross-entropy of the last `forward`, in nats, and its gradient. */
  loss(rows: number): Loss;
  /** Carries `gradient` back through the last `forward` and moves all weights by Adam. */
  step(rows: number, learningRate: number): void;

  /** Keeps the weights as they are now; the moments are not kept. */
  save(): void;
  /** Weights as the last `save` kept them, or the initial ones. */
  saved(): DenseLayer[];
  /** Gives the memory back. Nothing else may be called afterwards. */
  release(): void;
}

export interface Dropout {
  /** [layers - 1] */
  readonly rates: readonly number[];
  readonly random: Random;
}

export interface Loss {
  /** Summed over the rows; NaN or Infinity when it left the range of float32. */
  readonly total: number;
  /** Rows whose largest logit is the label's. */
  readonly right: number;
}

/** As `enum activation` in dense.c counts them. */
const ACTIVATIONS = ['linear', 'relu', 'relu6', 'sigmoid', 'tanh'];

/** Where a layer's parts are in memory. */
interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly activation: number;
  /** Weight panels, all of the same size. */
  readonly weights: number;
  readonly m: number;
  readonly v: number;
  readonly saved: number;
  readonly panelFloats: number;
  /** [capacity, inputs]; the values of the layer before, after its activation and dropout */
  readonly x: number;
  /** [capacity, outputs] */
  readonly y: number;
  /** d value / d input of the activation with its dropout, [capacity, outputs] */
  readonly slopes: number;
  /** d loss / d y, [capacity, outputs] */
  readonly gradient: number;
}

/** What all layers share. */
interface Buffers {
  readonly labels: number;
  readonly right: number;
  /** `adam_settings` (adam.h) */
  readonly settings: number;
  /** A layer's inputs and gradient as the kernels read them, one layer at a time. */
  readonly inputPanels: number;
  readonly gradientPanels: number;
  /** One layer's weights, row-major, on their way in or out. */
  readonly staging: number;
}

/**
 * @param module    `kernels.wasm`, compiled (kernels-node.ts, kernels-worker.ts)
 * @param initial   the layers to start from, at least one, of any widths; they are not changed. The last one's
 *                  activation is the softmax of the loss
 * @param capacity  the most rows a batch may have
 * @throws RangeError without layers, and when a hidden layer's activation is softmax, which no spec asks for
 */
export function createDenseStack(
  module: WebAssembly.Module,
  initial: readonly DenseLayer[],
  capacity: number,
): DenseStack {
  if (initial.length === 0) throw new RangeError('expected at least one layer, got none');
  const activations = initial.slice(0, -1).map(({ activation }) => activationCode(activation));
  const workspace = borrowWorkspace(module);
  const layers = layOutLayers(workspace, initial, activations, capacity);
  const buffers = layOutBuffers(workspace, layers, capacity);
  const { kernels } = workspace;
  const first = layers[0] as Layer;
  const last = layers.at(-1) as Layer;
  const advanceAdam = createAdamClock(workspace.floats(buffers.settings, ADAM_SETTINGS));
  for (const [i, layer] of layers.entries())
    writeWeights(workspace, layer, initial[i] as DenseLayer, buffers);
  const save = (): void => {
    for (const { weights, saved, panelFloats } of layers)
      workspace.floats(saved, panelFloats).set(workspace.floats(weights, panelFloats));
  };
  save();
  return {
    inputs: workspace.floats(first.x, capacity * first.inputs),
    labels: workspace.integers(buffers.labels, capacity),
    logits: workspace.floats(last.y, capacity * last.outputs),
    gradient: workspace.floats(last.gradient, capacity * last.outputs),
    forward: (rows, dropout) => runForward(workspace, layers, rows, dropout),
    loss: (rows) => {
      const { y, gradient, outputs } = last;
      const total = kernels.softmax_cross_entropy(y, buffers.labels, gradient, buffers.right, rows, outputs);
      // The kernel sums in double precision, where a loss that float32 can't hold would still look like a number.
      return { total: Math.fround(total), right: workspace.integers(buffers.right, 1)[0] as number };
    },
    step: (rows, learningRate) => {
      advanceAdam(learningRate);
      runBackward(workspace, layers, buffers, rows);
    },
    save,
    saved: () =>
      layers.map((layer, i) => readWeights(workspace, layer, (initial[i] as DenseLayer).activation, buffers)),
    release: () => workspace.release(),
  };
}

function runForward(
  workspace: Workspace,
  layers: readonly Layer[],
  rows: number,
  dropout: Dropout | undefined,
): void {
  const { kernels } = workspace;
  for (const [i, { x, weights, y, inputs, outputs, activation, slopes }] of layers.entries()) {
    kernels.dense_forward(x, weights, y, rows, inputs, outputs);
    if (i === layers.length - 1) return;
    const rate = dropout?.rates[i] ?? 0;
    if (dropout && rate > 0) drawMask(workspace.floats(slopes, rows * outputs), rate, dropout.random);
    kernels.activate(activation, y, slopes, rate > 0 ? 1 : 0, rows * outputs);
  }
}

/** From the last layer to the first: its gradient to the layer before, then its own weights. */
function runBackward({ kernels }: Workspace, layers: readonly Layer[], buffers: Buffers, rows: number): void {
  const { inputPanels, gradientPanels, settings } = buffers;
  for (let i = layers.length - 1; i >= 0; i--) {
    const { x, weights, m, v, gradient, inputs, outputs } = layers[i] as Layer;
    const before = layers[i - 1];
    kernels.pack_gradient(gradient, gradientPanels, rows, outputs);
    // Through the weights that made the loss, so before they move.
    if (before !== undefined) {
      const { slopes, gradient: out } = before;
      kernels.dense_input_gradient(gradientPanels, weights, slopes, out, rows, inputs, outputs);
    }
    kernels.pack_inputs(x, inputPanels, rows, inputs);
    kernels.dense_update(inputPanels, gradientPanels, weights, m, v, rows, inputs, outputs, settings);
  }
}

function activationCode(activation: DenseLayer['activation']): number {
  const code = ACTIVATIONS.indexOf(activation);
  if (code === -1)
    throw new RangeError(`expected one of ${ACTIVATIONS.join(', ')} in a hidden layer, got ${activation}`);
  return code;
}

function layOutLayers(
  workspace: Workspace,
  initial: readonly DenseLayer[],
  activations: readonly number[],
  capacity: number,
): Layer[] {
  const layers: Layer[] = [];
  let x = workspace.allocate(capacity * (initial[0]?.kernel.shape[0] ?? 0));
  for (const [i, { kernel, bias }] of initial.entries()) {
    const inputs = kernel.shape[0] as number;
    const outputs = bias.data.length;
    const panelFloats =
      Math.ceil(outputs / PANEL_COLUMNS) * PANEL_COLUMNS * (1 + Math.ceil(inputs / TILE_ROWS) * TILE_ROWS);
    const [weights, m, v, saved] = [0, 0, 0, 0].map(() => workspace.allocate(panelFloats)) as Four;
    const [y, slopes, gradient] = [0, 0, 0].map(() => workspace.allocate(capacity * outputs)) as Three;
    layers.push({
      inputs,
      outputs,
      activation: activations[i] ?? 0,
      weights,
      m,
      v,
      saved,
      panelFloats,
      x,
      y,
      slopes,
      gradient,
    });
    x = y;
  }
  return layers;
}

function layOutBuffers(workspace: Workspace, layers: readonly Layer[], capacity: number): Buffers {
  const widest = Math.max(...layers.map(({ inputs, outputs }) => Math.max(inputs, outputs)));
  return {
    labels: workspace.allocate(capacity),
    right: workspace.allocate(1),
    settings: workspace.allocate(ADAM_SETTINGS),
    inputPanels: workspace.allocate(capacity * (widest + TILE_ROWS)),
    gradientPanels: workspace.allocate(capacity * (widest + PANEL_COLUMNS)),
    staging: workspace.allocate(Math.max(...layers.map(({ inputs, outputs }) => (inputs + 1) * outputs))),
  };
}

type Three = [number, number, number];
type Four = [number, number, number, number];

/** The memory may have served before: the moments are set to 0. */
function writeWeights(
  workspace: Workspace,
  layer: Layer,
  { kernel, bias }: DenseLayer,
  { staging }: Buffers,
): void {
  const { weights, m, v, panelFloats, inputs, outputs } = layer;
  const biasAddress = staging + kernel.data.byteLength;
  workspace.floats(staging, kernel.data.length).set(kernel.data);
  workspace.floats(biasAddress, outputs).set(bias.data);
  workspace.kernels.pack_weights(staging, biasAddress, weights, inputs, outputs);
  for (const moment of [m, v]) workspace.floats(moment, panelFloats).fill(0);
}

function readWeights(
  workspace: Workspace,
  { saved, inputs, outputs }: Layer,
  activation: DenseLayer['activation'],
  { staging }: Buffers,
): DenseLayer {
  const biasAddress = staging + inputs * outputs * Float32Array.BYTES_PER_ELEMENT;
  workspace.kernels.unpack_weights(saved, staging, biasAddress, inputs, outputs);
  return {
    kernel: { shape: [inputs, outputs], data: workspace.floats(staging, inputs * outputs).slice() },
    bias: { shape: [outputs], data: workspace.floats(biasAddress, outputs).slice() },
    activation,
  };
}

/** Inverted dropout (Srivastava et al. 2014): kept activations are scaled up, so prediction needs no change. */
function drawMask(mask: Float32Array, rate: number, random: Random): void {
  const scale = 1 / (1 - rate);
  for (let i = 0; i < mask.length; i++) mask[i] = random.uniform() < rate ? 0 : scale;
}
