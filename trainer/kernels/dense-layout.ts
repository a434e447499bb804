/**
 * Where everything of a dense stack is in memory, laid out once.
 *
 * What is trained comes first, then the running statistics, then Adam's moments, so that the weights which serve and
 * the whole state of a training are one stretch of memory each.
 */
import type { DenseLayer } from '../model/head.ts';
import { ADAM_SETTINGS } from './adam.ts';
import { PANEL_COLUMNS, TILE_ROWS } from './training-kernels.ts';
import { allocateTogether, type Workspace } from './workspace.ts';

/** As `enum activation` in dense.c counts them. */
const ACTIVATIONS = ['linear', 'relu', 'relu6', 'sigmoid', 'tanh', 'elu', 'leakyRelu'];

/** What Adam moves: values and both moments, `count` floats each. */
export interface Variable {
  readonly count: number;
  readonly values: number;
  readonly m: number;
  readonly v: number;
}

/** Of one layer; addresses of floats. */
export interface LayerLayout {
  readonly inputs: number;
  readonly outputs: number;
  readonly activation: number;
  /** In weight panels, its bias among them. */
  readonly weights: Variable;
  readonly normalization: NormalizationLayout | null;
  /** [capacity, inputs]; the values of the layer before, after its activation and dropout */
  readonly x: number;
  /** [capacity, outputs] */
  readonly y: number;
  /** d value / d input of the activation with its dropout, [capacity, outputs] */
  readonly slopes: number;
  /** d loss / d y, [capacity, outputs] */
  readonly gradient: number;
}

/** [outputs] each, `normalized` [capacity, outputs]; see normalization.c */
export interface NormalizationLayout {
  readonly gamma: Variable;
  readonly beta: Variable;
  readonly mean: number;
  readonly variance: number;
  readonly inverse: number;
  readonly normalized: number;
  readonly gammaGradient: number;
  readonly betaGradient: number;
}

/** What all layers share. */
export interface Buffers {
  /** The batch: [capacity, outputs of the last layer], and [capacity]. */
  readonly targets: number;
  readonly teacher: number;
  readonly weights: number;
  readonly teacherWeights: number;
  /** `adam_settings` (adam.h) */
  readonly settings: number;
  /** A layer's inputs and gradient as the kernels read them, one layer at a time. */
  readonly inputPanels: number;
  readonly gradientPanels: number;
  /** One layer's weights, row-major, on their way in or out; a row of exponentials. */
  readonly staging: number;
}

/** A stretch of floats. */
export interface Region {
  readonly address: number;
  readonly count: number;
}

export interface StackLayout {
  readonly layers: readonly LayerLayout[];
  readonly buffers: Buffers;
  /** What steps move, without the moments. */
  readonly trained: Region;
  /** What serves: `trained` and the running statistics. */
  readonly served: Region;
  /** All that a step depends on but the clock of Adam. */
  readonly state: Region;
  /** Where `trained` started, as long as it; null where nobody asked for it. */
  readonly anchors: number | null;
}

/**
 * @param layers    at least one; the last one's activation is the loss's affair
 * @param capacity  the most rows a batch may have
 * @param anchored  whether there is room for the weights as they started
 * @throws RangeError when a hidden layer's activation is softmax or the last layer is normalised, which no spec asks for
 */
export function layOutStack(
  workspace: Workspace,
  layers: readonly DenseLayer[],
  capacity: number,
  anchored: boolean,
): StackLayout {
  const activations = layers.slice(0, -1).map(({ activation }) => activationCode(activation));
  if (layers.at(-1)?.normalization) throw new RangeError('expected a last layer without normalisation');
  return allocateTogether(workspace, (allocate) =>
    placeAll(allocate, layers, activations, capacity, anchored),
  );
}

