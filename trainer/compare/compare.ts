/**
 * Two versions' recipes compared over repeated random splits of one snapshot: is the recipe better, or was it the draw?
 */
import { availableParallelism } from 'node:os';
import { seedFrom } from '../../shared/digest.ts';
import { loadSpec } from '../../shared/model/load-spec.ts';
import { targetOf, type TaskSpec } from '../../shared/model/task.ts';
import { createRuntime } from '../../shared/model/runtime.ts';
import { loadKernelModule } from '../../shared/model/kernels/kernels-node.ts';
import { loadWasmModule } from '../../shared/model/wasm-node.ts';
import type { RunRecord } from '../../shared/registry/runs.ts';
import type { ObjectStore } from '../../shared/registry/store.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { addCopies } from '../pipeline/augmented-features.ts';
import { readingBase, type RunContext } from '../pipeline/context.ts';
import { type Examples, readExamples } from '../pipeline/features.ts';
import { loadSnapshot, type Snapshot } from '../pipeline/snapshot-file.ts';
import { applyUnfreeze } from '../pipeline/unfreeze.ts';
import { type Comparison, summarizeSplits } from './comparison.ts';
import { readCompared, storeAll } from './examples.ts';
import { type Bench, trainSplits } from './pool.ts';
import { loadRecipe, type Recipe } from './recipe.ts';
import type { Subject } from './train-recipe.ts';

/** The classic 80/20. */
const TEST_SHARE = 0.2;
const LEAST_EXAMPLES = 20;

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
  readonly onProgress?: (fraction: number, message: string) => void;
}

/** Errors are for whoever asked: an unknown version, a recipe or snapshot that is gone, too few examples. */
export async function compareRecipes(options: CompareOptions): Promise<Result<Comparison, string>> {
  const { store, model, versions, splits, seed, onProgress = () => {} } = options;
  const startMs = Date.now();
  const spec = await loadSpec(store, model);
  if (!spec.ok) return err(spec.error.detail);
  const [first, second] = [
    await loadRecipe(store, model, versions[0]),
    await loadRecipe(store, model, versions[1]),
  ];
  if (!first.ok) return first;
  if (!second.ok) return second;
  const recipes: readonly [Recipe, Recipe] = [first.value, second.value];
  const later = recipes[0].version > recipes[1].version ? recipes[0] : recipes[1];
  const snapshot = options.snapshot ?? later.snapshot;

  try {
    const ctx = await createContext(store, model, spec.value.spec);
    const subjects = await readSubjects(ctx, snapshot, recipes, seed, onProgress);
    const got = subjects[0].labels.length;
    if (got < LEAST_EXAMPLES) {
      return err(
        `snapshot ${snapshot}: expected at least ${LEAST_EXAMPLES} examples that are not held out, got ${got}`,
      );
    }
    const seeds = Array.from({ length: splits }, (_, split) => seedFrom(seed, 'split', split));
    const threads = options.threads ?? availableParallelism();
    const scores = await trainSplits({ subjects, recipes, testShare: TEST_SHARE }, seeds, threads, (done) =>
      onProgress(done / splits, `${done} of ${splits} splits`),
    );
    const summary = summarizeSplits(recipes, scores, spec.value.spec.gate.alpha, targetOf(spec.value.spec));
    const seconds = (Date.now() - startMs) / 1_000;
    return ok({ format: 'holdfast-comparison/1', model, snapshot, seed, ...summary, seconds });
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}

/** What the pipeline's steps read of a run; there is none, and nothing is recorded. */
async function createContext(
  store: ObjectStore,
  model: string,
  spec: RunContext['spec'],
): Promise<RunContext> {
  const wasm = await loadWasmModule();
  return {
    store,
    spec,
    wasm,
    kernels: await loadKernelModule(),
    runtime: createRuntime(wasm),
    run: { model, id: 'comparison' } as RunRecord,
    now: () => new Date(),
    stopwatch: () => Promise.reject(new Error('nothing is timed here')),
    onProgress: () => {},
  };
}

/** The same examples for both recipes, as the version of each reads them. */
async function readSubjects(
  ctx: RunContext,
  snapshotId: string,
  [first, second]: readonly [Recipe, Recipe],
  seed: number,
  onProgress: (fraction: number, message: string) => void,
): Promise<Bench['subjects']> {
  const snapshot = await loadSnapshot(ctx.store, ctx.run.model, snapshotId);
  const contexts = [await contextOf(ctx, first), await contextOf(ctx, second)] as const;
  const { positions, examples, identities } = await readCompared(contexts[0], snapshot, seed, (fraction) =>
    onProgress(fraction, 'features'),
  );
  const { spec } = ctx;
  const task: TaskSpec =
    spec.task === 'classification'
      ? { task: spec.task, labels: spec.labels }
      : { task: spec.task, target: spec.target };
  const toSubject = async (
    { version, training }: Recipe,
    own: RunContext,
    seen: Examples,
  ): Promise<Subject> => {
    onProgress(0, `copies for version ${version}`);
    const all = await addCopies(own, training, snapshot, { train: [...positions] }, seen);
    const { values, size, labels } = seen;
    const copies = all.values.subarray(values.length);
    const { unfrozen } = own;
    const hasBase = spec.base !== null;
    return {
      input: spec.input,
      task,
      values,
      size,
      hasBase,
      labels,
      identities,
      copies,
      ...(unfrozen && { unfrozen }),
    };
  };
  const others =
    contexts[1].spec.base === contexts[0].spec.base
      ? examples
      : await readOthers(contexts[1], snapshot, positions, (fraction) => onProgress(fraction, 'features'));
  return [await toSubject(first, contexts[0], examples), await toSubject(second, contexts[1], others)];
}

/** Reading what a recipe's version reads of the base. */
async function contextOf(ctx: RunContext, { training }: Recipe): Promise<RunContext> {
  const { spec, unfrozen } = await applyUnfreeze({ ...ctx, spec: { ...ctx.spec, training } });
  return { ...readingBase(ctx, spec.base), ...(unfrozen && { unfrozen }) };
}

async function readOthers(
  ctx: RunContext,
  snapshot: Snapshot,
  positions: readonly number[],
  onProgress: (fraction: number) => void,
): Promise<Examples> {
  await storeAll(ctx, snapshot, onProgress);
  return readExamples(ctx, snapshot, positions);
}
