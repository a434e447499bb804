/**
 * What the routes are given. Nothing behind them reads the environment, the clock or a generator by itself.
 */
import type { ObjectStore } from '../shared/registry/store.ts';
import type { Announce } from './announce.ts';
import type { Authenticator } from './auth.ts';
import type { Log } from './log.ts';
import type { ModelCache } from './model-cache.ts';
import type { PredictionLog } from './prediction-log.ts';
import type { TrainerService } from './trainer-service.ts';

export interface AppDeps {
  readonly store: ObjectStore;
  readonly models: ModelCache;
  readonly predictions: PredictionLog;
  readonly announce: Announce;
  readonly authenticator: Authenticator;
  /** null: this deployment has no trainer bound. */
  readonly trainer: TrainerService | null;
  readonly log: Log;
  /** milliseconds since the epoch */
  readonly now: () => number;
  /** Uniform in [0, 1): samples which predictions are logged. */
  readonly random: () => number;
  readonly limits: { readonly maxBodyBytes: number; readonly maxInstances: number };
}
