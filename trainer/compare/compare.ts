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
import type { RunContext } from '../pipeline/context.ts';
import { loadSnapshot } from '../pipeline/snapshot-file.ts';
import { type Comparison, summarizeSplits } from './comparison.ts';
import { readCompared } from './examples.ts';
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
    const { subject, copies } = await readSubject(ctx, snapshot, recipes, seed, onProgress);
    if (subject.labels.length < LEAST_EXAMPLES) {
      const got = subject.labels.length;
      return err(
        `snapshot ${snapshot}: expected at least ${LEAST_EXAMPLES} examples that are not held out, got ${got}`,
      );
    }
    const seeds = Array.from({ length: splits }, (_, split) => seedFrom(seed, 'split', split));
    const threads = options.threads ?? availableParallelism();
    const scores = await trainSplits(
      { subject, copies, recipes, testShare: TEST_SHARE },
      seeds,
      threads,
      (done) => onProgress(done / splits, `${done} of ${splits} splits`),
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

interface Compared {
  readonly subject: Subject;
  readonly copies: Bench['copies'];
}

async function readSubject(
  ctx: RunContext,
  snapshotId: string,
  [first, second]: readonly [Recipe, Recipe],
  seed: number,
  onProgress: (fraction: number, message: string) => void,
): Promise<Compared> {
  const snapshot = await loadSnapshot(ctx.store, ctx.run.model, snapshotId);
  const { positions, examples, identities } = await readCompared(ctx, snapshot, seed, (fraction) =>
    onProgress(fraction, 'features'),
  );
  const copiesFor = async ({ version, training }: Recipe): Promise<Float32Array> => {
    onProgress(0, `copies for version ${version}`);
    const all = await addCopies(ctx, training, snapshot, { train: [...positions] }, examples);
    return all.values.subarray(examples.values.length);
  };
  const copies = [await copiesFor(first), await copiesFor(second)] as const;
  const { values, size, labels } = examples;
  const { spec } = ctx;
  const task: TaskSpec =
    spec.task === 'classification'
      ? { task: spec.task, labels: spec.labels }
      : { task: spec.task, target: spec.target };
  const { input, base } = spec;
  const subject = { input, task, values, size, hasBase: base !== null, labels, identities };
  return { subject, copies };
}
