/**
 * What the edge asks of the trainer: a service binding's remote calls. Everything else about runs is in the bucket.
 */
import type { Result } from '../../shared/result.ts';

export interface TrainerError {
  readonly kind: string;
  readonly detail: string;
}

/** Two versions whose recipes are to be compared over random splits. */
export interface ComparisonRequest {
  readonly a: number;
  readonly b: number;
  readonly splits: number;
  readonly seed: number;
  readonly by: string;
}

/** A version to be trained again. */
export interface ReproductionRequest {
  readonly version: number;
  readonly recompute: boolean;
  readonly by: string;
  /** A reproduction that was left, to go on with; null to begin one. */
  readonly resume: string | null;
}

export interface TrainerService {
  startRun(
    model: string,
    options: { readonly trigger: 'api' | 'cron'; readonly by: string; readonly again?: boolean },
  ): Promise<Result<{ readonly run: string }, TrainerError>>;
  startComparison(
    model: string,
    request: ComparisonRequest,
  ): Promise<Result<{ readonly comparison: string }, TrainerError>>;
  reproduceVersion(
    model: string,
    request: ReproductionRequest,
  ): Promise<Result<{ readonly reproduction: string }, TrainerError>>;
  resumeRun(model: string, run: string): Promise<Result<{ readonly status: string }, TrainerError>>;
}
