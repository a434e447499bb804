/**
 * Validation kept by window: what the stopping, the rate and the interpolation are decided by.
 */
import * as z from 'zod';
import { fillBatch } from './fill-batch.ts';
import type { Trainable } from './models/trainable.ts';
import { countRows, loaderOf, type Dataset, type ValidationWindow } from './dataset.ts';

/** In nats, or squared error. What is not a number comes back from JSON as that. */
const lossSchema = z.number().or(z.null().transform(() => Number.NaN));

export interface WindowScore {
  readonly id: string;
  readonly past: boolean;
  readonly examples: number;
  /** Mean loss, in nats, or mean squared error. */
  readonly loss: number;
  /** Null in regression. */
  readonly accuracy: number | null;
}

/** How far the scoring of some windows has come: plain data, as a checkpoint carries it. */
export const scoreTallySchema = z.object({
  /** Of the windows that are done, in order. */
  scores: z.array(
    z.object({
      id: z.string(),
      past: z.boolean(),
      examples: z.int(),
      loss: lossSchema,
      accuracy: z.number().nullable(),
    }),
  ),
  /** In the next window: packs that are done, rows of the pack under way, and their sums. */
  pack: z.int().min(0),
  row: z.int().min(0),
  loss: lossSchema,
  right: z.int().min(0),
});
export type ScoreTally = z.infer<typeof scoreTallySchema>;

const IN_A_WINDOW = { pack: 0, row: 0, loss: 0, right: 0 };
export const NOTHING_SCORED: ScoreTally = { scores: [], ...IN_A_WINDOW };

/**
 * Scores at most so many batches more.
 *
 * @param windows  each with at least one example
 * @returns the tally, done when it has a score for each window
 */
export async function scoreOn(
  model: Trainable,
  windows: readonly ValidationWindow[],
  from: ScoreTally,
  batches: number,
): Promise<ScoreTally> {
  let tally = from;
  for (let left = batches; left > 0; left--) {
    const window = windows[tally.scores.length];
    if (window === undefined) return tally;
    tally = await scoreBatch(model, window, tally);
  }
  return tally;
}

async function scoreBatch(
  model: Trainable,
  window: ValidationWindow,
  tally: ScoreTally,
): Promise<ScoreTally> {
  const packs = loaderOf(window.set);
  const set = await packs.load(tally.pack);
  const n = set.labels.length;
  const rows = Int32Array.from({ length: Math.min(model.capacity, n - tally.row) }, (_, i) => tally.row + i);
  fillBatch(model, set, rows);
  const loss = tally.loss + model.evaluate(rows.length);
  const right = tally.right + countRight(model, set, rows);
  const row = tally.row + rows.length;
  if (row < n) return { ...tally, row, loss, right };
  if (tally.pack + 1 < packs.rows.length) return { ...tally, pack: tally.pack + 1, row: 0, loss, right };
  const { id, past } = window;
  const examples = countRows(packs);
  const accuracy = model.task === 'classification' ? right / examples : null;
  const score = { id, past, examples, loss: loss / examples, accuracy };
  return { scores: [...tally.scores, score], ...IN_A_WINDOW };
}

function countRight({ outputs, outputSize }: Trainable, { labels }: Dataset, rows: Int32Array): number {
  let right = 0;
  for (const [i, row] of rows.entries()) {
    let best = 0;
    for (let c = 1; c < outputSize; c++) {
      if ((outputs[i * outputSize + c] as number) > (outputs[i * outputSize + best] as number)) best = c;
    }
    if (best === labels[row]) right++;
  }
  return right;
}

/** Over all examples of all windows; null without any. */
export function meanOf(scores: readonly WindowScore[]): { loss: number; accuracy: number | null } | null {
  const n = scores.reduce((sum, { examples }) => sum + examples, 0);
  if (n === 0) return null;
  const mean = (of: (score: WindowScore) => number): number =>
    scores.reduce((sum, score) => sum + (of(score) * score.examples) / n, 0);
  const counted = scores.every(({ accuracy }) => accuracy !== null);
  return { loss: mean(({ loss }) => loss), accuracy: counted ? mean(({ accuracy }) => accuracy ?? 0) : null };
}

export interface Worst {
  readonly id: string;
  /** Its loss above the reference's, or its loss where there is no reference. */
  readonly rise: number;
}

/**
 * The window that stands worst: by how far its loss is above the reference's, so that a window which is hard for every
 * model does not hide another that is being forgotten.
 *
 * @param reference  the champion's losses, in the same order; null where training did not start from it
 */
export function worstOf(scores: readonly WindowScore[], reference: readonly number[] | null): Worst | null {
  let worst: Worst | null = null;
  for (const [i, { id, loss }] of scores.entries()) {
    const rise = loss - (reference?.[i] ?? 0);
    if (worst === null || rise > worst.rise) worst = { id, rise };
  }
  return worst;
}

/**
 * One number to be small: what early stopping and interpolation go by.
 *
 * @param by  `mean`: the loss over all validation examples. `worst`: the worst window's rise
 */
export function scoreOf(
  scores: readonly WindowScore[],
  reference: readonly number[] | null,
  by: 'mean' | 'worst',
): number | null {
  if (by === 'mean') return meanOf(scores)?.loss ?? null;
  return worstOf(scores, reference)?.rise ?? null;
}

/**
 * Neighbouring past windows as one, until each has `least` examples to watch by: a few examples' loss is noise, and the
 * worst of many noises is noise only. Windows without examples disappear.
 */
export function poolWindows<
  T extends { readonly past: boolean; readonly positions: readonly number[]; readonly id: string },
>(windows: readonly T[], least: number): T[] {
  const pooled: T[] = [];
  for (const window of windows) {
    const before = pooled.at(-1);
    const joins = before !== undefined && before.past === window.past && before.positions.length < least;
    if (joins) pooled[pooled.length - 1] = join(before, window);
    else pooled.push(window);
  }
  // What is left over at the end of the past joins the one before.
  const last = pooled.findLastIndex(({ past }) => past);
  if (last > 0 && (pooled[last] as T).positions.length < least) {
    pooled.splice(last - 1, 2, join(pooled[last - 1] as T, pooled[last] as T));
  }
  return pooled.filter(({ positions }) => positions.length > 0);
}

function join<T extends { readonly positions: readonly number[]; readonly id: string }>(a: T, b: T): T {
  if (a.positions.length === 0) return b;
  const first = a.id.split(' to ')[0] as string;
  return { ...a, id: `${first} to ${b.id}`, positions: [...a.positions, ...b.positions] };
}
