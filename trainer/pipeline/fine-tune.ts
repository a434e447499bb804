/**
 * Step 4: a candidate head on the frozen base, from the champion's head where the spec says so.
 */
import * as z from 'zod';
import type { DenseLayer } from '../../shared/model/head.ts';
import type { ModelLayers } from '../../shared/model/trunk.ts';
import { fitConstants } from '../../shared/model/input.ts';
import { type TrainingRecipe, trainingSchema } from '../../shared/model/training.ts';
import { createRandom } from '../../shared/random.ts';
import { describeReadError, loadJson, parseJson, putJson } from '../../shared/registry/json.ts';
import { type Constants, constantsSchema, type Manifest } from '../../shared/registry/manifest.ts';
import { loadManifest, loadVersionFile } from '../../shared/registry/versions.ts';
import { answer, openChampion } from './answer.ts';
import { addCopies } from './augmented-features.ts';
import { candidateDigest, encodeModel, saveCandidate } from './candidate-files.ts';
import { attemptKey, readingBase, type RunContext, RunFailure, tell } from './context.ts';
import { type Examples, featuresOf, readExamples, rowsOf } from './features.ts';
import { initialHead, publishedModel } from './head-layers.ts';
import { type Objective, objectiveOf } from './objective.ts';
import type { Snapshot } from './snapshot-file.ts';
import { loadSplit, type Split } from './split.ts';
import { createBatchHook } from '../augment/batch-hook.ts';
import { initialTrunk, trunkSize, wantedTrunk } from './trunk-layers.ts';
import { checkRoom, passThrough } from './unfreeze.ts';
import { startTensorflow } from '../training/tensorflow.ts';
import { checkLabelsPresent } from '../training/check-set.ts';
import { weighExamples } from '../training/class-weights.ts';
import { type Epoch, epochSchema } from '../training/course.ts';
import { teach } from '../training/distillation.ts';
import type { LoopData } from '../training/loop.ts';
import { type HeadTrainingOptions, mostEpochs, trainHead } from '../training/train-head.ts';
import type { WatchedWindow } from '../training/training-set.ts';
import { poolWindows } from '../training/watch.ts';

