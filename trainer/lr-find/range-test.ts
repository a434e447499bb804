/**
 * The learning rate range test (Smith 2017, arXiv:1506.01186): the rate rises from step to step, and the loss tells
 * where learning begins and where it breaks.
 */
import { createRandom, shuffle } from '../../shared/random.ts';
import { fillBatch } from '../training/fill-batch.ts';
import type { BatchHook, Trainable } from '../training/models/trainable.ts';
import type { Dataset } from '../training/dataset.ts';

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
  /** Of the batch before its step, smoothed over those before and after it. */
  readonly loss: number;
}

export interface RangeTest {
  readonly points: readonly RangePoint[];
  /** Where the loss fell fastest; null where it never fell by more than batches differ. */
  readonly suggestion: number | null;
}

/** Share of the past in the average that says whether the loss has diverged. */
const SMOOTHING = 0.95;
/** An average so many times the least one has diverged. */
const DIVERGED = 4;

/** The model's state is put back afterwards. Ends where the loss diverges. */
export function rangeTest(
  model: Trainable,
  train: Dataset,
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
    points.push({ rate, loss });
    average = SMOOTHING * average + (1 - SMOOTHING) * loss;
    const smoothed = average / (1 - SMOOTHING ** (step + 1));
    least = Math.min(least, smoothed);
    if (smoothed > DIVERGED * least) break;
  }
  model.writeState(before);
  return judgeFalls(points, Math.max(1, Math.round(steps / 20)));
}

/** The examples again and again, in one order. */
function takeBatch(order: Int32Array, step: number, size: number): Int32Array {
  const length = Math.min(size, order.length);
  return Int32Array.from({ length }, (_, i) => order[(step * length + i) % order.length] as number);
}

/** A fall counts when it is so many times what chance alone would give a fall. */
const CLEAR = 5;

/**
 * Smooths losses and finds where they fall fastest. To both sides, because an average of the past alone would lag by as
 * many steps as it remembers, and so suggest a rate several times too high.
 *
 * @param points  raw losses; the rates rise by the same factor from each to the next
 * @param reach   how many points to either side are averaged
 */
export function judgeFalls(points: readonly RangePoint[], reach: number): RangeTest {
  const smooth = points.map(({ rate }, i) => {
    const near = points.slice(Math.max(0, i - reach), i + reach + 1);
    return { rate, loss: near.reduce((sum, { loss }) => sum + loss, 0) / near.length };
  });
  let best: { readonly rate: number; readonly fall: number } | null = null;
  for (let i = 2 * reach; i < points.length - 2 * reach; i++) {
    const { loss: before } = smooth[i - reach] as RangePoint;
    const { loss: after } = smooth[i + reach] as RangePoint;
    const chance = deviationAround(points, smooth, i, reach) * Math.sqrt(2 / (2 * reach + 1));
    if (before - after > Math.max(best?.fall ?? 0, CLEAR * chance)) {
      best = { rate: (smooth[i] as RangePoint).rate, fall: before - after };
    }
  }
  return { points: smooth, suggestion: best?.rate ?? null };
}

/** How far batches are from their smoothed loss, where the two averages that are compared were taken. */
function deviationAround(
  points: readonly RangePoint[],
  smooth: readonly RangePoint[],
  at: number,
  reach: number,
): number {
  let sum = 0;
  for (let i = at - 2 * reach; i <= at + 2 * reach; i++) {
    const distance = (points[i] as RangePoint).loss - (smooth[i] as RangePoint).loss;
    sum += distance * distance;
  }
  return Math.sqrt(sum / (4 * reach + 1));
}
