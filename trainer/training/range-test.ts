/**
 * The learning rate range test (Smith 2017, arXiv:1506.01186): the rate rises from step to step, and the loss tells
 * where learning begins and where it breaks.
 */
import { createRandom, shuffle } from '../../shared/random.ts';
import { fillBatch } from './fill-batch.ts';
import type { BatchHook, Trainable } from './trainable.ts';
import type { TrainingSet } from './training-set.ts';

export interface RangeOptions {
  readonly from?: number;
  readonly to?: number;
  /** Steps from one to the other. */
  readonly steps?: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly prepare?: BatchHook;
}

export interface RangePoint {
  readonly rate: number;
  /** Of the batch before its step, smoothed over those before it. */
  readonly loss: number;
}

export interface RangeTest {
  readonly points: readonly RangePoint[];
  /** Where the smoothed loss fell fastest; null where it never fell. */
  readonly suggestion: number | null;
}

/** Share of the past in the smoothed loss. */
const SMOOTHING = 0.95;
/** A loss so many times the least one has diverged. */
const DIVERGED = 4;

/** The model's state is put back afterwards. Ends where the loss diverges. */
export function rangeTest(
  model: Trainable,
  train: TrainingSet,
  { from = 1e-6, to = 1, steps = 100, batchSize, seed, prepare }: RangeOptions,
): RangeTest {
  const before = model.readState();
  const random = createRandom(seed);
  const order = shuffle(
    Int32Array.from(train.labels, (_, i) => i),
    random,
  );
  const points: RangePoint[] = [];
  let [average, least] = [0, Number.POSITIVE_INFINITY];
  for (let step = 0; step < steps; step++) {
    const rate = from * (to / from) ** (step / Math.max(1, steps - 1));
    const rows = takeBatch(order, step, Math.min(batchSize, model.capacity));
    fillBatch(model, train, rows);
    prepare?.(model.batch, rows.length, random);
    const loss = model.step(rows.length, { rate, random }) / rows.length;
    if (!Number.isFinite(loss)) break;
    average = SMOOTHING * average + (1 - SMOOTHING) * loss;
    const smoothed = average / (1 - SMOOTHING ** (step + 1));
    points.push({ rate, loss: smoothed });
    least = Math.min(least, smoothed);
    if (smoothed > DIVERGED * least) break;
  }
  model.writeState(before);
  return { points, suggestion: steepest(points) };
}

/** The examples again and again, in one order. */
function takeBatch(order: Int32Array, step: number, size: number): Int32Array {
  const length = Math.min(size, order.length);
  return Int32Array.from({ length }, (_, i) => order[(step * length + i) % order.length] as number);
}

/** The rates rise by the same factor, so the steepest fall over the rate's logarithm is the largest difference. */
function steepest(points: readonly RangePoint[]): number | null {
  let best: { readonly rate: number; readonly fall: number } | null = null;
  for (const [i, { loss }] of points.entries()) {
    const before = points[i - 1];
    if (before === undefined) continue;
    const fall = before.loss - loss;
    if (fall > (best?.fall ?? 0)) best = { rate: before.rate, fall };
  }
  return best?.rate ?? null;
}
