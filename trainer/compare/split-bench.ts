/**
 * Where recipes are trained on splits: here, one after the other, or wherever a host has room for several at once
 * (pool.ts). The same split gives the same scores on every bench.
 */
import type { Runtime } from '../../shared/model/runtime.ts';
import type { WasmModules } from '../../shared/model/wasm-modules.ts';
import type { SplitScore } from './comparison.ts';
import type { RecipeSettings } from './recipe.ts';
import { type Subject, trainRecipe } from './train-recipe.ts';

/** The classic 80/20. */
export const TEST_SHARE = 0.2;

/** What is trained, and on what. */
export interface SplitTask {
  /** the same examples, as each recipe's version reads them */
  readonly subjects: readonly [Subject, Subject];
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

/** What recipes are trained and scored with. */
export interface Machine {
  readonly kernels: WebAssembly.Module;
  readonly runtime: Runtime;
  readonly wasm: Pick<WasmModules, 'tfjs'>;
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
  { subjects, recipes: [first, second] }: SplitTask,
  seed: number,
  machine: Machine,
): Promise<SplitScore> {
  const options = { seed, testShare: TEST_SHARE };
  return [
    await trainRecipe(subjects[0], first, options, machine),
    await trainRecipe(subjects[1], second, options, machine),
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
