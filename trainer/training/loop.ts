/**
 * The training loop, top to bottom: shuffle, step, watch every window, adjust the rate, keep the best, stop early.
 *
 * It goes by epochs and can be left after any of them: a checkpoint carries all that the rest depends on, and a
 * training that was resumed from one ends in the same bits as one that never stopped. Every epoch has a generator of
 * its own, seeded by the run's seed and the epoch's number.
 */
import { seedFrom } from '../../shared/digest.ts';
import type { TrainingRecipe } from '../../shared/model/training.ts';
import { createRandom, type Random, shuffle } from '../../shared/random.ts';
import { RunFailure } from '../pipeline/context.ts';
import { type Checkpoint, openCheckpoint, sealCheckpoint } from './checkpoint.ts';
import type { Course, Epoch } from './course.ts';
import { fillBatch } from './fill-batch.ts';
import { advancePlateau, followContinuity, PLATEAU_START, rateAt, type Schedule } from './rate.ts';
import type { BatchHook, Trainable } from './trainable.ts';
import type { TrainingSet, WatchedWindow } from './training-set.ts';
import { meanOf, scoreOf, scoreWindows, worstOf, type WindowScore } from './watch.ts';

export interface LoopData {
  readonly train: TrainingSet;
  /** Without any, the training loss decides. */
  readonly watched: readonly WatchedWindow[];
}

export interface LoopOptions {
  readonly training: TrainingRecipe;
  readonly seed: number;
  /** Whether the model starts as the champion, whose losses are then what the windows are held to. */
  readonly fromChampion: boolean;
  /** Whether the weights it starts with are kept unless an epoch is better. */
  readonly keepsStart?: boolean;
  readonly prepare?: BatchHook;
  readonly onEpoch?: (epoch: Epoch) => Promise<void>;
}

export interface Training {
  /**
   * Trains for at most so many epochs.
   *
   * @returns whether the training is over
   * @throws RunFailure when the loss is not a number however small the rate
   */
  run(epochs: number): Promise<boolean>;
  readonly course: () => Course;
  /** All that the rest depends on. */
  checkpoint(): Uint8Array<ArrayBuffer>;
  /** Puts the best epoch's weights into the model. */
  restoreBest(): void;
}

/** How often an epoch may be repeated at half the rate, over the whole training. */
const MOST_HALVINGS = 5;

/** @param from  a checkpoint of the same training, to go on from there */
export function beginTraining(
  model: Trainable,
  data: LoopData,
  options: LoopOptions,
  from?: Uint8Array,
): Training {
  let { course, best }: Pick<Checkpoint, 'course' | 'best'> =
    from === undefined ? startTraining(model, data, options) : resumeTraining(model, from);
  return {
    run: async (epochs) => {
      for (let i = 0; i < epochs && !isOver(course, options.training); i++) {
        const before = course.best.epoch;
        course = runEpoch(model, data, options, course);
        if (course.best.epoch !== before) best = model.readWeights();
        await options.onEpoch?.(course.epochs.at(-1) as Epoch);
      }
      return isOver(course, options.training);
    },
    course: () => course,
    checkpoint: () => sealCheckpoint({ course, state: model.readState(), best }),
    restoreBest: () => model.writeWeights(best),
  };
}

function startTraining(
  model: Trainable,
  { watched }: LoopData,
  { fromChampion, keepsStart = false, training }: LoopOptions,
) {
  const losses = fromChampion ? scoreWindows(model, watched) : null;
  const start = keepsStart ? scoreOf(scoreWindows(model, watched), null, training.stopOn) : null;
  const course: Course = {
    epochs: [],
    steps: 0,
    halvings: 0,
    reference: losses?.map(({ loss }) => loss) ?? null,
    plateau: PLATEAU_START,
    continuity: 1,
    best: { epoch: 0, score: start },
  };
  return { course, best: model.readWeights() };
}

function resumeTraining(model: Trainable, bytes: Uint8Array): Checkpoint {
  const checkpoint = openCheckpoint(bytes);
  if (checkpoint === null) throw new RunFailure('the checkpoint was truncated or altered');
  model.writeState(checkpoint.state);
  return checkpoint;
}

