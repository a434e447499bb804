/**
 * The training loop: shuffle, step, watch every window, adjust the rate, keep the best, stop early, mix with what it
 * started from.
 *
 * It goes by turns of a few batches and can be left after any of them: a checkpoint carries all that the rest depends
 * on, and a training that was taken up from one ends in the same bits as one that never stopped. Where it stands is
 * one of five stages (`stageSchema`); a turn brings one of them further (`advance`, from top to bottom).
 */
import * as z from 'zod';
import { bytesToFloats, floatBytes } from '../../shared/bytes.ts';
import type { TrainingRecipe } from '../../shared/model/spec/training.ts';
import { type Checkpoint, readPart } from './checkpoint.ts';
import { type TrainingHistory, trainingHistorySchema, type Epoch } from './training-history.ts';
import {
  addEpoch,
  createEpochRunner,
  EPOCH_START,
  type EpochResult,
  type EpochRunner,
  epochProgressSchema,
} from './epoch.ts';
import { choosePart, mix, PARTS } from './interpolate.ts';
import type { TrainingBudget } from './training-budget.ts';
import { PLATEAU_START } from './rate.ts';
import type { BatchHook, Trainable } from './models/trainable.ts';
import { type DataLoader, loaderOf, type Dataset, type ValidationWindow } from './dataset.ts';
import { NOTHING_SCORED, scoreOf, scoreOn, type ScoreTally, scoreTallySchema } from './validation.ts';
import { RunFailure } from '../run-failure.ts';

export interface LoopData {
  readonly train: Dataset | DataLoader;
  /** Without any, the training loss decides. */
  readonly watched: readonly ValidationWindow[];
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
  /** Told after every turn that did not end an epoch. */
  readonly onTurn?: (at: UnderWay) => Promise<void>;
}

/** An epoch that is under way. */
export interface UnderWay {
  /** Counted from 1. */
  readonly epoch: number;
  /** Share of its examples that were learned from, 0 to 1. */
  readonly share: number;
}

export interface Training {
  /**
   * @returns whether the training is over
   * @throws RunFailure when the loss is not a number however small the rate
   */
  run(budget: TrainingBudget): Promise<boolean>;
  readonly history: () => TrainingHistory;
  checkpoint(): Checkpoint;
  /**
   * Puts what the training ended with into the model: the best epoch's weights, or their mixture with the champion's.
   *
   * @returns the candidate's part in them, 0 to 1
   */
  settle(): number;
}

const passedSchema = z.object({ loss: z.number(), rate: z.number(), steps: z.int() });

const stageSchema = z.discriminatedUnion('at', [
  /** The windows are scored before the first step. */
  z.object({ at: z.literal('start'), tally: scoreTallySchema }),
  z.object({ at: z.literal('pass'), pass: epochProgressSchema }),
  /** The windows are scored after an epoch. */
  z.object({ at: z.literal('watch'), passed: passedSchema, tally: scoreTallySchema }),
  /** The windows are scored by mixtures of the best weights and the champion's. */
  z.object({ at: z.literal('mix'), scores: z.array(z.number()), tally: scoreTallySchema }),
  z.object({ at: z.literal('over'), part: z.number() }),
]);
type Stage = z.infer<typeof stageSchema>;

const loopStateSchema = z.object({ course: trainingHistorySchema, stage: stageSchema });

interface LoopState {
  readonly course: TrainingHistory;
  readonly stage: Stage;
  /** The best epoch's weights. */
  readonly best: Float32Array;
  /** The model's state before the epoch that is under way: where it begins again should its loss not be a number. */
  readonly good: Uint8Array;
}

/** What does not change while it goes. */
interface Task {
  readonly model: Trainable;
  readonly watched: readonly ValidationWindow[];
  readonly options: LoopOptions;
  readonly epochRunner: EpochRunner;
  /** The champion's weights, where the best are to be mixed with them. */
  readonly champion: Float32Array | null;
}