function placeAll(
  allocate: Allocate,
  layers: readonly DenseLayer[],
  activations: readonly number[],
  capacity: number,
  anchored: boolean,
): StackLayout {
  const start = allocate(0);
  const weights = layers.map((layer) => allocate(panelFloats(layer)));
  const affine = layers.map((layer) => normalized(layer, () => allocateFor(layer, allocate, 2)));
  const trainedEnd = allocate(0);
  const running = layers.map((layer) => normalized(layer, () => allocateFor(layer, allocate, 2)));
  const servedEnd = allocate(0);
  const variable = (values: number, count: number): Variable => ({
    count,
    values,
    m: allocate(count),
    v: allocate(count),
  });
  const variables = layers.map((layer, i) => variable(weights[i] as number, panelFloats(layer)));
  const scales = layers.map((layer, i) =>
    (affine[i] ?? []).map((values) => variable(values, layer.bias.data.length)),
  );
  const stateEnd = allocate(0);
  const trained = regionOf(start, trainedEnd);
  let x = allocate(capacity * (layers[0]?.kernel.shape[0] ?? 0));
  const laidOut = layers.map((layer, i): LayerLayout => {
    const outputs = layer.bias.data.length;
    const [y, slopes, gradient] = [0, 0, 0].map(() => allocate(capacity * outputs)) as Three;
    const here = x;
    x = y;
    return {
      inputs: layer.kernel.shape[0] as number,
      outputs,
      activation: activations[i] ?? 0,
      weights: variables[i] as Variable,
      normalization: layOutNormalization(allocate, scales[i], running[i], outputs, capacity),
      x: here,
      y,
      slopes,
      gradient,
    };
  });
  return {
    layers: laidOut,
    buffers: layOutBuffers(allocate, laidOut, capacity),
    trained,
    served: regionOf(start, servedEnd),
    state: regionOf(start, stateEnd),
    anchors: anchored ? allocate(trained.count) : null,
  };
}

type Three = [number, number, number];
type Allocate = Workspace['allocate'];

function activationCode(activation: DenseLayer['activation']): number {
  const code = ACTIVATIONS.indexOf(activation);
  if (code === -1)
    throw new RangeError(`expected one of ${ACTIVATIONS.join(', ')} in a hidden layer, got ${activation}`);
  return code;
}

function panelFloats({ kernel, bias }: DenseLayer): number {
  const inputs = kernel.shape[0] as number;
  const panels = Math.ceil(bias.data.length / PANEL_COLUMNS);
  return panels * PANEL_COLUMNS * (1 + Math.ceil(inputs / TILE_ROWS) * TILE_ROWS);
}

function normalized<T>(layer: DenseLayer, make: () => T): T | null {
  return layer.normalization ? make() : null;
}

function allocateFor({ bias }: DenseLayer, allocate: Allocate, parts: number): number[] {
  return Array.from({ length: parts }, () => allocate(bias.data.length));
}

function regionOf(address: number, end: number): Region {
  return { address, count: (end - address) / Float32Array.BYTES_PER_ELEMENT };
}

function layOutNormalization(
  allocate: Allocate,
  [gamma, beta]: readonly Variable[] = [],
  running: readonly number[] | null | undefined,
  outputs: number,
  capacity: number,
): NormalizationLayout | null {
  const [mean, variance] = running ?? [];
  if (!gamma || !beta || mean === undefined || variance === undefined) return null;
  const [inverse, gammaGradient, betaGradient] = [0, 0, 0].map(() => allocate(outputs)) as Three;
  const normalized = allocate(capacity * outputs);
  return { gamma, beta, mean, variance, inverse, normalized, gammaGradient, betaGradient };
}

function layOutBuffers(allocate: Allocate, layers: readonly LayerLayout[], capacity: number): Buffers {
  const widest = Math.max(...layers.map(({ inputs, outputs }) => Math.max(inputs, outputs)));
  const answers = capacity * (layers.at(-1)?.outputs ?? 0);
  return {
    targets: allocate(answers),
    teacher: allocate(answers),
    weights: allocate(capacity),
    teacherWeights: allocate(capacity),
    settings: allocate(ADAM_SETTINGS),
    inputPanels: allocate(capacity * (widest + TILE_ROWS)),
    gradientPanels: allocate(capacity * (widest + PANEL_COLUMNS)),
    staging: allocate(Math.max(...layers.map(({ inputs, outputs }) => (inputs + 1) * outputs))),
  };
}
