/**
 * The training loop of a head, top to bottom: shuffle, forward, loss, gradients, Adam, validate, stop early.
 *
 * Everything random comes from one seeded generator and everything numeric from the WASM binary, so the same examples
 * and seed give the same weights in Node and in workerd, bit for bit.
 */
import * as tf from '@tensorflow/tfjs';
import type { DenseLayer } from '../../shared/model/head.ts';
import type { Spec } from '../../shared/model/spec.ts';
import { type Random, shuffle } from '../../shared/random.ts';
import { RunFailure } from './context.ts';

export interface TrainingSet {
  /** [n, size] */
  readonly features: Float32Array;
  /** class ids, [n] */
  readonly labels: Int32Array;
}

export interface Epoch {
  readonly epoch: number;
  /** mean cross-entropy over the epoch's training batches, in nats */
  readonly loss: number;
  /** over the validation set; null when there is none */
  readonly validationLoss: number | null;
  readonly validationAccuracy: number | null;
}

export interface TrainedHead {
  /** the layers of the best epoch */
  readonly layers: readonly DenseLayer[];
  readonly epochs: readonly Epoch[];
  readonly bestEpoch: number;
}

export interface TrainingOptions {
  readonly training: Spec['training'];
  /** dropout rate after each hidden layer, [layers - 1] */
  readonly dropout: readonly number[];
  readonly random: Random;
  readonly onEpoch?: (epoch: Epoch) => Promise<void>;
}

/** Examples a validation pass takes at once. */
const VALIDATION_BATCH = 256;

interface Layer {
  readonly kernel: tf.Variable<tf.Rank.R2>;
  readonly bias: tf.Variable<tf.Rank.R1>;
  readonly activation: DenseLayer['activation'];
}

/**
 * Trains a head by Adam (Kingma & Ba 2015) on softmax cross-entropy.
 *
 * Stops when the validation loss has not fallen for `patience` epochs and gives the best epoch's weights; without
 * validation examples the training loss decides.
 *
 * @param initial  the layers to start from; they are not changed
 * @throws RunFailure when there is nothing to learn from or the loss is not a number
 */
export async function trainHead(
  train: TrainingSet,
  validation: TrainingSet,
  initial: readonly DenseLayer[],
  options: TrainingOptions,
): Promise<TrainedHead> {
  checkTrainable(train);
  const { training, random } = options;
  const layers = initial.map(toVariables);
  const optimizer = tf.train.adam(training.learningRate);
  const order = Int32Array.from(train.labels, (_, i) => i);
  const epochs: Epoch[] = [];
  let best = { epoch: 0, loss: Number.POSITIVE_INFINITY, layers: initial };
  try {
    for (let epoch = 1; epoch <= training.epochs; epoch++) {
      shuffle(order, random);
      const loss = trainEpoch(train, order, layers, optimizer, options);
      if (!Number.isFinite(loss)) {
        throw new RunFailure(
          `the training loss became ${loss} in epoch ${epoch}: lower training.learningRate`,
        );
      }
      const validated = validate(validation, layers);
      const result = {
        epoch,
        loss,
        validationLoss: validated?.loss ?? null,
        validationAccuracy: validated?.accuracy ?? null,
      };
      epochs.push(result);
      await options.onEpoch?.(result);
      const watched = validated?.loss ?? loss;
      if (watched < best.loss) best = { epoch, loss: watched, layers: layers.map(toArrays) };
      else if (epoch - best.epoch >= training.patience) break;
    }
  } finally {
    optimizer.dispose();
    for (const { kernel, bias } of layers) tf.dispose([kernel, bias]);
  }
  return { layers: best.layers, epochs, bestEpoch: best.epoch };
}

function checkTrainable({ labels, features }: TrainingSet): void {
  if (labels.length === 0) throw new RunFailure('expected training examples, got none');
  if (labels.every((label) => label === labels[0])) {
    throw new RunFailure('expected training examples of at least two labels, got one label only');
  }
  const at = features.findIndex((value) => !Number.isFinite(value));
  if (at !== -1) {
    const row = Math.floor(at / (features.length / labels.length));
    throw new RunFailure(`expected finite features, got ${features[at]} in training example ${row}`);
  }
}

/** One pass over the shuffled examples. Returns the mean loss. */
function trainEpoch(
  { features, labels }: TrainingSet,
  order: Int32Array,
  layers: readonly Layer[],
  optimizer: tf.AdamOptimizer,
  { training: { batchSize }, dropout, random }: TrainingOptions,
): number {
  const size = features.length / labels.length;
  const classes = layers.at(-1)?.bias.size ?? 0;
  let total = 0;
  for (let start = 0; start < order.length; start += batchSize) {
    const batch = order.subarray(start, start + batchSize);
    const masks = dropout.map((rate, i) =>
      dropoutMask(rate, batch.length, layers[i]?.bias.size ?? 0, random),
    );
    total += tf.tidy(() => {
      const x = tf.tensor2d(gatherRows(features, size, batch), [batch.length, size]); // [batch, size]
      const y = tf.tensor2d(oneHot(labels, classes, batch), [batch.length, classes]); // [batch, classes]
      const loss = optimizer.minimize(
        () => tf.losses.softmaxCrossEntropy(y, forward(x, layers, masks)).asScalar(),
        true,
      );
      return (loss?.dataSync()[0] ?? Number.NaN) * batch.length;
    });
  }
  return total / order.length;
}