/** @param from  a checkpoint of the same training, to go on from there */
export async function beginTraining(
  model: Trainable,
  { train, watched }: LoopData,
  options: LoopOptions,
  from?: Checkpoint,
): Promise<Training> {
  const mixes = options.fromChampion && options.training.interpolation === 'validation' && watched.length > 0;
  const champion = mixes ? model.readWeights() : null;
  const epochRunner = createEpochRunner(model, loaderOf(train), options);
  const task: Task = { model, watched, options, epochRunner, champion };
  let state = from === undefined ? start(task) : await takeUp(task, from);
  return {
    run: async (budget) => {
      while (state.stage.at !== 'over') {
        const before = state.course.epochs.length;
        state = await advance(task, state, budget.batches());
        const epochOver = state.course.epochs.length > before;
        await report(task, state, epochOver);
        if (!(await budget.continues({ epochOver }))) break;
      }
      return state.stage.at === 'over';
    },
    history: () => state.course,
    checkpoint: () => leave(task, state),
    settle: () => {
      const { stage, best } = state;
      if (stage.at !== 'over') throw new Error(`the training is at its ${stage.at}, not over`);
      model.writeWeights(champion === null ? best : mix(champion, best, stage.part));
      return stage.part;
    },
  };
}

function start({ model, watched, options }: Task): LoopState {
  const course: TrainingHistory = {
    epochs: [],
    steps: 0,
    halvings: 0,
    reference: null,
    plateau: PLATEAU_START,
    continuity: 1,
    best: { epoch: 0, score: null },
  };
  const asks = (options.fromChampion || options.keepsStart === true) && watched.length > 0;
  const begun = { course, best: model.readWeights(), good: model.readState() };
  if (asks) return { ...begun, stage: { at: 'start', tally: NOTHING_SCORED } };
  return { ...begun, course: judgeStart(course, NOTHING_SCORED, options), stage: BEGIN_EPOCH };
}

/** Where no epoch is to come. */
const NO_STATE = new Uint8Array();

const BEGIN_EPOCH: Stage = { at: 'pass', pass: EPOCH_START };

function judgeStart(course: TrainingHistory, { scores }: ScoreTally, options: LoopOptions): TrainingHistory {
  const { fromChampion, keepsStart = false, training } = options;
  return {
    ...course,
    reference: fromChampion ? scores.map(({ loss }) => loss) : null,
    best: { epoch: 0, score: keepsStart ? scoreOf(scores, null, training.stopOn) : null },
  };
}

/** One turn. */
async function advance(task: Task, state: LoopState, batches: number): Promise<LoopState> {
  const { stage, course } = state;
  const { model, watched, epochRunner, options } = task;
  const score = (tally: ScoreTally): Promise<ScoreTally> => scoreOn(model, watched, tally, batches);
  const isDone = ({ scores }: ScoreTally): boolean => scores.length === watched.length;
  switch (stage.at) {
    case 'start': {
      const tally = await score(stage.tally);
      if (!isDone(tally)) return { ...state, stage: { ...stage, tally } };
      return { ...state, course: judgeStart(course, tally, options), stage: BEGIN_EPOCH };
    }
    case 'pass': {
      const pass = await epochRunner.advance(stage.pass, course, batches);
      const loss = epochRunner.lossOf(pass);
      if (!Number.isFinite(loss)) return repeatEpoch(task, state, loss);
      if (!epochRunner.isOver(pass)) return { ...state, stage: { ...stage, pass } };
      const passed = { loss, rate: pass.rate, steps: pass.steps };
      if (watched.length === 0) return endEpoch(task, state, passed, NOTHING_SCORED);
      return { ...state, stage: { at: 'watch', passed, tally: NOTHING_SCORED } };
    }
    case 'watch': {
      const tally = await score(stage.tally);
      const unfit = [...tally.scores, tally].find(({ loss }) => !Number.isFinite(loss));
      if (unfit) return repeatEpoch(task, state, unfit.loss);
      if (!isDone(tally)) return { ...state, stage: { ...stage, tally } };
      return endEpoch(task, state, stage.passed, tally);
    }
    case 'mix': {
      const part = PARTS[stage.scores.length] as number;
      model.writeWeights(mix(task.champion as Float32Array, state.best, part));
      const tally = await score(stage.tally);
      if (!isDone(tally)) return { ...state, stage: { ...stage, tally } };
      const scores = [...stage.scores, rankOf(tally, course, options.training)];
      if (scores.length < PARTS.length)
        return { ...state, stage: { at: 'mix', scores, tally: NOTHING_SCORED } };
      return { ...state, stage: { at: 'over', part: choosePart(scores) } };
    }
    case 'over':
      return state;
  }
}

