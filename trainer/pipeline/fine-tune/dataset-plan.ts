/**
 * What a training set is, before any of its features is read: the start, what fits preprocessing and targets, how many
 * packs. `training/plan.json`.
 */
import * as z from 'zod';
import { createConstantsFit, encodedSize } from '../../../shared/model/spec/input.ts';
import type { TrainingRecipe } from '../../../shared/model/spec/training.ts';
import { describeReadError, loadJson, putJson } from '../../../shared/registry/store/json.ts';
import { type Constants, constantsSchema } from '../../../shared/registry/versions/manifest.ts';
import { checkLabelValues } from '../../training/check-dataset.ts';
import { weighClasses } from '../../training/class-weights.ts';
import { poolWindows } from '../../training/validation.ts';
import { attemptKey, type RunData, type RunFiles } from '../../run/context.ts';
import { loadFeatureSize } from '../features/feature-size.ts';
import { readRows } from '../features/features.ts';
import { PACK_NUMBERS } from './pack-numbers.ts';
import { divide, planPacks } from './pack-plan.ts';
import type { RowShape } from './pack-file.ts';
import { chooseStart } from './parent.ts';
import type { Snapshot } from '../data/snapshot-file.ts';
import type { Split } from '../data/split.ts';
import { fitTarget } from './target-scale.ts';
import { loadChosen, planRows, type RowPart } from './dataset-rows.ts';
import { RunFailure } from '../../run-failure.ts';

const packsSchema = z.array(z.int().min(1));

const planSchema = z.object({
  /** The version whose preprocessing it is, and whose head the training starts from where it fits. */
  start: z.int().min(1).nullable(),
  /** Whether that head does not fit, or none is wanted. */
  fresh: z.boolean(),
  constants: z.nullable(constantsSchema),
  /** Of a regression's targets. */
  target: z.object({ mean: z.number(), deviation: z.number().gt(0) }).nullable(),
  classWeights: z.array(z.number()).nullable(),
  /** Whether the champion's answers stand beside the examples. */
  taught: z.boolean(),
  /** Numbers in an example as the model reads it, and those that the frozen end of a base shows a head. */
  size: z.int().min(1),
  shownSize: z.int().min(1).nullable(),
  /** Training examples, without their augmented copies. */
  examples: z.int().min(1),
  /** Rows of each pack. */
  train: packsSchema,
  watched: z.array(z.object({ id: z.string(), past: z.boolean(), packs: packsSchema })),
});
export type DatasetPlan = z.infer<typeof planSchema>;

/** @throws RunFailure where there is nothing to learn from, or too little to tell apart */
export async function makePlan(
  ctx: RunData,
  snapshot: Snapshot,
  split: Split,
  recipe: TrainingRecipe,
): Promise<DatasetPlan> {
  const { spec } = ctx;
  if (split.train.length === 0) throw new RunFailure('expected training examples, got none');
  const size = await sizeOfRow(ctx);
  const start = await chooseStart(ctx, recipe);
  const fresh = start?.model(size) == null;
  const parts = planRows(ctx, recipe, snapshot, split, Infinity);
  const originals = parts.filter(({ copy }) => copy === null);
  const labels = repeat(await readLabels(ctx, originals), parts.length / originals.length);
  checkLabelValues(labels, spec.task);
  const startsWithTrunk = start?.model(size)?.trunk != null;
  return {
    start: start?.version ?? null,
    fresh,
    constants: start === null ? await fitToRows(ctx, originals) : start.constants,
    target: spec.task === 'regression' ? fitTarget(labels) : null,
    classWeights:
      spec.task === 'classification' ? weighClasses(labels, spec.labels, recipe.classWeights) : null,
    taught: recipe.distillation.kind !== 'none' && ctx.run.championAtStart !== null,
    size,
    // A champion that has this end of the base already goes on with it; any other head is trained by itself first.
    shownSize: ctx.unfrozen && !startsWithTrunk ? ctx.unfrozen.size : null,
    examples: split.train.length,
    train: planPacks(labels.length, size, recipe.batchSize),
    watched: watchedWindows(snapshot, split.validation).map(({ id, past, positions }) => ({
      id,
      past,
      packs: divide(positions.length, mostRows(size)),
    })),
  };
}

/** Of what is read at once. */
export function mostRows(size: number): number {
  return Math.max(1, Math.floor(PACK_NUMBERS / size));
}

/** What a row of the packs holds: how many numbers, how many outputs of a teacher, whether a weight. */
export function shapeOf(
  { spec }: Pick<RunData, 'spec'>,
  { size, classWeights, taught }: Pick<DatasetPlan, 'size' | 'classWeights' | 'taught'>,
): RowShape {
  const outputs = spec.task === 'classification' ? spec.labels.length : 1;
  return { task: spec.task, size, outputs, weighted: classWeights !== null, taught };
}

/** Of validation examples, which count once and are nobody's pupils. */
export function watchedShape(ctx: Pick<RunData, 'spec'>, { size }: Pick<DatasetPlan, 'size'>): RowShape {
  return shapeOf(ctx, { size, classWeights: null, taught: false });
}

async function sizeOfRow({ store, spec, base }: RunData): Promise<number> {
  return base === null ? encodedSize(spec.input) : loadFeatureSize(store, base);
}

/** Every copy has its example's label, in the same order. */
function repeat(labels: Float64Array, times: number): Float64Array {
  const all = new Float64Array(times * labels.length);
  for (let i = 0; i < times; i++) all.set(labels, i * labels.length);
  return all;
}

async function readLabels(ctx: RunFiles, parts: readonly RowPart[]): Promise<Float64Array> {
  const labels: number[] = [];
  for (const part of parts) for (const { label } of await loadChosen(ctx, part)) labels.push(label);
  return Float64Array.from(labels);
}

/** Preprocessing of tabular examples that no base reads. They are read twice, so that few are held at once. */
async function fitToRows(ctx: RunData, parts: readonly RowPart[]): Promise<Constants | null> {
  const fit = ctx.base === null ? createConstantsFit(ctx.spec.input) : null;
  if (fit === null) return null;
  for (const pass of ['centre', 'spread'] as const) {
    for (const part of parts) {
      for (const row of await readRows(ctx, await loadChosen(ctx, part))) fit[pass](row);
    }
  }
  return fit.constants();
}

/** Validation examples a window is watched by, at least; smaller neighbours are watched as one. */
const LEAST_WATCHED = 50;

/** @param validation  positions, ascending */
export function watchedWindows(snapshot: Snapshot, validation: readonly number[]) {
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

/** Writes the plan of the attempt under way. */
export async function savePlan(ctx: RunFiles, plan: DatasetPlan): Promise<void> {
  await putJson(ctx.store, attemptKey(ctx, 'training/plan.json'), plan);
}

/** The plan of the attempt under way. Throws a RunFailure where it is not there or does not validate. */
export async function loadPlan(ctx: RunFiles): Promise<DatasetPlan> {
  const loaded = await loadJson(ctx.store, attemptKey(ctx, 'training/plan.json'), planSchema);
  if (!loaded.ok) throw new RunFailure(describeReadError(loaded.error));
  return loaded.value.value;
}
