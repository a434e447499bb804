/**
 * Step 4: a candidate head on the frozen base, from the champion's head where the spec says so.
 *
 * It is trained in groups, each a step: the set comes in packs (`stored-dataset.ts`), and between two groups the training
 * is a checkpoint in the bucket (`checkpoint-file.ts`).
 */
import * as z from 'zod';
import type { DenseLayer } from '../../model/head.ts';
import { outputWidth } from '../../../shared/model/spec/task.ts';
import { type TrainingRecipe, trainingSchema } from '../../../shared/model/spec/training.ts';
import { createRandom } from '../../../shared/random.ts';
import { describeReadError, loadJson, putJson } from '../../../shared/registry/store/json.ts';
import { constantsSchema } from '../../../shared/registry/versions/manifest.ts';
import { createBatchHook } from '../../augment/batch-hook.ts';
import { type TrainingHistory, epochSchema } from '../../training/training-history.ts';
import type { LoopOptions } from '../../training/loop.ts';
import { withinSeconds } from '../../training/training-budget.ts';
import { startTensorflow } from '../../training/models/tensorflow.ts';
import { type HeadTrainingOptions, mostEpochs, openHeadTraining } from '../../training/train-head.ts';
import { PLANNED_SHARE, STEP_CPU_SECONDS } from '../../step-seconds.ts';
import { candidateDigest, encodeModel, saveCandidate } from '../../run/candidate-files.ts';
import { dropCheckpoint, loadCheckpoint, saveCheckpoint } from './checkpoint-file.ts';
import {
  attemptKey,
  type Host,
  readClock,
  reportProgress,
  type RunContext,
  type RunFiles,
  stepName,
} from '../../run/context.ts';
import { initialHead } from '../../model/head-layers.ts';
import { type Objective, objectiveBy } from './objective.ts';
import { chooseStart } from './parent.ts';
import { loadSplit } from '../data/split.ts';
import type { DatasetPlan } from './dataset-plan.ts';
import { type StoredDataset, clearScattered, openDataset } from './stored-dataset.ts';
import { initialTrunk, trunkSize } from '../../model/trunk-layers.ts';
import { RunFailure } from '../../run-failure.ts';
import type { TrainedHead } from '../../training/head-training.ts';

/** What the training leaves behind beside the candidate's files. */
export const trainingRecordSchema = z.object({
  seed: z.int().min(0),
  /** The version whose head it started from. */
  parent: z.int().min(1).nullable(),
  constants: z.nullable(constantsSchema),
  digest: z.string(),
  examples: z.int().min(1),
  validation: z.int().min(0),
  bestEpoch: z.int().min(0),
  epochs: z.array(epochSchema),
  /** The champion's validation loss by watched window; null where training did not start from it. */
  reference: z.array(z.number()).nullable(),
  /** How often an epoch was repeated at half the rate. */
  halvings: z.int().min(0),
  /** The candidate's part in the weights; the champion has the rest. */
  part: z.number().min(0).max(1),
  recipe: trainingSchema,
  seconds: z.number().min(0),
});
export type TrainingRecord = z.infer<typeof trainingRecordSchema>;

/** Of the epochs that the recipe allows the last one was the best, by what watched: there may be better ones to come. */
export function isUnfinished({ validation, bestEpoch, recipe }: TrainingRecord): boolean {
  return validation > 0 && bestEpoch === recipe.epochs;
}

/** One group of epochs, or of less: a step of the run. */
export interface Group {
  /** Digests of the checkpoint to go on from, and of the one before it, which nobody needs any more. */
  readonly from: string | null;
  readonly past: string | null;
  /** What all steps of the training have taken before, and those of the groups among them. */
  readonly seconds: number;
  readonly groupSeconds: number;
}

/** `checkpoint`: where the next group goes on. Null where the training is over, and the candidate is there. */
export type GroupResult = { readonly checkpoint: string | null };

/** Trains until the step's time is used up, from the packs that were built and the checkpoint of the group before. */
export async function trainGroup(ctx: RunContext, group: Group): Promise<GroupResult> {
  const startedMs = await readClock(ctx);
  const { from, past } = group;
  if (from === null) await clearScattered(ctx);
  else if (past !== null) await dropCheckpoint(ctx, past, from);
  const set = await openDataset(ctx);
  const opening = await openingOf(ctx, set.plan, ctx.spec.training, set);
  const options = { ...opening.options, ...createReporter(ctx, mostEpochs(opening.options), group) };
  const checkpoint = from === null ? undefined : await loadCheckpoint(ctx, from);
  const training = await openHeadTraining(set.data, opening.initial, options, checkpoint);
  try {
    const openingSeconds = ((await readClock(ctx)) - startedMs) / 1_000;
    const plannedSeconds = PLANNED_SHARE * (ctx.stepCpuSeconds ?? STEP_CPU_SECONDS);
    const budget = await withinSeconds(plannedSeconds - openingSeconds, () => readClock(ctx));
    const over = await training.run(budget);
    logCourse(ctx, training.course(), over);
    if (!over) return { checkpoint: await saveCheckpoint(ctx, training.checkpoint(), from) };
    const seconds = group.seconds + ((await readClock(ctx)) - startedMs) / 1_000;
    await saveTrained(ctx, set.plan, opening, training.finish(), seconds);
    return { checkpoint: null };
  } finally {
    training.release();
  }
}

