/**
 * The learning rate range test on what the next run would train on: the same examples, features, augmented copies,
 * starting weights and losses, but nothing of a run is recorded. Features that it computes are kept for the run.
 */
import { randomHex } from '../../shared/digest.ts';
import { loadSpec } from '../../shared/model/spec/load-spec.ts';
import type { Spec } from '../../shared/model/spec/spec.ts';
import { loadChampion } from '../../shared/registry/champion/alias.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../shared/registry/store/memory-store.ts';
import type { Progress } from '../../shared/registry/jobs/jobs.ts';
import type { RunRecord } from '../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { createNodeHost } from '../node/node-host.ts';
import type { TrainingRecipe } from '../../shared/model/spec/training.ts';
import { changesRows } from '../augment/batch-hook.ts';
import { measureFeatures } from '../augment/row-augmenter.ts';
import { extractCopies, planCopies } from '../pipeline/features/augmented-features.ts';
import type { RunContext } from '../run/context.ts';
import { applyUnfreeze, basesRead, runThroughTrunk } from '../pipeline/features/unfreeze.ts';
import { type Opening, openingOf } from '../pipeline/fine-tune/fine-tune.ts';
import { runDirectly } from '../pipeline/features/portions.ts';
import { extractFeatures } from '../pipeline/features/store-features.ts';
import { makeSnapshot } from '../pipeline/data/snapshot.ts';
import type { Snapshot } from '../pipeline/data/snapshot-file.ts';
import { makeSplit } from '../pipeline/data/split.ts';
import { readSample } from '../pipeline/fine-tune/stored-dataset.ts';
import { rangeTest, type RangeTest } from './range-test.ts';
import type { BatchHook } from '../training/models/trainable.ts';
import { createTrainable } from '../training/train-head.ts';
import type { Dataset } from '../training/dataset.ts';
import type { RateSearch } from './rate-search.ts';
import { RunFailure } from '../run-failure.ts';
import { openQuarantines } from '../pipeline/data/quarantines.ts';

export interface RateOptions {
  readonly store: ObjectStore;
  readonly model: string;
  /** default: the labelled examples as they are now */
  readonly snapshot?: string;
  readonly from: number;
  readonly to: number;
  readonly steps: number;
  /** default: the spec's */
  readonly seed?: number;
  /** default: one a core, at most eight */
  readonly threads?: number;
  /** Begin with a new initialisation, whatever the spec says. */
  readonly fresh: boolean;
  readonly onProgress?: (progress: Progress) => void;
}

/** Errors are for whoever asked: an unknown model, no examples, a snapshot that is gone. */
export async function findLearningRate(options: RateOptions): Promise<Result<RateSearch, string>> {
  const startMs = Date.now();
  const loaded = await loadSpec(options.store, options.model);
  if (!loaded.ok) return err(loaded.error.detail);
  const champion = await loadChampion(options.store, options.model);
  if (!champion.ok) return err(champion.error.detail);
  const { spec } = loaded.value;
  const recipe = options.fresh ? { ...spec.training, start: 'fresh' as const } : spec.training;
  try {
    const ctx = await applyUnfreeze(await createContext(options, spec, champion.value?.move.to ?? null));
    const snapshot = await makeSnapshot(ctx);
    if (snapshot.examples === 0)
      return err(`${spec.name} has no labelled examples yet: holdfast import brings some in`);
    await prepareFeatures(ctx, snapshot);
    const prepared = await prepareTraining(ctx, snapshot, recipe, options.steps * recipe.batchSize);
    const seed = options.seed ?? recipe.seed;
    const test = testRates(ctx, prepared, options, seed);
    return ok({
      format: 'holdfast-rate-search/1',
      model: spec.name,
      snapshot: snapshot.id,
      parent: prepared.parent,
      examples: prepared.examples,
      batchSize: recipe.batchSize,
      seed,
      learningRate: recipe.learningRate,
      points: test.points,
      steps: options.steps,
      from: options.from,
      to: options.to,
      suggestion: test.suggestion,
      seconds: (Date.now() - startMs) / 1_000,
    });
  } catch (error) {
    if (error instanceof RunFailure) return err(error.message);
    throw error;
  }
}