/** Logits: the last layer's softmax is part of the loss. */
function forward(
  x: tf.Tensor2D,
  layers: readonly Layer[],
  masks: readonly (Float32Array | null)[],
): tf.Tensor2D {
  let h = x; // [batch, in]
  for (const [i, { kernel, bias, activation }] of layers.entries()) {
    h = tf.add(tf.matMul(h, kernel), bias); // [batch, out]
    if (i === layers.length - 1) return h;
    h = activate(h, activation);
    const mask = masks[i];
    if (mask) h = tf.mul(h, tf.tensor2d(mask, h.shape));
  }
  return h;
}

function activate(x: tf.Tensor2D, activation: DenseLayer['activation']): tf.Tensor2D {
  switch (activation) {
    case 'linear':
      return x;
    case 'relu':
      return tf.relu(x);
    case 'relu6':
      return tf.relu6(x);
    case 'sigmoid':
      return tf.sigmoid(x);
    case 'tanh':
      return tf.tanh(x);
    case 'softmax':
      return tf.softmax(x);
  }
}

/** Inverted dropout (Srivastava et al. 2014): kept activations are scaled up, so prediction needs no change. */
function dropoutMask(rate: number, rows: number, columns: number, random: Random): Float32Array | null {
  if (rate === 0) return null;
  const scale = 1 / (1 - rate);
  return Float32Array.from({ length: rows * columns }, () => (random.uniform() < rate ? 0 : scale));
}

function validate(set: TrainingSet, layers: readonly Layer[]): { loss: number; accuracy: number } | null {
  const n = set.labels.length;
  if (n === 0) return null;
  const size = set.features.length / n;
  let loss = 0;
  let right = 0;
  for (let start = 0; start < n; start += VALIDATION_BATCH) {
    const end = Math.min(n, start + VALIDATION_BATCH);
    const logits = tf.tidy(() =>
      forward(
        tf.tensor2d(set.features.subarray(start * size, end * size), [end - start, size]),
        layers,
        [],
      ).dataSync(),
    );
    const scored = scoreLogits(logits, set.labels.subarray(start, end));
    loss += scored.loss;
    right += scored.right;
  }
  return { loss: loss / n, accuracy: right / n };
}

/** Summed cross-entropy and the number of right answers; @param logits [n, classes] */
function scoreLogits(
  logits: ArrayLike<number>,
  labels: Int32Array,
): { readonly loss: number; readonly right: number } {
  const classes = logits.length / labels.length;
  let loss = 0;
  let right = 0;
  for (const [row, label] of labels.entries()) {
    let most = 0;
    for (let c = 1; c < classes; c++) {
      if ((logits[row * classes + c] as number) > (logits[row * classes + most] as number)) most = c;
    }
    const peak = logits[row * classes + most] as number;
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += Math.exp((logits[row * classes + c] as number) - peak);
    loss += Math.log(sum) + peak - (logits[row * classes + label] as number);
    if (most === label) right += 1;
  }
  return { loss, right };
}

function gatherRows(features: Float32Array, size: number, rows: Int32Array): Float32Array {
  const out = new Float32Array(rows.length * size);
  for (const [i, row] of rows.entries()) out.set(features.subarray(row * size, (row + 1) * size), i * size);
  return out;
}

function oneHot(labels: Int32Array, classes: number, rows: Int32Array): Float32Array {
  const out = new Float32Array(rows.length * classes);
  for (const [i, row] of rows.entries()) out[i * classes + (labels[row] as number)] = 1;
  return out;
}

function toVariables({ kernel, bias, activation }: DenseLayer): Layer {
  // Inside tidy, because a variable does not own the tensor it is made from.
  const [weights, offsets] = tf.tidy(() => [
    tf.variable(tf.tensor2d(kernel.data, kernel.shape as [number, number])),
    tf.variable(tf.tensor1d(bias.data)),
  ]) as [tf.Variable<tf.Rank.R2>, tf.Variable<tf.Rank.R1>];
  return { kernel: weights, bias: offsets, activation };
}

function toArrays({ kernel, bias, activation }: Layer): DenseLayer {
  return {
    kernel: { shape: kernel.shape, data: Float32Array.from(kernel.dataSync()) },
    bias: { shape: bias.shape, data: Float32Array.from(bias.dataSync()) },
    activation,
  };
}
