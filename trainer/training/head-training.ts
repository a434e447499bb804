/**
 * A head that is trained, by itself or with the end of its base before it.
 */
import type { DenseLayer } from '../model/head.ts';
import type { Trunk } from '../model/trunk.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { TrainingBudget } from './training-budget.ts';
import type { TrainingHistory } from './training-history.ts';
export interface TrainedHead {
  /** The best epoch's, or what interpolation made of them. */
  readonly layers: readonly DenseLayer[];
  /** The same of what was trained with the head. */
  readonly trunk: Trunk | null;
  readonly course: TrainingHistory;
  /** The candidate's part in the layers; below 1 the champion has the rest. */
  readonly part: number;
}

export interface HeadTraining {
  /** @returns whether the training is over */
  run(budget: TrainingBudget): Promise<boolean>;
  readonly course: () => TrainingHistory;
  /** All that the rest of the training depends on, beside what it was opened with. */
  checkpoint(): Checkpoint;
  /** Once it is over. */
  finish(): TrainedHead;
  /** Gives the memory back. Nothing else may be called afterwards. */
  release(): void;
}
