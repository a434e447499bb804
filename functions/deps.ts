/**
 * What the routes are given. Nothing behind them reads the environment, the clock or a generator by itself.
 */
import type { ObjectStore } from '../shared/registry/store/store.ts';
import type { TrainerService } from '../shared/trainer-service.ts';
import type { NotifyQueue } from './collect/queue-notifier.ts';
import type { Assets } from './contract/routes.ts';
import type { MiddlewareDeps } from './http/middleware.ts';
import type { ImageReader } from './serving/image-reader.ts';
import type { Log } from './log.ts';
import type { ModelCache } from './serving/cache/model-cache.ts';
import type { PredictionLog } from './collect/prediction-log.ts';

export interface AppDeps extends MiddlewareDeps {
  readonly store: ObjectStore;
  readonly models: ModelCache;
  readonly images: ImageReader;
  readonly predictions: PredictionLog;
  readonly notifyQueue: NotifyQueue;
  /** null: this deployment has no trainer bound. */
  readonly trainer: TrainerService | null;
  /** The contract and its page, which lie beside the trainer; null where it is not bound. */
  readonly assets: Assets | null;
  readonly log: Log;
  /** Uniform in [0, 1): samples which predictions are logged. */
  readonly random: () => number;
  readonly limits: MiddlewareDeps['limits'] & { readonly maxInstances: number };
}
