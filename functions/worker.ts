/**
 * The edge Worker's entry: reads the environment once an isolate, and puts everything together.
 */
import { createImageDecoder } from '../shared/model/images/decoder.ts';
import { decoderModule } from '../shared/model/images/decoders-worker.ts';
import { createRuntime } from '../shared/model/run/runtime.ts';
import { wasmModule } from '../shared/model/wasm-edge.ts';
import { createR2Store } from '../shared/registry/store/r2-store.ts';
import type { TrainerService } from '../shared/trainer-service.ts';
import { createAdmission } from './http/admission.ts';
import { createQueueNotifier } from './collect/queue-notifier.ts';
import { createApp, createMisconfiguredApp } from './app.ts';
import { createAuthenticator } from './http/auth.ts';
import { type Config, parseConfig } from './config.ts';
import { createCors } from './http/cors.ts';
import type { App } from './http/middleware.ts';
import { createImageReader } from './serving/image-reader.ts';
import { createConsoleLog } from './log.ts';
import {
  MAX_BODIES_BYTES,
  MAX_HEAP_BYTES,
  MODEL_BUDGET_BYTES,
  roomForDecoder,
} from './serving/cache/memory-budget.ts';
import { createModelCache } from './serving/cache/model-cache.ts';
import { createPredictionLog } from './collect/prediction-log.ts';
import { createProgramCache } from './serving/cache/program-cache.ts';
import { createRateLimit, type RateLimiter } from './http/rate-limit.ts';
import { createStoredKeys } from './stored-keys.ts';
import { createVersionLoader } from './serving/cache/version-loader.ts';

/**
 * The bindings, with what `wrangler types` can't know of them: the methods of the entrypoint behind a service, that a
 * deployment may be without a trainer, and what wrangler.toml has for those who want it.
 */
interface Bindings extends Omit<EdgeEnv, 'TRAINER' | 'ASSETS'> {
  readonly TRAINER?: Service<Rpc.WorkerEntrypointBranded & TrainerService>;
  /** Bound to the trainer, too. */
  readonly ASSETS?: Fetcher;
  readonly RATE_LIMITER?: RateLimiter;
}

const log = createConsoleLog();
const now = (): number => Date.now();
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Made by the isolate's first request: start-up stays free of work. */
let app: App | undefined;

export default {
  fetch(request, env, context) {
    app ??= assemble(env);
    return app.fetch(request, context);
  },
  async queue(batch, env) {
    const { consumeMessages } = await import('./collect/queue.ts');
    await consumeMessages(batch.messages, { store: createR2Store(env.BUCKET), log, now });
  },
} satisfies ExportedHandler<Bindings>;

function assemble(env: Bindings): App {
  const config = parseConfig(env);
  if (config.ok) return assembleApp(env, config.value);
  for (const { variable, problem } of config.error) log.error('misconfigured', { variable, problem });
  return createMisconfiguredApp(config.error, log);
}

function assembleApp(env: Bindings, config: Config): App {
  const store = createR2Store(env.BUCKET);
  const programs = createProgramCache(MODEL_BUDGET_BYTES);
  const runtime = createRuntime(wasmModule, {
    maxHeapBytes: MAX_HEAP_BYTES,
    makeRoom: () => programs.dropOldest(),
  });
  const loader = createVersionLoader({ store, runtime, programs });
  const decoder = createImageDecoder(decoderModule, () => roomForDecoder(runtime.memory().heapBytes));
  const notifyQueue = createQueueNotifier(env.EVENTS, log);
  return createApp({
    store,
    models: createModelCache({ store, loader, log, now, ttlMs: config.aliasTtlMs }),
    images: createImageReader(decoder, () => sleep(0)),
    predictions: createPredictionLog({ store, notifyQueue, log, now, sleep }),
    notifyQueue,
    authenticator: createAuthenticator(
      config.keys,
      config.localKeys,
      createStoredKeys(store, log, now),
      config.publicScopes,
    ),
    admission: createAdmission(
      {
        maxInFlight: config.maxInFlight,
        maxWaiting: config.maxWaiting,
        maxBytes: MAX_BODIES_BYTES,
        leaseMs: config.timeoutMs,
      },
      now,
    ),
    rateLimit: env.RATE_LIMITER === undefined ? null : createRateLimit(env.RATE_LIMITER, log),
    cors: createCors(config.corsOrigins),
    trainer: env.TRAINER ?? null,
    assets: env.ASSETS ?? null,
    log,
    now,
    random: Math.random,
    limits: {
      maxBodyBytes: config.maxBodyBytes,
      maxInstances: config.maxInstances,
      timeoutMs: config.timeoutMs,
    },
  });
}