/** What the training leaves behind beside the candidate's files. */
export const trainingRecordSchema = z.object({
  seed: z.int().min(0),
  /** The version whose head it started from. */
  parent: z.int().min(1).nullable(),
  constants: constantsSchema.nullable(),
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

/**
 * Trains the candidate and writes its files and its record.
 *
 * @param recipe  another than the spec's, for a candidate that is trained again in another way; what the split drew
 *                stays as it is
 */
export async function fineTune(
  ctx: RunContext,
  snapshot: Snapshot,
  recipe: TrainingRecipe = ctx.spec.training,
): Promise<TrainingRecord> {
  const startedMs = ctx.now().getTime();
  const prepared = await prepareTraining(ctx, snapshot, recipe);
  const { parent, constants, examples, data, initial, options, objective } = prepared;
  const trained = await trainHead(data, initial, {
    ...options,
    onEpoch: createReporter(ctx, mostEpochs(options)),
  });
  const files = encodeModel({ trunk: trained.trunk, head: objective.finish(trained.layers) });
  await saveCandidate(ctx, files);
  const { course } = trained;
  const record: TrainingRecord = {
    seed: options.seed,
    parent,
    constants,
    digest: candidateDigest(files),
    examples,
    validation: data.watched.reduce((sum, { set }) => sum + set.labels.length, 0),
    bestEpoch: course.best.epoch,
    epochs: course.epochs,
    reference: course.reference,
    halvings: course.halvings,
    part: trained.part,
    recipe,
    seconds: (ctx.now().getTime() - startedMs) / 1000,
  };
  await putJson(ctx.store, attemptKey(ctx, 'training.json'), record);
  return record;
}

export interface PreparedTraining {
  /** The version whose head it starts from. */
  readonly parent: number | null;
  readonly constants: Constants | null;
  /** Training examples, without their augmented copies. */
  readonly examples: number;
  readonly data: LoopData;
  readonly initial: readonly DenseLayer[];
  readonly options: HeadTrainingOptions;
  /** What makes a head that can be published of the trained one. */
  readonly objective: Objective;
}

/**
 * All that a candidate's training is made of: the same whenever the same run asks, so that a training which was left
 * after some epochs can be opened again with a checkpoint (`openHeadTraining`).
 *
 * @throws RunFailure when it starts afresh and a label has no example
 */
export async function prepareTraining(
  ctx: RunContext,
  snapshot: Snapshot,
  recipe: TrainingRecipe,
): Promise<PreparedTraining> {
  const { spec, kernels } = ctx;
  const split = await loadSplit(ctx);
  const { start, size, train, watched, objective } = await readSets(ctx, snapshot, split, recipe);
  const champion = start.model(size);
  if (champion === null && spec.task === 'classification') checkLabelsPresent(train.labels, spec.labels);
  const weights =
    spec.task === 'classification'
      ? weighExamples(train.labels, spec.labels, recipe.classWeights)
      : undefined;
  const random = createRandom(split.seed);
  const trunk = champion?.trunk ?? ctx.unfrozen?.trunk ?? initialTrunk(spec, random);
  const prepare = createBatchHook(
    { input: spec.input, hasBase: spec.base !== null, augmentation: recipe.augmentation },
    train.features,
    kernels,
  );
  const data = { train: { ...train, ...(weights ? { weights } : {}) }, watched };
  // A champion that has this end of the base already goes on with it; any other head is trained by itself first.
  const first = ctx.unfrozen && !champion?.trunk ? { data: passThrough(ctx, ctx.unfrozen, data) } : null;
  return {
    parent: champion === null ? null : start.parent,
    constants: start.constants,
    examples: split.train.length,
    data,
    initial:
      champion === null ? initialHead(spec, trunkSize(ctx, size), random) : objective.resume(champion.head),
    options: {
      training: recipe,
      task: spec.task,
      seed: split.seed,
      dropout: spec.head.map(({ dropout }) => dropout),
      fromChampion: champion !== null,
      kernels,
      ...(trunk && {
        trunk: { initial: trunk, tf: await startTensorflow(ctx.wasm), unfrozen: ctx.unfrozen !== undefined },
      }),
      ...(first && { first }),
      ...(prepare ? { prepare } : {}),
    },
    objective,
  };
}

/** The sets as a head reads them. What they were encoded from is let go before the training begins. */
async function readSets(ctx: RunContext, snapshot: Snapshot, split: Split, recipe: TrainingRecipe) {
  checkRoom(ctx, split.train.length + split.validation.length);
  const originals = await readExamples(ctx, snapshot, split.train);
  const start = await chooseStart(ctx, originals, recipe);
  const examples = await addCopies(ctx, recipe, snapshot, split, originals);
  const { values: features, size } = featuresOf(ctx, start.constants, examples);
  const objective = objectiveOf(ctx.spec, examples.labels);
  const labels = objective.encode(examples.labels);
  const answers = await askChampion(ctx, recipe, examples, async (reading) =>
    addCopies(reading, recipe, snapshot, split, await readExamples(reading, snapshot, split.train)),
  );
  const teacher =
    answers &&
    teach(ctx.kernels, objective.encodeAnswers(answers), labels, recipe.distillation, ctx.spec.task);
  const watched: WatchedWindow[] = [];
  for (const { id, past, positions } of watchedWindows(snapshot, split.validation)) {
    const seen = await readExamples(ctx, snapshot, positions);
    const { values } = featuresOf(ctx, start.constants, seen);
    watched.push({ id, past, set: { features: values, labels: objective.encode(seen.labels) } });
  }
  const train = { features, labels, ...(teacher ? { teacher } : {}) };
  return { start, size, train, watched, objective };
}

/** Validation examples a window is watched by, at least; smaller neighbours are watched as one. */
const LEAST_WATCHED = 50;

/** @param validation  positions, ascending */
function watchedWindows(snapshot: Snapshot, validation: readonly number[]) {
  let end = 0;
  const windows = snapshot.windows.map(({ id, examples }, i) => {
    const from = end;
    end += examples;
    const to = end;
    const positions = validation.filter((position) => position >= from && position < to);
    return { id, past: i < snapshot.windows.length - 1, positions };
  });
  return poolWindows(windows, LEAST_WATCHED);
}

/**
 * What the champion answers on the training examples, where the recipe wants to hear it and there is one.
 *
 * @param read  the same examples, as another base sees them
 */
async function askChampion(
  ctx: RunContext,
  { distillation }: TrainingRecipe,
  examples: Examples,
  read: (reading: RunContext) => Promise<Examples>,
): Promise<Float32Array | null> {
  if (distillation.kind === 'none') return null;
  const champion = await openChampion(ctx, ctx.runtime);
  if (champion === null) return null;
  try {
    const reading = readingBase(ctx, champion.base);
    return await answer(reading, champion, reading === ctx ? examples : await read(reading));
  } finally {
    champion.program.dispose();
  }
}

/** `epoch 3 of at most 20: loss 0.4310, rate 0.0010, validation 87.1 %, worst w02 2026-11-20 +0.012, 8 s left at most` */
function createReporter(ctx: RunContext, epochs: number): (epoch: Epoch) => Promise<void> {
  const startedMs = ctx.now().getTime();
  return ({ epoch, loss, rate, validationAccuracy, worst }) => {
    const left = ((ctx.now().getTime() - startedMs) / epoch / 1000) * (epochs - epoch);
    const parts = [
      `loss ${loss.toFixed(4)}`,
      `rate ${rate.toPrecision(2)}`,
      ...(validationAccuracy === null ? [] : [`validation ${(validationAccuracy * 100).toFixed(1)} %`]),
      ...(worst === null ? [] : [`worst ${worst.id} ${worst.rise < 0 ? '' : '+'}${worst.rise.toFixed(3)}`]),
      `${Math.ceil(left)} s left at most`,
    ];
    return tell(ctx, 'fine-tune', epoch / epochs, `epoch ${epoch} of at most ${epochs}: ${parts.join(', ')}`);
  };
}

export async function loadTrainingRecord(ctx: RunContext): Promise<TrainingRecord> {
  const loaded = await loadJson(ctx.store, attemptKey(ctx, 'training.json'), trainingRecordSchema);
  if (!loaded.ok) throw new RunFailure(describeReadError(loaded.error));
  return loaded.value.value;
}

interface Start {
  readonly parent: number | null;
  readonly constants: Constants | null;
  /** The champion's layers where they are the spec's and read `size` numbers; null to start afresh. */
  readonly model: (size: number) => ModelLayers | null;
}

/** The champion's head and constants belong together; a fresh head gets constants fitted to its own examples. */
async function chooseStart(ctx: RunContext, train: Examples, recipe: TrainingRecipe): Promise<Start> {
  const champion = recipe.start === 'fresh' ? null : await loadParentHead(ctx);
  if (champion !== null) return champion;
  const constants = ctx.spec.base === null ? fitConstants(ctx.spec.input, rowsOf(train)) : null;
  return { parent: null, constants, model: () => null };
}

async function loadParentHead(ctx: RunContext): Promise<Start | null> {
  const { store, run, spec, unfrozen } = ctx;
  if (run.championAtStart === null) return null;
  const manifest = await loadManifest(store, run.model, run.championAtStart);
  if (!manifest.ok) throw new RunFailure(`the champion: ${manifest.error.detail}`);
  const { base } = manifest.value;
  if (base !== spec.base && base !== unfrozen?.base) return null;
  const read = async (file: 'model.json' | 'weights.bin'): Promise<Uint8Array> => {
    const loaded = await loadVersionFile(store, manifest.value, file);
    if (!loaded.ok) throw new RunFailure(`the champion: ${loaded.error.detail}`);
    return loaded.value;
  };
  const json = parseJson(await read('model.json'), z.unknown());
  if (!json.ok) throw new RunFailure(`the champion's model.json: ${json.error}`);
  const weights = await read('weights.bin');
  // A head on the whole base is one that the end of the base can be trained with.
  const trunk = base === spec.base ? wantedTrunk(ctx) : null;
  return startFrom(manifest.value, (size) =>
    publishedModel(spec, trunk, trunkSize(ctx, size), json.value, weights),
  );
}

function startFrom(manifest: Manifest, model: Start['model']): Start {
  return { parent: manifest.version, constants: manifest.constants, model };
}
