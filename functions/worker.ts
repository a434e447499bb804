/**
 * The edge Worker's entry: reads the environment once an isolate, and puts everything together.
 */
import { createImageDecoder } from '../shared/model/images/decoder.ts';
import { decoderModule } from '../shared/model/images/decoders-worker.ts';
import { createRuntime } from '../shared/model/runtime.ts';
import { wasmModule } from '../shared/model/wasm-worker.ts';
import { createR2Store } from '../shared/registry/r2-store.ts';
import { createAdmission } from './admission.ts';
import { createAnnounce } from './announce.ts';
import { createApp, createMisconfiguredApp } from './app.ts';
import { createAuthenticator } from './auth.ts';
import { type Config, parseConfig } from './config.ts';
import type { Assets } from './contract/routes.ts';
import { createCors } from './cors.ts';
import type { App } from './door.ts';
import { createImageReader } from './image-reader.ts';
import { createConsoleLog } from './log.ts';
import { MAX_BODIES_BYTES, MAX_HEAP_BYTES, MODEL_BUDGET_BYTES, roomForDecoder } from './memory-budget.ts';
import { createModelCache } from './model-cache.ts';
import { createPredictionLog } from './prediction-log.ts';
import { createProgramCache } from './program-cache.ts';
import { createRateLimit, type RateLimiter, type RateLimit } from './rate-limit.ts';
import type { TrainerService } from './trainer-service.ts';
import { createVersionLoader } from './version-loader.ts';

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
    const { consumeMessages } = await import('./queue.ts');
    await consumeMessages(batch.messages, { store: createR2Store(env.BUCKET), log, now });
  },
} satisfies ExportedHandler<EdgeEnv>;

function assemble(env: EdgeEnv): App {
  const config = parseConfig(env);
  if (config.ok) return assembleApp(env, config.value);
  for (const { variable, problem } of config.error) log.error('misconfigured', { variable, problem });
  return createMisconfiguredApp(config.error, log);
}

function assembleApp(env: EdgeEnv, config: Config): App {
  const store = createR2Store(env.BUCKET);
  const programs = createProgramCache(MODEL_BUDGET_BYTES);
  const runtime = createRuntime(wasmModule, {
    maxHeapBytes: MAX_HEAP_BYTES,
    makeRoom: () => programs.dropOldest(),
  });
  const loader = createVersionLoader({ store, runtime, programs });
  const decoder = createImageDecoder(decoderModule, () => roomForDecoder(runtime.memory().heapBytes));
  const announce = createAnnounce(env.EVENTS, log);
  return createApp({
    store,
    models: createModelCache({ store, loader, log, now, ttlMs: config.aliasTtlMs }),
    images: createImageReader(decoder, () => sleep(0)),
    predictions: createPredictionLog({ store, announce, log, now, sleep }),
    announce,
    authenticator: createAuthenticator(config.keys, config.localKeys),
    admission: createAdmission(
      {
        maxInFlight: config.maxInFlight,
        maxWaiting: config.maxWaiting,
        maxBytes: MAX_BODIES_BYTES,
        leaseMs: config.timeoutMs,
      },
      now,
    ),
    rateLimit: toRateLimit(env),
    cors: createCors(config.corsOrigins),
    trainer: toTrainer(env.TRAINER),
    assets: toAssets(env.ASSETS),
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

/** `wrangler types` knows the binding, not what the entrypoint behind it offers; absent in a deployment without one. */
function toTrainer(binding: unknown): TrainerService | null {
  return (binding as TrainerService | undefined) ?? null;
}

/** Bound to the trainer, too. */
function toAssets(binding: unknown): Assets | null {
  return (binding as Assets | undefined) ?? null;
}

/** wrangler.toml has this binding for those who want it, so `wrangler types` does not know it. */
function toRateLimit(env: object): RateLimit | null {
  const { RATE_LIMITER: limiter } = env as { readonly RATE_LIMITER?: RateLimiter };
  return limiter === undefined ? null : createRateLimit(limiter, log);
}
