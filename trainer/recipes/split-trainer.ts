/**
 * Where recipes are trained on splits: here, one after the other, or wherever a host has room for several at once
 * (split-threads.ts). The same split gives the same scores on every backend.
 */
import { readClock, type Host } from '../run/context.ts';
import { PLANNED_SHARE, STEP_CPU_SECONDS } from '../step-seconds.ts';
import { type TrainingBudget, UNLIMITED, withinSeconds } from '../training/training-budget.ts';
import { openRecipe, type RecipeTraining, type TrainingEngine } from './train-recipe.ts';
import type { Score, SplitBackend, SplitScore, SplitTask, SplitTrainer } from '../run/split-backend.ts';

/** The classic 80/20. */
export const TEST_SHARE = 0.2;

/**
 * This thread: one split after the other. What was left is kept in memory; where the process has ended in between, the
 * split begins again, and comes to the same.
 */
export function localSplitBackend(engine: TrainingEngine): SplitBackend {
  return {
    concurrency: 1,
    open: (task) => {
      let left: { readonly seed: number; readonly split: SplitTraining } | null = null;
      const close = (): void => {
        left?.split.release();
        left = null;
      };
      return {
        train: async (seed, budget = UNLIMITED) => {
          if (left?.seed !== seed) close();
          left ??= { seed, split: openSplit(task, seed, engine) };
          try {
            const score = await left.split.run(budget);
            if (score !== null) close();
            return score;
          } catch (error) {
            close();
            throw error;
          }
        },
        close: () => Promise.resolve(close()),
      };
    },
  };
}

interface SplitTraining {
  /** @returns both scores; null where it was left */
  run(budget: TrainingBudget): Promise<SplitScore | null>;
  release(): void;
}

/** Both recipes, one after the other. */
function openSplit({ subjects, recipes }: SplitTask, seed: number, engine: TrainingEngine): SplitTraining {
  const options = { seed, testShare: TEST_SHARE };
  const scores: Score[] = [];
  let training: RecipeTraining | null = null;
  const release = (): void => {
    training?.release();
    training = null;
  };
  return {
    run: async (budget) => {
      for (const i of [0, 1] as const) {
        if (i < scores.length) continue;
        training ??= await openRecipe(subjects[i], recipes[i], options, engine);
        if (!(await training.run(budget))) return null;
        scores.push(training.score());
        release();
      }
      return [scores[0] as Score, scores[1] as Score];
    },
    release,
  };
}

/** Both recipes to their end. */
export async function trainSplit(task: SplitTask, seed: number, engine: TrainingEngine): Promise<SplitScore> {
  const split = openSplit(task, seed, engine);
  try {
    // A training in two phases may be left between them, however long it was let go on.
    for (;;) {
      const score = await split.run(UNLIMITED);
      if (score !== null) return score;
    }
  } finally {
    split.release();
  }
}

/** As much of a split as one step may do, and whether that was the rest. */
export async function trainWithin(
  splitTrainer: SplitTrainer,
  seed: number,
  {
    stepCpuSeconds = STEP_CPU_SECONDS,
    now,
    yieldControl,
  }: Pick<Host, 'stepCpuSeconds' | 'now' | 'yieldControl'>,
): Promise<SplitScore | null> {
  const clock = (): Promise<number> => readClock({ now, ...(yieldControl && { yieldControl }) });
  return splitTrainer.train(seed, await withinSeconds(PLANNED_SHARE * stepCpuSeconds, clock));
}

/** All of a split. */
export async function trainWhole(splitTrainer: SplitTrainer, seed: number): Promise<SplitScore> {
  for (;;) {
    const score = await splitTrainer.train(seed);
    if (score !== null) return score;
  }
}

/** A step's result where the next one goes on with the split. */
export const LEFT = { left: true } as const;

/** A score as a step's result. */
export type SplitStep = {
  readonly firstTrain: number;
  readonly firstTest: number;
  readonly secondTrain: number;
  readonly secondTest: number;
  readonly trained: number;
  readonly tested: number;
};

/** Scores of a split as a step's small result: plain fields, no lists. */
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

/** The scores again, from a step's result. */
export function fromStep(step: SplitStep): SplitScore {
  const { trained, tested } = step;
  return [
    { train: step.firstTrain, test: step.firstTest, trained, tested },
    { train: step.secondTrain, test: step.secondTest, trained, tested },
  ];
}