function isOver({ epochs, best }: Course, training: TrainingRecipe): boolean {
  return epochs.length >= training.epochs || epochs.length - best.epoch >= training.patience;
}

/** One epoch that ended in numbers, however often it had to be repeated. */
function runEpoch(model: Trainable, data: LoopData, options: LoopOptions, before: Course): Course {
  const good = model.readState();
  let halvings = before.halvings;
  for (;;) {
    const result = tryEpoch(model, data, options, { ...before, halvings });
    if (result.finite) return result.course;
    if (halvings === MOST_HALVINGS) {
      throw new RunFailure(
        `the training loss became ${result.loss} in epoch ${before.epochs.length + 1}, also after the rate was halved ${MOST_HALVINGS} times: lower training.learningRate`,
      );
    }
    model.writeState(good);
    halvings++;
  }
}

type Tried =
  { readonly finite: true; readonly course: Course } | { readonly finite: false; readonly loss: number };

function tryEpoch(model: Trainable, data: LoopData, options: LoopOptions, course: Course): Tried {
  const { training } = options;
  const number = course.epochs.length + 1;
  const factor = (course.plateau.factor * course.continuity) / 2 ** course.halvings;
  const random = createRandom(seedFrom(options.seed, 'epoch', number, course.halvings));
  const trained = trainEpoch(model, data.train, options, { course, factor, random });
  if (!Number.isFinite(trained.loss)) return { finite: false, loss: trained.loss };
  const windows = scoreWindows(model, data.watched);
  const unfit = windows.find(({ loss }) => !Number.isFinite(loss));
  if (unfit) return { finite: false, loss: unfit.loss };
  const mean = meanOf(windows);
  const epoch: Epoch = {
    epoch: number,
    loss: trained.loss,
    rate: trained.rate,
    validationLoss: mean?.loss ?? null,
    validationAccuracy: mean?.accuracy ?? null,
    windows: windows.map(({ id, loss, accuracy }) => ({ id, loss, accuracy })),
    worst: worstOf(windows, course.reference),
  };
  const score = scoreOf(windows, course.reference, training.stopOn) ?? trained.loss;
  const better = course.best.score === null || score < course.best.score;
  return {
    finite: true,
    course: {
      ...course,
      epochs: [...course.epochs, epoch],
      steps: course.steps + trained.steps,
      plateau:
        training.schedule === 'plateau'
          ? advancePlateau(course.plateau, score, training.plateau)
          : course.plateau,
      continuity: watchContinuity(course, windows, training),
      best: better ? { epoch: number, score } : course.best,
    },
  };
}

/** One pass over the shuffled examples. It ends early where the loss is not a number. */
function trainEpoch(
  model: Trainable,
  train: TrainingSet,
  { training, prepare }: LoopOptions,
  { course, factor, random }: { readonly course: Course; readonly factor: number; readonly random: Random },
): { readonly loss: number; readonly rate: number; readonly steps: number } {
  const n = train.labels.length;
  const { batchSize } = training;
  const order = shuffle(
    Int32Array.from({ length: n }, (_, i) => i),
    random,
  );
  const schedule = scheduleOf(training, n);
  let total = 0;
  let rate = 0;
  let steps = 0;
  for (let start = 0; start < n; start += batchSize, steps++) {
    const rows = order.subarray(start, start + batchSize);
    fillBatch(model, train, rows);
    prepare?.(model.batch, rows.length, random);
    rate = rateAt(course.steps + steps, schedule) * factor;
    total += model.step(rows.length, { rate, random });
    if (!Number.isFinite(total)) return { loss: total, rate, steps };
  }
  return { loss: total / n, rate, steps };
}

/** @param n  examples an epoch */
export function scheduleOf(training: TrainingRecipe, n: number): Schedule {
  const perEpoch = Math.ceil(n / training.batchSize);
  return {
    learningRate: training.learningRate,
    warmupSteps: Math.round(training.warmup * perEpoch),
    totalSteps: training.epochs * perEpoch,
    kind: training.schedule,
  };
}

function watchContinuity(
  { continuity, reference }: Course,
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
