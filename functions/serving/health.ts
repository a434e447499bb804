/**
 * Whether this deployment can serve what was promoted: `/healthz` and `/v2/health/ready`, for whoever has no key.
 *
 * What the isolate holds is asked for its state alone; what it does not hold is loaded as a prediction would load it,
 * some models at most and not more often than every few seconds, however often somebody asks. How many fail is said, and
 * not which: names are for operators.
 */
import { listModels } from '../../shared/model/spec/find-spec.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import type { ModelCache } from './cache/model-cache.ts';
import { createSingleFlight, type KeepAlive } from '../http/single-flight.ts';

/** How many models have a champion that can't be served here. */
export type Health = (keepAlive: KeepAlive) => Promise<number>;

export interface HealthDeps {
  readonly store: ObjectStore;
  readonly models: ModelCache;
  /** milliseconds since the epoch */
  readonly now: () => number;
}

const CHECK_EVERY_MS = 5_000;
/** Who probes has little patience: a look that takes longer is answered with the one before, and ends by itself. */
const MOST_WAIT_MS = 1_000;
/** Models that are looked at: those that this isolate knows, and others until there are so many. */
const MOST_MODELS = 20;

/** Health of one isolate. A second question within the interval is answered with what the first one found. */
export function createHealth({ store, models, now }: HealthDeps): Health {
  const checks = createSingleFlight<number>();
  let last = { atMs: Number.NEGATIVE_INFINITY, failing: 0 };

  const check = async (keepAlive: KeepAlive): Promise<number> => {
    const atMs = now();
    const known = models.known();
    // In an outage of storage what is here goes on serving; where nothing is here, nothing can be served.
    const stored = await listModels(store).catch(() => null);
    const names = new Set([...known, ...(stored ?? [])].slice(0, Math.max(known.length, MOST_MODELS)));
    const found = await Promise.all([...names].map((name) => models.fails(name, keepAlive)));
    const failing = found.filter(Boolean).length;
    last = { atMs, failing: stored === null && known.length === 0 ? 1 : failing };
    return last.failing;
  };

  return async (keepAlive) => {
    if (now() - last.atMs < CHECK_EVERY_MS) return last.failing;
    const failing = checks.run('health', keepAlive, () => check(keepAlive));
    return Promise.race([failing, pause(MOST_WAIT_MS).then(() => last.failing)]);
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
