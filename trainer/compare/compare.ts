/**
 * Two versions' recipes compared over repeated random splits of one snapshot: is the recipe better, or was it the draw?
 * In this process, with nothing recorded; comparison-run.ts does the same as durable steps.
 */
import { seedFrom } from '../../shared/digest.ts';
import { targetOf } from '../../shared/model/spec/task.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { createNodeHost, defaultThreads } from '../node/node-host.ts';
import { runDirectly } from '../pipeline/features/portions.ts';
import { extractFeatures } from '../pipeline/features/store-features.ts';
import { loadSnapshot } from '../pipeline/data/snapshot-file.ts';
import { type RecipeComparison, summarizeSplits } from '../recipes/recipe-comparison.ts';
import { openVersions } from './compared-versions.ts';
import { readTask } from '../recipes/examples.ts';
import { threadedSplitBackend } from '../node/split-threads.ts';
import { sideBySide } from '../side-by-side.ts';
import { trainWhole } from '../recipes/split-trainer.ts';
import type { SplitScore, SplitTask } from '../run/split-backend.ts';

export interface CompareOptions {
  readonly store: ObjectStore;
  readonly model: string;
  readonly versions: readonly [number, number];
  readonly splits: number;
  readonly seed: number;
  /** default: the later version's */
  readonly snapshot?: string;
  /** default: one a core, at most eight */
  readonly threads?: number;
  readonly onProgress?: Tell;
}

type Tell = (fraction: number, message: string) => void;

/** Errors are for whoever asked: an unknown version, a recipe or snapshot that is gone, too few examples. */
export async function compareRecipes(options: CompareOptions): Promise<Result<RecipeComparison, string>> {
  const { store, model, versions, splits, seed, threads = defaultThreads(), onProgress = () => {} } = options;
  const startMs = Date.now();
  const host = await createNodeHost({
    store,
    threads,
    onProgress: ({ fraction, message }) => onProgress(fraction, `features: ${message}`),
  });
  const opened = await openVersions(host, model, versions);
  if (!opened.ok) return opened;
  const { ctx, recipes } = opened.value;
  try {
    const snapshot = await loadSnapshot(store, model, options.snapshot ?? opened.value.snapshot);
    await extractFeatures(ctx, snapshot, [ctx.base], runDirectly);
    onProgress(0, 'examples');
    const task = await readTask(ctx, snapshot, recipes, { seed, most: ctx.spec.training.maxExamples });
    const scores = await trainSplits(task, { splits, seed, threads }, onProgress);
    const summary = summarizeSplits(recipes, scores, ctx.spec.gate.alpha, targetOf(ctx.spec));
    const seconds = (Date.now() - startMs) / 1_000;
    return ok({ format: 'holdfast-comparison/1', model, snapshot: snapshot.id, seed, ...summary, seconds });
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}

/** Scores in the order of the splits, each of which has a seed of its own. */
async function trainSplits(
  task: SplitTask,
  { splits, seed, threads }: { readonly splits: number; readonly seed: number; readonly threads: number },
  onProgress: Tell,
): Promise<SplitScore[]> {
  const scores: SplitScore[] = [];
  let done = 0;
  const splitTrainer = threadedSplitBackend(threads).open(task);
  try {
    await sideBySide(splits, threads, async (split) => {
      scores[split] = await trainWhole(splitTrainer, seedFrom(seed, 'split', split));
      done += 1;
      onProgress(done / splits, `${done} of ${splits} splits`);
    });
    return scores;
  } finally {
    await splitTrainer.close();
  }
}
