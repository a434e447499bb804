/**
 * The training loop of a head, top to bottom: shuffle, forward, loss, gradients, Adam, validate, stop early.
 *
 * Everything random comes from one seeded generator and everything numeric from the kernels' binary, so the same
 * examples and seed give the same weights in Node and in workerd, bit for bit.
 */
import type { DenseLayer } from '../../shared/model/head.ts';
import { createDenseStack, type DenseStack } from '../../shared/model/kernels/dense-stack.ts';
import type { Spec } from '../../shared/model/spec.ts';
import { type Random, shuffle } from '../../shared/random.ts';
import { RunFailure } from './context.ts';

export interface TrainingSet {
  /** [n, size] */
  readonly features: Float32Array;
  /** class ids, or standardised targets, [n] */
  readonly labels: Int32Array | Float64Array;
}

export interface Epoch {
  readonly epoch: number;
  /** mean over the epoch's training batches: of the cross-entropy in nats, or of the squared error */
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

/** Of the softmax of the last layer's values, or of the values themselves. */
export type Loss = 'cross-entropy' | 'squared-error';

export interface TrainingOptions {
  readonly loss: Loss;
  readonly training: Spec['training'];
  /** dropout rate after each hidden layer, [layers - 1] */
  readonly dropout: readonly number[];
  readonly random: Random;
  /** `kernels.wasm`, compiled. */
  readonly kernels: WebAssembly.Module;
  readonly onEpoch?: (epoch: Epoch) => Promise<void>;
}

/** Rows a validation pass takes at once, at least. */
const VALIDATION_BATCH = 256;

/**
 * Trains a head by Adam (Kingma & Ba 2015) on softmax cross-entropy, or on the squared error.
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
  const { training, random, kernels, loss: kind } = options;
  const stack = createDenseStack(kernels, initial, Math.max(training.batchSize, VALIDATION_BATCH));
  const order = Int32Array.from(train.labels, (_, i) => i);
  const epochs: Epoch[] = [];
  let best = { epoch: 0, loss: Number.POSITIVE_INFINITY };
  try {
    for (let epoch = 1; epoch <= training.epochs; epoch++) {
      shuffle(order, random);
      const loss = trainEpoch(train, order, stack, options);
      if (!Number.isFinite(loss)) {
        throw new RunFailure(
          `the training loss became ${loss} in epoch ${epoch}: lower training.learningRate`,
        );
      }
      const validated = validate(validation, stack, kind);
      const result = {
        epoch,
        loss,
        validationLoss: validated?.loss ?? null,
        validationAccuracy: validated?.accuracy ?? null,
      };
      epochs.push(result);
      await options.onEpoch?.(result);
      const watched = validated?.loss ?? loss;
      if (watched < best.loss) {
        best = { epoch, loss: watched };
        stack.save();
      } else if (epoch - best.epoch >= training.patience) break;
    }
    return { layers: stack.saved(), epochs, bestEpoch: best.epoch };
  } finally {
    stack.release();
  }
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
  train: TrainingSet,
  order: Int32Array,
  stack: DenseStack,
  { training: { batchSize, learningRate }, dropout, random, loss }: TrainingOptions,
): number {
  let total = 0;
  for (let start = 0; start < order.length; start += batchSize) {
    const batch = order.subarray(start, start + batchSize);
    writeBatch(stack, train, batch);
    stack.forward(batch.length, { rates: dropout, random });
    total += measureLoss(stack, train, batch, loss).total;
    stack.step(batch.length, learningRate);
  }
  return total / order.length;
}

/** A squared error has no accuracy. */
function validate(
  set: TrainingSet,
  stack: DenseStack,
  kind: Loss,
): { loss: number; accuracy: number | null } | null {
  const n = set.labels.length;
  if (n === 0) return null;
  let loss = 0;
  let right = 0;
  for (let start = 0; start < n; start += VALIDATION_BATCH) {
    const rows = Int32Array.from({ length: Math.min(VALIDATION_BATCH, n - start) }, (_, i) => start + i);
    writeBatch(stack, set, rows);
    stack.forward(rows.length);
    const scored = measureLoss(stack, set, rows, kind);
    loss += scored.total;
    right += scored.right;
  }
  return { loss: loss / n, accuracy: kind === 'cross-entropy' ? right / n : null };
}

/** Of the last `forward`, summed over the rows, with its gradient. */
function measureLoss(
  stack: DenseStack,
  { labels }: TrainingSet,
  rows: Int32Array,
  kind: Loss,
): { readonly total: number; readonly right: number } {
  if (kind === 'cross-entropy') return stack.loss(rows.length);
  let total = 0;
  for (const [i, row] of rows.entries()) {
    const error = (stack.logits[i] as number) - (labels[row] as number);
    total += error * error;
    stack.gradient[i] = (2 * error) / rows.length;
  }
  return { total: Math.fround(total), right: 0 };
}

function writeBatch({ inputs, labels }: DenseStack, set: TrainingSet, rows: Int32Array): void {
  const size = set.features.length / set.labels.length;
  for (const [i, row] of rows.entries()) {
    inputs.set(set.features.subarray(row * size, (row + 1) * size), i * size);
    labels[i] = set.labels[row] as number;
  }
}
