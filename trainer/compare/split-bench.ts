/**
 * Where recipes are trained on splits: here, one after the other, or wherever a host has room for several at once
 * (pool.ts). The same split gives the same scores on every bench.
 */
import type { Runtime } from '../../shared/model/runtime.ts';
import type { SplitScore } from './comparison.ts';
import type { RecipeSettings } from './recipe.ts';
import { type Subject, trainRecipe } from './train-recipe.ts';

/** The classic 80/20. */
export const TEST_SHARE = 0.2;

/** What is trained, and on what. */
export interface SplitTask {
  readonly subject: Subject;
  /** of all examples, for each recipe: what the base sees in augmented copies, [copies, n, size]; empty without any */
  readonly copies: readonly [Float32Array, Float32Array];
  readonly recipes: readonly [RecipeSettings, RecipeSettings];
}

export interface SplitBench {
  /**
   * Trains both recipes on the split that a seed draws.
   *
   * @throws RunFailure when one can't be trained
   */
  train(seed: number): Promise<SplitScore>;
  close(): Promise<void>;
}

/** Where benches are opened, and how many splits may be under way at once on each. */
export interface Workshop {
  readonly width: number;
  open(task: SplitTask): SplitBench;
}

export interface Machine {
  readonly kernels: WebAssembly.Module;
  readonly runtime: Runtime;
}

/** This thread: one split after the other. */
export function workHere(machine: Machine): Workshop {
  return {
    width: 1,
    open: (task) => ({
      train: (seed) => trainSplit(task, seed, machine),
      close: () => Promise.resolve(),
    }),
  };
}

export async function trainSplit(
  { subject, copies, recipes: [first, second] }: SplitTask,
  seed: number,
  machine: Machine,
): Promise<SplitScore> {
  const options = { seed, testShare: TEST_SHARE };
  return [
    await trainRecipe({ ...subject, copies: copies[0] }, first, options, machine),
    await trainRecipe({ ...subject, copies: copies[1] }, second, options, machine),
  ];
}

/** A score as a step's result. */
export type SplitStep = {
  readonly firstTrain: number;
  readonly firstTest: number;
  readonly secondTrain: number;
  readonly secondTest: number;
  readonly trained: number;
  readonly tested: number;
};

export function toStep([first, second]: SplitScore): SplitStep {
  return {
    firstTrain: first.train,
    firstTest: first.test,
    secondTrain: second.train,
    secondTest: second.test,
    trained: first.trained,
    tested: first.tested,
  };
}

export function fromStep(step: SplitStep): SplitScore {
  const { trained, tested } = step;
  return [
    { train: step.firstTrain, test: step.firstTest, trained, tested },
    { train: step.secondTrain, test: step.secondTest, trained, tested },
  ];
}

/** Does a piece of work `count` times, at most `width` at once; the first that fails ends it. */
export async function sideBySide(
  count: number,
  width: number,
  work: (i: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const follow = async (): Promise<void> => {
    while (next < count) {
      const i = next;
      next += 1;
      await work(i);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, follow));
}
