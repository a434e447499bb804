/**
 * Step 4: a candidate head on the frozen base, from the champion's head where the spec says so.
 */
import * as z from 'zod';
import { fitConstants } from '../../shared/model/input.ts';
import { createRandom } from '../../shared/random.ts';
import { describeReadError, loadJson, parseJson, putJson } from '../../shared/registry/json.ts';
import { keys } from '../../shared/registry/keys.ts';
import { type Constants, constantsSchema, type Manifest } from '../../shared/registry/manifest.ts';
import { loadManifest, loadVersionFile } from '../../shared/registry/versions.ts';
import { addCopies } from './augmented-features.ts';
import { candidateDigest, encodeHead, saveCandidate } from './candidate-files.ts';
import { type RunContext, RunFailure, tell } from './context.ts';
import { type Examples, featuresOf, readExamples, rowsOf } from './features.ts';
import { initialHead, publishedHead } from './head-layers.ts';
import type { Snapshot } from './snapshot-file.ts';
import { loadSplit, type Split } from './split.ts';
import { trainHead } from './train-head.ts';
import type { DenseLayer } from '../../shared/model/head.ts';

/** What the training leaves behind beside the candidate's files. */
const trainingRecordSchema = z.object({
  seed: z.int().min(0),
  /** The version whose head it started from. */
  parent: z.int().min(1).nullable(),
  constants: constantsSchema.nullable(),
  digest: z.string(),
  examples: z.int().min(1),
  validation: z.int().min(0),
  bestEpoch: z.int().min(0),
  epochs: z.array(
    z.object({
      epoch: z.int(),
      loss: z.number(),
      validationLoss: z.number().nullable(),
      validationAccuracy: z.number().nullable(),
    }),
  ),
  seconds: z.number().min(0),
});
export type TrainingRecord = z.infer<typeof trainingRecordSchema>;

export async function fineTune(ctx: RunContext, snapshot: Snapshot): Promise<TrainingRecord> {
  const startedMs = ctx.now().getTime();
  const split = await loadSplit(ctx);
  const { start, size, train, validation } = await readSets(ctx, snapshot, split);
  const random = createRandom(split.seed);
  const parentLayers = start.layers(size);
  const trained = await trainHead(train, validation, parentLayers ?? initialHead(ctx.spec, size, random), {
    training: ctx.spec.training,
    dropout: ctx.spec.head.map(({ dropout }) => dropout),
    random,
    kernels: ctx.kernels,
    onEpoch: ({ epoch, loss, validationAccuracy }) => {
      const share =
        validationAccuracy === null ? '' : `, validation ${(validationAccuracy * 100).toFixed(1)} %`;
      const message = `epoch ${epoch} of at most ${ctx.spec.training.epochs}: loss ${loss.toFixed(4)}${share}`;
      return tell(ctx, 'fine-tune', epoch / ctx.spec.training.epochs, message);
    },
  });
  const files = encodeHead(trained.layers);
  await saveCandidate(ctx, files);
  const record: TrainingRecord = {
    seed: split.seed,
    parent: parentLayers === null ? null : start.parent,
    constants: start.constants,
    digest: candidateDigest(files),
    examples: train.labels.length,
    validation: validation.labels.length,
    bestEpoch: trained.bestEpoch,
    epochs: [...trained.epochs],
    seconds: (ctx.now().getTime() - startedMs) / 1000,
  };
  await putJson(ctx.store, keys.run(ctx.run.model, ctx.run.id, 'training.json'), record);
  return record;
}

/** Both sets as a head reads them. What they were encoded from is let go before the training begins. */
async function readSets(ctx: RunContext, snapshot: Snapshot, split: Split) {
  const train = await readExamples(ctx, snapshot, split.train);
  const validation = await readExamples(ctx, snapshot, split.validation);
  const start = await chooseStart(ctx, train);
  const learned = await addCopies(ctx, snapshot, split, train);
  const { values: features, size } = featuresOf(ctx, start.constants, learned);
  return {
    start,
    size,
    train: { features, labels: learned.labels },
    validation: {
      features: featuresOf(ctx, start.constants, validation).values,
      labels: validation.labels,
    },
  };
}

export async function loadTrainingRecord({ store, run }: RunContext): Promise<TrainingRecord> {
  const loaded = await loadJson(store, keys.run(run.model, run.id, 'training.json'), trainingRecordSchema);
  if (!loaded.ok) throw new RunFailure(describeReadError(loaded.error));
  return loaded.value.value;
}

interface Start {
  readonly parent: number | null;
  readonly constants: Constants | null;
  /** The champion's layers where they fit a head that reads `size` features; null to start afresh. */
  readonly layers: (size: number) => DenseLayer[] | null;
}

/** The champion's head and constants belong together; a fresh head gets constants fitted to its own examples. */
async function chooseStart(ctx: RunContext, train: Examples): Promise<Start> {
  const champion = await loadParentHead(ctx);
  if (champion !== null) return champion;
  const constants = ctx.spec.base === null ? fitConstants(ctx.spec.input, rowsOf(train)) : null;
  return { parent: null, constants, layers: () => null };
}

async function loadParentHead({ store, run, spec }: RunContext): Promise<Start | null> {
  if (run.championAtStart === null || spec.training.start === 'fresh') return null;
  const manifest = await loadManifest(store, run.model, run.championAtStart);
  if (!manifest.ok) throw new RunFailure(`the champion: ${manifest.error.detail}`);
  if (manifest.value.base !== spec.base) return null;
  const read = async (file: 'model.json' | 'weights.bin'): Promise<Uint8Array> => {
    const loaded = await loadVersionFile(store, manifest.value, file);
    if (!loaded.ok) throw new RunFailure(`the champion: ${loaded.error.detail}`);
    return loaded.value;
  };
  const json = parseJson(await read('model.json'), z.unknown());
  if (!json.ok) throw new RunFailure(`the champion's model.json: ${json.error}`);
  const weights = await read('weights.bin');
  return startFrom(manifest.value, (size) => publishedHead(spec, size, json.value, weights));
}

function startFrom(manifest: Manifest, layers: Start['layers']): Start {
  return { parent: manifest.version, constants: manifest.constants, layers };
}