async function saveTrained(
  ctx: RunFiles,
  plan: DatasetPlan,
  { parent, objective, options }: Opening,
  trained: TrainedHead,
  seconds: number,
): Promise<void> {
  const files = encodeModel({ trunk: trained.trunk, head: objective.finish(trained.layers) });
  await saveCandidate(ctx, files);
  const { course } = trained;
  const record: TrainingRecord = {
    seed: options.seed,
    parent,
    constants: plan.constants,
    digest: candidateDigest(files),
    examples: plan.examples,
    validation: plan.watched.flatMap(({ packs }) => packs).reduce((sum, rows) => sum + rows, 0),
    bestEpoch: course.best.epoch,
    epochs: course.epochs,
    reference: course.reference,
    halvings: course.halvings,
    part: trained.part,
    recipe: options.training,
    seconds,
  };
  await putJson(ctx.store, attemptKey(ctx, 'training.json'), record);
}

/** What a training is opened with, beside its examples. */
export interface Opening {
  /** The version whose head it starts from. */
  readonly parent: number | null;
  readonly initial: readonly DenseLayer[];
  readonly options: HeadTrainingOptions;
  /** What makes a head that can be published of the trained one. */
  readonly objective: Objective;
}

/** The same whenever the same run asks. */
export async function openingOf(
  ctx: RunContext,
  plan: DatasetPlan,
  recipe: TrainingRecipe,
  { deviations, shown }: Pick<StoredDataset, 'deviations' | 'shown'>,
): Promise<Opening> {
  const { spec, kernels, unfrozen } = ctx;
  const { seed, absent } = await loadSplit(ctx);
  const champion = plan.fresh ? null : ((await chooseStart(ctx, recipe))?.model(plan.size) ?? null);
  const objective = objectiveBy(plan.target, absent);
  const random = createRandom(seed);
  const trunk = champion?.trunk ?? unfrozen?.trunk ?? initialTrunk(spec, random);
  const initial =
    champion === null
      ? initialHead(spec, trunkSize(ctx, plan.size), random)
      : objective.resume(champion.head, outputWidth(spec));
  const { augmentation } = recipe;
  const how = { input: spec.input, hasBase: ctx.base !== null, augmentation };
  const prepare = createBatchHook(how, deviations, kernels);
  return {
    parent: champion === null ? null : plan.start,
    initial,
    objective,
    options: {
      training: recipe,
      task: spec.task,
      seed,
      dropout: spec.head.map(({ dropout }) => dropout),
      fromChampion: champion !== null,
      kernels,
      ...(trunk && {
        trunk: { initial: trunk, tf: await startTensorflow(ctx.wasm), unfrozen: unfrozen !== undefined },
      }),
      ...(shown && { first: { data: shown } }),
      ...(prepare && { prepare }),
    },
  };
}

/** How often a person is told of an epoch that is under way. */
const TELL_EVERY_MS = 2_000;

/**
 * `epoch 3 of at most 20: loss 0.4310, rate 0.0010, validation 87.1 %, worst w02 2026-11-20 +0.012, 8 s left at most`,
 * and of a long one in between: `epoch 4 of at most 20: 35 % of the examples, 7 s left at most`.
 */
function createReporter(
  ctx: RunContext,
  epochs: number,
  { groupSeconds }: Pick<Group, 'groupSeconds'>,
): Pick<LoopOptions, 'onEpoch' | 'onTurn'> {
  const startedMs = ctx.now().getTime();
  let toldMs = startedMs;
  const report = (done: number, epoch: number, parts: readonly string[]): Promise<void> => {
    toldMs = ctx.now().getTime();
    const spent = groupSeconds + (toldMs - startedMs) / 1_000;
    const left = done === 0 ? [] : [`${Math.ceil((spent / done) * (epochs - done))} s left at most`];
    const message = `epoch ${epoch} of at most ${epochs}: ${[...parts, ...left].join(', ')}`;
    return reportProgress(ctx, 'fine-tune', done / epochs, message);
  };
  return {
    onEpoch: ({ epoch, loss, rate, validationAccuracy, worst }) =>
      report(epoch, epoch, [
        `loss ${loss.toFixed(4)}`,
        `rate ${rate.toPrecision(2)}`,
        ...(validationAccuracy === null ? [] : [`validation ${(validationAccuracy * 100).toFixed(1)} %`]),
        ...(worst === null ? [] : [`worst ${worst.id} ${worst.rise < 0 ? '' : '+'}${worst.rise.toFixed(3)}`]),
      ]),
    onTurn: async ({ epoch, share }) => {
      if (ctx.now().getTime() - toldMs < TELL_EVERY_MS) return;
      await report(epoch - 1 + share, epoch, [`${Math.floor(share * 100)} % of the examples`]);
    },
  };
}

/** One line a group, of the last epoch that is over. */
function logCourse(
  { log, run, attempt }: RunFiles & Pick<Host, 'log'>,
  { epochs, best }: TrainingHistory,
  over: boolean,
): void {
  const last = epochs.at(-1);
  log?.({
    event: 'training',
    model: run.model,
    run: run.id,
    step: stepName({ ...(attempt && { attempt }) }, 'fine-tune'),
    epoch: epochs.length,
    loss: rounded(last?.loss),
    rate: rounded(last?.rate),
    validationLoss: rounded(last?.validationLoss),
    validationAccuracy: rounded(last?.validationAccuracy),
    worst: last?.worst?.id ?? null,
    worstRise: rounded(last?.worst?.rise),
    best: best.epoch,
    over,
  });
}

/** For the eye; the record has every digit. */
function rounded(value: number | null | undefined): number | null {
  return value == null ? null : Number(value.toPrecision(4));
}

/**
 * What the training of the attempt under way came to. Throws a RunFailure where it is not there or does not validate.
 */
export async function loadTrainingRecord(ctx: RunFiles): Promise<TrainingRecord> {
  const loaded = await loadJson(ctx.store, attemptKey(ctx, 'training.json'), trainingRecordSchema);
  if (!loaded.ok) throw new RunFailure(describeReadError(loaded.error));
  return loaded.value.value;
}
