/**
 * One epoch: every example once, pack by pack and batch by batch, and what the windows say of it then.
 *
 * Where it is left, between two batches, is plain data; each pack of an epoch has a generator of its own, seeded by the
 * run's seed, the epoch's number and the pack's.
 */
import * as z from 'zod';
import { seedFrom } from '../../shared/digest.ts';
import type { TrainingRecipe } from '../../shared/model/spec/training.ts';
import { createRandom, type SeededRandom, shuffle } from '../../shared/random.ts';
import type { TrainingHistory, Epoch } from './training-history.ts';
import { fillBatch } from './fill-batch.ts';
import { advancePlateau, followContinuity, rateAt, type RateSchedule } from './rate.ts';
import type { BatchHook, Trainable } from './models/trainable.ts';
import { countRows, type DataLoader } from './dataset.ts';
import { meanOf, scoreOf, type WindowScore, worstOf } from './validation.ts';

/** How far an epoch has come. */
export const epochProgressSchema = z.object({
  /** Packs that are done, and batches of the pack under way. */
  packs: z.int().min(0),
  batches: z.int().min(0),
  /** Of the pack's generator; null before its first batch. */
  word: z.int().nullable(),
  /** Loss summed over the rows so far. */
  loss: z.number(),
  /** Of the last step. */
  rate: z.number(),
  steps: z.int().min(0),
});
export type EpochProgress = z.infer<typeof epochProgressSchema>;

export const EPOCH_START: EpochProgress = { packs: 0, batches: 0, word: null, loss: 0, rate: 0, steps: 0 };

export interface EpochOptions {
  readonly training: TrainingRecipe;
  readonly seed: number;
  readonly prepare?: BatchHook;
}

/** Goes through the training examples a few batches at a time. */
export interface EpochRunner {
  /** At most so many batches more, of one pack. It ends early where the loss is not a number. */
  advance(pass: EpochProgress, course: TrainingHistory, batches: number): Promise<EpochProgress>;
  /** Whether every example was learned from. */
  isOver(pass: EpochProgress): boolean;
  /** The mean loss. */
  lossOf(pass: EpochProgress): number;
  /** Share of the examples, 0 to 1. */
  shareOf(pass: EpochProgress): number;
}

/** @param packs  what is learned from; a pack is loaded when it is its turn, and the next one beside it */
export function createEpochRunner(model: Trainable, packs: DataLoader, options: EpochOptions): EpochRunner {
  const { training, prepare } = options;
  const n = countRows(packs);
  const perPack = packs.rows.map((rows) => Math.ceil(rows / training.batchSize));
  const schedule = scheduleOf(training, perPack);
  const openPack = createOpener(packs, options);
  return {
    async advance(from, course, batches) {
      const { order, index, next } = openPack(course, from);
      const set = await packs.load(index);
      if (next !== null) packs.prefetch?.(next);
      const factor = (course.plateau.factor * course.continuity) / (1 << course.halvings);
      const pass = { ...from };
      const random = order.random;
      for (let i = 0; i < batches && pass.batches < (perPack[index] as number); i++) {
        const start = pass.batches * training.batchSize;
        const rows = order.rows.subarray(start, start + training.batchSize);
        fillBatch(model, set, rows);
        prepare?.(model.batch, rows.length, random);
        pass.rate = rateAt(course.steps + pass.steps, schedule) * factor;
        pass.loss += model.step(rows.length, { rate: pass.rate, random });
        pass.batches += 1;
        pass.steps += 1;
        if (!Number.isFinite(pass.loss)) break;
      }
      if (pass.batches < (perPack[index] as number)) return { ...pass, word: random.word() };
      return { ...pass, packs: pass.packs + 1, batches: 0, word: null };
    },
    isOver: (pass) => pass.packs === perPack.length,
    lossOf: (pass) => pass.loss / n,
    shareOf: ({ steps }) => steps / perPack.reduce((sum, count) => sum + count, 0),
  };
}

interface Order {
  readonly rows: Int32Array;
  /** Where the shuffle has left it, or where the pass was left. */
  readonly random: SeededRandom;
}

/** Which pack is learned from, its rows in the order they are learned in, and the pack after it, null after the last. */
interface Opened {
  readonly index: number;
  readonly order: Order;
  readonly next: number | null;
}

/** The order is kept while the pack is. */
function createOpener(packs: DataLoader, { seed }: EpochOptions) {
  let kept: { readonly name: string; readonly order: Order } | undefined;
  return (course: TrainingHistory, pass: EpochProgress): Opened => {
    const epoch = [seed, 'epoch', course.epochs.length + 1, course.halvings] as const;
    const count = packs.rows.length;
    // One pack is shuffled by the epoch's own generator.
    const turns = count === 1 ? [0] : shuffled(count, createRandom(seedFrom(...epoch)));
    const index = turns[pass.packs] as number;
    const own = count === 1 ? epoch : ([...epoch, 'pack', index] as const);
    const name = own.join(' ');
    if (kept?.name !== name || kept.order.random.word() !== pass.word) {
      const random = createRandom(seedFrom(...own));
      const rows = shuffled(packs.rows[index] as number, random);
      kept = { name, order: { rows, random: pass.word === null ? random : createRandom(pass.word) } };
    }
    return { order: kept.order, index, next: turns[pass.packs + 1] ?? null };
  };
}

function shuffled(n: number, random: SeededRandom): Int32Array {
  return shuffle(
    Int32Array.from({ length: n }, (_, i) => i),
    random,
  );
}

/** @param perPack  steps of each pack, once through */
function scheduleOf(training: TrainingRecipe, perPack: readonly number[]): RateSchedule {
  const perEpoch = perPack.reduce((sum, steps) => sum + steps, 0);
  return {
    learningRate: training.learningRate,
    warmupSteps: Math.round(training.warmup * perEpoch),
    totalSteps: training.epochs * perEpoch,
    kind: training.schedule,
  };
}

export interface EpochResult {
  readonly loss: number;
  readonly rate: number;
  readonly steps: number;
}

/** The course with one epoch more. @param windows  as they stand after it */
export function addEpoch(
  course: TrainingHistory,
  { loss, rate, steps }: EpochResult,
  windows: readonly WindowScore[],
  training: TrainingRecipe,
): TrainingHistory {
  const number = course.epochs.length + 1;
  const mean = meanOf(windows);
  const epoch: Epoch = {
    epoch: number,
    loss,
    rate,
    validationLoss: mean?.loss ?? null,
    validationAccuracy: mean?.accuracy ?? null,
    windows: windows.map((window) => ({ id: window.id, loss: window.loss, accuracy: window.accuracy })),
    worst: worstOf(windows, course.reference),
  };
  const score = scoreOf(windows, course.reference, training.stopOn) ?? loss;
  const better = course.best.score === null || score < course.best.score;
  return {
    ...course,
    epochs: [...course.epochs, epoch],
    steps: course.steps + steps,
    plateau:
      training.schedule === 'plateau'
        ? advancePlateau(course.plateau, score, training.plateau)
        : course.plateau,
    continuity: watchContinuity(course, windows, training),
    best: better ? { epoch: number, score } : course.best,
  };
}

function watchContinuity(
  { continuity, reference }: TrainingHistory,
  windows: readonly WindowScore[],
  training: TrainingRecipe,
): number {
  if (!training.continuity.watch || reference === null) return continuity;
  const past = windows.flatMap(({ past, loss }, i) =>
    past ? [{ loss, champion: reference[i] as number }] : [],
  );
  return followContinuity(
    continuity,
    past.map(({ loss }) => loss),
    past.map(({ champion }) => champion),
    training.continuity,
  );
}
