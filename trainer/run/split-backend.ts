/**
 * Where recipes are trained on splits: what a host lends a run for it. How it is done: `recipes/split-trainer.ts` in
 * this thread, `node/split-threads.ts` in several.
 */
import type { NetworkLayer } from '../../shared/model/spec/network.ts';
import type { InputSpec, Spec } from '../../shared/model/spec/spec.ts';
import type { TaskSpec } from '../../shared/model/spec/task.ts';
import type { Unfrozen } from '../model/trunk.ts';
import type { TrainingBudget } from '../training/training-budget.ts';

export interface Recipe {
  readonly version: number;
  /** the snapshot that the version was trained on */
  readonly snapshot: string;
  readonly head: Spec['head'];
  readonly network?: NetworkLayer[];
  readonly training: Spec['training'];
}

/** What of a spec decides how a model is trained. */
export type RecipeSettings = Pick<Recipe, 'head' | 'network' | 'training'>;

/** What keeps examples together, and what keeps them apart. */
export interface Identities {
  /** group ids, or content ids of examples without a group, [n]: one unit is never on both sides */
  readonly units: readonly number[];
  /** content ids, [n]: what is tested on is not trained on, not even as another unit's copy */
  readonly contents: readonly number[];
}

export interface Subject {
  readonly input: InputSpec;
  readonly task: TaskSpec;
  /** features where there is a base, raw inputs where there is none, [n, size] */
  readonly values: Float32Array;
  readonly size: number;
  readonly hasBase: boolean;
  /** class ids, or targets, [n] */
  readonly labels: Float64Array;
  readonly identities: Identities;
  /** The base's features of augmented copies of all examples, [copies, n, size]; empty without any. */
  readonly copies: Float32Array;
  /** Where the end of the base is trained too. */
  readonly unfrozen?: Unfrozen;
}

export interface Score {
  /** accuracy, or mean absolute error, on the examples that were trained on, and on those held back */
  readonly train: number;
  readonly test: number;
  /** how many they were */
  readonly trained: number;
  readonly tested: number;
}

/** Both recipes' scores on one split. */
export type SplitScore = readonly [Score, Score];

/** What is trained, and on what. */
export interface SplitTask {
  /** the same examples, as each recipe's version reads them */
  readonly subjects: readonly [Subject, Subject];
  readonly recipes: readonly [RecipeSettings, RecipeSettings];
}

export interface SplitTrainer {
  /**
   * Trains both recipes on the split that a seed draws.
   *
   * @param budget  how far to go; one of threads goes to the end
   * @returns null where it was left: asked for the same seed again, it goes on
   * @throws RunFailure when one can't be trained
   */
  train(seed: number, budget?: TrainingBudget): Promise<SplitScore | null>;
  close(): Promise<void>;
}

/** Where trainers of splits are opened, and how many splits may be under way at once on each. */
export interface SplitBackend {
  readonly concurrency: number;
  open(task: SplitTask): SplitTrainer;
}
