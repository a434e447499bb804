/**
 * What the edge may ask of the trainer: the one contract of both. The trainer's entrypoint implements it
 * (trainer/worker/worker.ts), the edge's service binding is typed by it (functions/worker.ts). Everything else about
 * runs, comparisons and reproductions is in the bucket.
 */
import type { Result } from './result.ts';

/** Why the trainer does not do what it was asked for; `kind` is one word, `detail` one sentence for a person. */
export interface TrainerError {
  readonly kind: string;
  readonly detail: string;
}

/** Who or what starts a run. */
export interface RunRequest {
  readonly trigger: 'api' | 'cron';
  /** Whom the record names. */
  readonly by: string;
  /** Although nothing is new since the last run. */
  readonly again?: boolean;
}

/** Two versions whose recipes are to be compared over random splits. */
export interface ComparisonRequest {
  readonly a: number;
  readonly b: number;
  readonly splits: number;
  /** Draws the splits. */
  readonly seed: number;
  readonly by: string;
}

/** A version to be trained again. */
export interface ReproductionRequest {
  readonly version: number;
  /** Compute features anew, instead of using those that are kept. */
  readonly recompute: boolean;
  readonly by: string;
  /** A reproduction that was left, to go on with; null to begin one. */
  readonly resume: string | null;
}

/**
 * Each method resolves when what was asked for is recorded and on its way, with the id of its record; a refusal is a
 * value, an outage of the trainer an exception.
 */
export interface TrainerService {
  startRun(model: string, request: RunRequest): Promise<Result<{ readonly run: string }, TrainerError>>;
  /** Wakes a run that stopped half-way, tries a failed one again; one that has ended stays as it is. */
  resumeRun(model: string, run: string): Promise<Result<{ readonly status: string }, TrainerError>>;
  /** Looks at the champion now, and not only at the next hour. */
  lookAtChampion(model: string): Promise<Result<{ readonly look: string }, TrainerError>>;
  startComparison(
    model: string,
    request: ComparisonRequest,
  ): Promise<Result<{ readonly comparison: string }, TrainerError>>;
  reproduceVersion(
    model: string,
    request: ReproductionRequest,
  ): Promise<Result<{ readonly reproduction: string }, TrainerError>>;
}