/** What the pipeline's steps read of a run. There is none: what they would write beside it is forgotten. */
async function createContext(
  { store, model, snapshot, threads, onProgress }: RateOptions,
  spec: Spec,
  champion: number | null,
): Promise<RunContext> {
  const id = `lr-find-${randomHex(6)}`;
  const now = new Date();
  const run = {
    id,
    model,
    cutoffMs: now.getTime(),
    championAtStart: champion,
    wantedSnapshot: snapshot ?? null,
  };
  return {
    ...(await createNodeHost({
      store: withScratch(store, keys.run(model, id, '')),
      ...(threads === undefined ? {} : { threads }),
      ...(onProgress ? { onProgress } : {}),
    })),
    spec,
    base: spec.base,
    run: run as RunRecord,
  };
}

/** The store, but what lies under `prefix` is in memory. */
function withScratch(store: ObjectStore, prefix: string): ObjectStore {
  const scratch = createMemoryStore();
  const of = (key: string): ObjectStore => (key.startsWith(prefix) ? scratch : store);
  return {
    ...store,
    get: (key) => of(key).get(key),
    getRange: (key, offset, length) => of(key).getRange(key, offset, length),
    put: (key, bytes, condition) => of(key).put(key, bytes, condition),
  };
}

async function prepareFeatures(ctx: RunContext, snapshot: Snapshot): Promise<void> {
  const split = await makeSplit(ctx, snapshot, await openQuarantines(ctx));
  if (ctx.base === null) return;
  await extractFeatures(ctx, snapshot, await basesRead(ctx), runDirectly);
  await extractCopies(ctx, planCopies(ctx.spec, ctx.spec.training, snapshot, split), runDirectly);
}

interface PreparedTraining {
  readonly parent: number | null;
  /** In the training, without their augmented copies. */
  readonly examples: number;
  /** As the first phase of the training reads them. */
  readonly train: Dataset;
  readonly opening: Opening;
}

/** @param most  examples that the test looks at */
async function prepareTraining(
  ctx: RunContext,
  snapshot: Snapshot,
  recipe: TrainingRecipe,
  most: number,
): Promise<PreparedTraining> {
  const { plan, train } = await readSample(ctx, snapshot, recipe, most);
  const { input } = ctx.spec;
  const changed = changesRows({ input, hasBase: ctx.base !== null, augmentation: recipe.augmentation });
  const deviations = changed && measureFeatures(changed, train.features);
  const shown =
    plan.shownSize === null || !ctx.unfrozen
      ? null
      : runThroughTrunk(ctx, ctx.unfrozen, { train, watched: [] });
  const opening = await openingOf(ctx, plan, recipe, { deviations, shown });
  return { parent: opening.parent, examples: plan.examples, train: shown?.train ?? train, opening };
}

/** On a model as the training would open it. */
function testRates(
  ctx: RunContext,
  { train, opening: { initial, options } }: Pick<PreparedTraining, 'train' | 'opening'>,
  { from, to, steps, onProgress }: RateOptions,
  seed: number,
): RangeTest {
  const { training, first, trunk, ...head } = options;
  // `learningRate` is the first phase's.
  const model = createTrainable({ train }, initial, { training, ...head, ...(trunk && !first && { trunk }) });
  let step = 0;
  const prepare: BatchHook = (batch, rows, random) => {
    options.prepare?.(batch, rows, random);
    step += 1;
    const message = `step ${step} of ${steps}`;
    onProgress?.({ step: 'rates', at: ctx.now().toISOString(), fraction: step / steps, message });
  };
  try {
    return rangeTest(model, train, {
      from,
      to,
      steps,
      batchSize: training.batchSize,
      seed,
      prepare,
    });
  } finally {
    model.release();
  }
}