/** A mixture that gives no number is the last one to choose; JSON knows no infinity. */
function rankOf({ scores }: ScoreTally, { reference }: TrainingHistory, { stopOn }: TrainingRecipe): number {
  const score = scoreOf(scores, reference, stopOn);
  return score !== null && Number.isFinite(score) ? score : Number.MAX_VALUE;
}

function endEpoch(task: Task, state: LoopState, passed: EpochResult, { scores }: ScoreTally): LoopState {
  const { model, options, champion } = task;
  const course = addEpoch(state.course, passed, scores, options.training);
  const isBest = course.best.epoch !== state.course.best.epoch;
  const best = isBest ? model.readWeights(state.best) : state.best;
  if (!isOver(course, options.training)) {
    return { course, best, good: model.readState(state.good), stage: BEGIN_EPOCH };
  }
  const stage: Stage =
    champion === null ? { at: 'over', part: 1 } : { at: 'mix', scores: [], tally: NOTHING_SCORED };
  return { course, best, good: NO_STATE, stage };
}

function isOver({ epochs, best }: TrainingHistory, training: TrainingRecipe): boolean {
  return epochs.length >= training.epochs || epochs.length - best.epoch >= training.patience;
}

/** How often an epoch may be repeated at half the rate, over the whole training. */
const MOST_HALVINGS = 5;

function repeatEpoch({ model }: Task, state: LoopState, loss: number): LoopState {
  const { course, good } = state;
  if (course.halvings === MOST_HALVINGS) {
    throw new RunFailure(
      `the training loss became ${loss} in epoch ${course.epochs.length + 1}, also after the rate was halved ${MOST_HALVINGS} times: lower training.learningRate`,
    );
  }
  model.writeState(good);
  return { ...state, course: { ...course, halvings: course.halvings + 1 }, stage: BEGIN_EPOCH };
}

async function report(
  { options, epochRunner }: Task,
  { course, stage }: LoopState,
  epochOver: boolean,
): Promise<void> {
  if (epochOver) return options.onEpoch?.(course.epochs.at(-1) as Epoch);
  const share = stage.at === 'pass' ? epochRunner.shareOf(stage.pass) : stage.at === 'watch' ? 1 : 0;
  if (stage.at === 'pass' || stage.at === 'watch')
    await options.onTurn?.({ epoch: course.epochs.length + 1, share });
}

/** The epoch's start is a part of its own only where the model has gone on from it. */
function leave({ model }: Task, { course, stage, best, good }: LoopState): Checkpoint {
  const parts: [string, () => Promise<Uint8Array>][] = [['best', async () => floatBytes(best)]];
  const passes = stage.at === 'pass' || stage.at === 'watch';
  if (passes && !isFresh(stage)) parts.push(['start', async () => good]);
  if (passes || stage.at === 'start') parts.push(['state', async () => model.readState()]);
  return { state: { course, stage }, parts: new Map(parts) };
}

function isFresh(stage: Stage): boolean {
  return stage.at === 'start' || (stage.at === 'pass' && stage.pass.steps === 0);
}

async function takeUp({ model }: Task, checkpoint: Checkpoint): Promise<LoopState> {
  const { course, stage } = loopStateSchema.parse(checkpoint.state);
  const best = bytesToFloats(await readPart(checkpoint, 'best'));
  if (stage.at === 'mix' || stage.at === 'over') return { course, stage, best, good: NO_STATE };
  model.writeState(await readPart(checkpoint, 'state'));
  const good = isFresh(stage) ? model.readState() : await readPart(checkpoint, 'start');
  return { course, stage, best, good };
}
