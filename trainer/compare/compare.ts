/**
 * Two versions' recipes compared over repeated random splits of one snapshot: is the recipe better, or was it the draw?
 * In this process, with nothing recorded; comparison-run.ts does the same as durable steps.
 */
import { availableParallelism } from 'node:os';
import { seedFrom } from '../../shared/digest.ts';
import { targetOf } from '../../shared/model/task.ts';
import { createRuntime } from '../../shared/model/runtime.ts';
import { loadKernelModule } from '../../shared/model/kernels/kernels-node.ts';
import { loadWasmModule } from '../../shared/model/wasm-node.ts';
import type { ObjectStore } from '../../shared/registry/store.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { RunContext, Surroundings } from '../pipeline/context.ts';
import { storeFeatures } from '../pipeline/store-features.ts';
import { loadSnapshot, shardsOf, type Snapshot } from '../pipeline/snapshot-file.ts';
import { type Comparison, type SplitScore, summarizeSplits } from './comparison.ts';
import { openVersions } from './context.ts';
import { readTask } from './examples.ts';
import { workInThreads } from './pool.ts';
import { sideBySide, type SplitTask } from './split-bench.ts';

export interface CompareOptions {
  readonly store: ObjectStore;
  readonly model: string;
  readonly versions: readonly [number, number];
  readonly splits: number;
  readonly seed: number;
  /** default: the later version's */
  readonly snapshot?: string;
  /** default: one a core */
  readonly threads?: number;
  readonly onProgress?: Tell;
}

type Tell = (fraction: number, message: string) => void;

/** Errors are for whoever asked: an unknown version, a recipe or snapshot that is gone, too few examples. */
export async function compareRecipes(options: CompareOptions): Promise<Result<Comparison, string>> {
  const { store, model, versions, splits, seed, onProgress = () => {} } = options;
  const startMs = Date.now();
  const opened = await openVersions(await surroundingsOf(store), model, versions);
  if (!opened.ok) return opened;
  const { ctx, recipes } = opened.value;
  try {
    const snapshot = await loadSnapshot(store, model, options.snapshot ?? opened.value.snapshot);
    await computeFeatures(ctx, snapshot, onProgress);
    onProgress(0, 'examples');
    const task = await readTask(ctx, snapshot, recipes, { seed, most: ctx.spec.training.maxExamples });
    const threads = options.threads ?? availableParallelism();
    const scores = await trainSplits(task, { splits, seed, threads }, onProgress);
    const summary = summarizeSplits(recipes, scores, ctx.spec.gate.alpha, targetOf(ctx.spec));
    const seconds = (Date.now() - startMs) / 1_000;
    return ok({ format: 'holdfast-comparison/1', model, snapshot: snapshot.id, seed, ...summary, seconds });
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}

async function surroundingsOf(store: ObjectStore): Promise<Surroundings> {
  const wasm = await loadWasmModule();
  return {
    store,
    wasm,
    kernels: await loadKernelModule(),
    runtime: createRuntime(wasm),
    now: () => new Date(),
    stopwatch: () => Promise.reject(new Error('nothing is timed here')),
    onProgress: () => {},
  };
}

async function computeFeatures(ctx: RunContext, snapshot: Snapshot, onProgress: Tell): Promise<void> {
  const shards = shardsOf(snapshot);
  for (const [i, shard] of shards.entries()) {
    await storeFeatures(ctx, shard, async (within) => onProgress((i + within) / shards.length, 'features'));
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
  const bench = workInThreads(threads).open(task);
  try {
    await sideBySide(splits, threads, async (split) => {
      scores[split] = await bench.train(seedFrom(seed, 'split', split));
      done += 1;
      onProgress(done / splits, `${done} of ${splits} splits`);
    });
    return scores;
  } finally {
    await bench.close();
  }
}
