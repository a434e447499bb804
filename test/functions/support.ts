/**
 * An edge to test: a toy model whose versions can be told apart, stores that fail on demand, a clock that is set by
 * hand. Runs in Node and in workerd.
 */
import { describeFiles } from '../../trainer/model/file-facts.ts';
import { type AdmissionLimits, createAdmission } from '../../functions/http/admission.ts';
import { createQueueNotifier } from '../../functions/collect/queue-notifier.ts';
import { createApp } from '../../functions/app.ts';
import { createAuthenticator } from '../../functions/http/auth.ts';
import type { ApiKey, Scope } from '../../functions/config.ts';
import { createCors } from '../../functions/http/cors.ts';
import type { Log, LogFacts } from '../../functions/log.ts';
import { createModelCache, type ModelCache } from '../../functions/serving/cache/model-cache.ts';
import { createPredictionLog, type PredictionLog } from '../../functions/collect/prediction-log.ts';
import { createImageReader } from '../../functions/serving/image-reader.ts';
import { createProgramCache } from '../../functions/serving/cache/program-cache.ts';
import { createStoredKeys } from '../../functions/stored-keys.ts';
import { createRateLimit, type RateLimiter } from '../../functions/http/rate-limit.ts';
import type { TrainerService } from '../../shared/trainer-service.ts';
import { createVersionLoader } from '../../functions/serving/cache/version-loader.ts';
import { sha256Hex } from '../../shared/digest.ts';
import type { InboxMessage } from '../../shared/events/write-inbox.ts';
import { readBatch } from '../../shared/events/inbox.ts';
import type { Event } from '../../shared/events/schema.ts';
import { type DenseLayer, headToLayersModel, planHead } from '../../trainer/model/head.ts';
import { createImageDecoder, type ImageDecoder } from '../../shared/model/images/decoder.ts';
import { createModel, specDigest } from '../../shared/model/spec/load-spec.ts';
import { createRuntime, type RuntimeMemory } from '../../shared/model/run/runtime.ts';
import type { WasmModules } from '../../shared/model/run/wasm-modules.ts';
import type { ClassificationSpec, Spec } from '../../shared/model/spec/spec.ts';
import { encodeJson } from '../../shared/registry/store/json.ts';
import { keys, VERSION_FILES, type VersionFile } from '../../shared/registry/store/keys.ts';
import type { BaseManifest } from '../../shared/registry/versions/base-manifest.ts';
import type { Manifest } from '../../shared/registry/versions/manifest.ts';
import { promote } from '../../shared/registry/champion/promotion.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { publishVersion } from '../../shared/registry/versions/versions.ts';
import { err } from '../../shared/result.ts';
import { blobSpec } from '../support/tabular-model.ts';

export const NOON = Date.parse('2026-11-20T12:00:00Z');

/** A model over x and y, labels red, green and blue. */
export async function createToyModel(
  store: ObjectStore,
  name: string,
  changes: Partial<ClassificationSpec> = {},
): Promise<ClassificationSpec> {
  const spec = blobSpec(name, changes);
  await createModel(store, spec);
  return spec;
}

/** A head that always prefers one label, a little more so the larger x is. */
export function toyFiles(favoured: number, width = 2): Record<VersionFile, Uint8Array> {
  const kernel = { shape: [width, 3], data: new Float32Array(width * 3) };
  kernel.data[favoured] = 0.1;
  const bias = { shape: [3], data: new Float32Array(3) };
  bias.data[favoured] = 3;
  return filesOf([{ kernel, bias, activation: 'softmax' }]);
}

/** A head that says `2 x - y + 100`. */
export function rentFiles(): Record<VersionFile, Uint8Array> {
  const kernel = { shape: [2, 1], data: Float32Array.of(2, -1) };
  const bias = { shape: [1], data: Float32Array.of(100) };
  return filesOf([{ kernel, bias, activation: 'linear' }]);
}

export function filesOf(layers: readonly DenseLayer[]): Record<VersionFile, Uint8Array> {
  const edge = planHead(layers);
  const exported = headToLayersModel(layers);
  if (!edge.ok || !exported.ok) throw new Error('the toy head does not compile');
  return {
    'model.json': encodeJson(exported.value.modelJson),
    'weights.bin': exported.value.weights,
    'edge.json': encodeJson(edge.value.plan),
    'edge.bin': edge.value.weights,
  };
}

/** A base for images of 4x4 grey pixels: two features, the sums of the left and of the right half, each 0 to 8. */
export async function saveToyBase(store: ObjectStore): Promise<string> {
  const weights = Float32Array.from({ length: 32 }, (_, i) =>
    Math.floor(i / 2) % 4 < 2 === (i % 2 === 0) ? 1 : 0,
  );
  const kernel = { shape: [16, 2], data: weights };
  const bias = { shape: [2], data: new Float32Array(2) };
  const files = filesOf([{ kernel, bias, activation: 'linear' }]);
  const digest = sha256Hex(files['edge.bin']);
  const manifest: BaseManifest = {
    format: 'holdfast-base/1',
    digest,
    source: 'a test',
    createdAt: new Date(NOON).toISOString(),
    output: 'dense_1',
    pooling: 'none',
    inputShape: [4, 4, 1],
    featureSize: 2,
    files: describeFiles(files),
  };
  for (const name of VERSION_FILES) await store.put(keys.base(digest, name), files[name]);
  await store.put(keys.base(digest, 'manifest.json'), encodeJson(manifest));
  return digest;
}

export function toyManifest(
  spec: Spec,
  version: number,
  files: Readonly<Record<VersionFile, Uint8Array>>,
): Manifest {
  return {
    format: 'holdfast-version/1',
    model: spec.name,
    version,
    createdAt: new Date(NOON).toISOString(),
    run: `run-${version}`,
    parent: version > 1 ? version - 1 : null,
    base: spec.base,
    snapshot: 'none',
    specDigest: specDigest(spec),
    seed: 1,
    ...(spec.task === 'classification' ? { labels: spec.labels } : { labels: [], target: spec.target }),
    constants: spec.input.kind === 'image' ? null : { mean: [0, 0], scale: [1, 1] },
    files: describeFiles(files),
    metrics: {},
    verdict: 'promote',
    reasons: [],
  };
}

export async function publishToy(
  store: ObjectStore,
  spec: Spec,
  version: number,
  favoured: number,
): Promise<void> {
  const files = toyFiles(favoured);
  await publishVersion(store, toyManifest(spec, version, files), files);
}

export async function promoteToy(store: ObjectStore, spec: Spec, version: number): Promise<void> {
  const moved = await promote(store, spec.name, version, {
    by: 'test',
    reason: 'a test',
    at: new Date(NOON),
  });
  if (!moved.ok) throw new Error(moved.error.detail);
}

/** A model with version 1 published and promoted; it says red. */
export async function createServedToy(
  store: ObjectStore,
  name: string,
  changes: Partial<ClassificationSpec> = {},
): Promise<ClassificationSpec> {
  const spec = await createToyModel(store, name, changes);
  await publishToy(store, spec, 1, 0);
  await promoteToy(store, spec, 1);
  return spec;
}

/** All events of a model that are in batches. */
export async function readEvents(store: ObjectStore, model: string): Promise<Event[]> {
  const all: Event[] = [];
  for (const key of await store.list(keys.eventsPrefix(model))) {
    const object = await store.get(key);
    if (object === null) continue;
    const { events, problems } = await readBatch(key, object.bytes);
    if (problems.length > 0) throw new Error(problems.join('; '));
    all.push(...events);
  }
  return all;
}

export interface FaultyStore extends ObjectStore {
  /** Operations for which this is true throw, as R2 does in an outage. */
  fails: (operation: 'get' | 'put', key: string) => boolean;
  readonly gets: string[];
}

export function createFaultyStore(store: ObjectStore): FaultyStore {
  const check = (operation: 'get' | 'put', key: string): void => {
    if (faulty.fails(operation, key)) throw new Error(`injected: ${operation} ${key}`);
  };
  const faulty: FaultyStore = {
    ...store,
    fails: () => false,
    gets: [],
    async get(key) {
      faulty.gets.push(key);
      check('get', key);
      return store.get(key);
    },
    async put(key, bytes, condition) {
      check('put', key);
      return store.put(key, bytes, condition);
    },
  };
  return faulty;
}

export interface TestLog extends Log {
  readonly lines: { readonly event: string; readonly facts: LogFacts }[];
  events(): string[];
}

export function createTestLog(): TestLog {
  const lines: { event: string; facts: LogFacts }[] = [];
  const note = (event: string, facts: LogFacts): void => {
    lines.push({ event, facts });
  };
  return { lines, events: () => lines.map(({ event }) => event), info: note, error: note };
}

export const KEYS: readonly ApiKey[] = (['predict', 'feedback', 'operate'] as const).map((scope) => ({
  name: `the ${scope} key`,
  sha256: sha256Hex(`secret-${scope}`),
  scopes: [scope],
}));

export interface Edge {
  readonly clock: { nowMs: number };
  readonly log: TestLog;
  readonly models: ModelCache;
  readonly sent: InboxMessage[];
  /** What the executor holds. */
  memory(): RuntimeMemory;
  /** Sends a request and waits until everything it left behind is done. */
  call(path: string, options?: CallOptions): Promise<Response>;
  predict(model: string, body: unknown, version?: number): Promise<Response>;
}

export interface CallOptions {
  readonly method?: string;
  readonly key?: Scope | null;
  /** Bytes and text as they are, everything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** The answer alone, and not the end of what goes on after it. */
  readonly leave?: boolean;
}

export interface EdgeOptions {
  readonly keys?: readonly ApiKey[];
  readonly localKeys?: boolean;
  /** Where stored keys lie, if not in the store. */
  readonly keyStore?: ObjectStore;
  readonly publicScopes?: readonly Scope[];
  readonly trainer?: TrainerService;
  readonly queueFails?: boolean;
  readonly ttlMs?: number;
  readonly budgetBytes?: number;
  readonly maxBodyBytes?: number;
  readonly timeoutMs?: number;
  readonly admission?: Partial<AdmissionLimits>;
  readonly rateLimiter?: RateLimiter;
  readonly corsOrigins?: readonly string[];
  readonly maxInstances?: number;
  /** `decoders.wasm`; without it no image can be read. */
  readonly decoders?: WebAssembly.Module;
  /** In place of the log that writes to the store. */
  readonly predictions?: PredictionLog;
}

export function createEdge(store: ObjectStore, wasm: WasmModules, options: EdgeOptions = {}): Edge {
  const clock = { nowMs: NOON };
  const now = (): number => clock.nowMs;
  const log = createTestLog();
  const sent: InboxMessage[] = [];
  const queue = {
    async send(message: InboxMessage): Promise<void> {
      if (options.queueFails === true) throw new Error('injected: the queue does not answer');
      sent.push(message);
    },
  };
  const announce = createQueueNotifier(queue, log);
  const programs = createProgramCache(options.budgetBytes ?? 48_000_000);
  const runtime = createRuntime(wasm);
  const loader = createVersionLoader({ store, runtime, programs });
  const models = createModelCache({ store, loader, log, now, ttlMs: options.ttlMs ?? 5_000 });
  const app = createApp({
    store,
    models,
    predictions:
      options.predictions ??
      createPredictionLog({ store, notifyQueue: announce, log, now, sleep: async () => {} }),
    images: createImageReader(toDecoder(options.decoders), async () => {}),
    notifyQueue: announce,
    authenticator: createAuthenticator(
      options.keys ?? KEYS,
      options.localKeys ?? false,
      createStoredKeys(options.keyStore ?? store, log, now),
      options.publicScopes ?? [],
    ),
    trainer: options.trainer ?? null,
    assets: { fetch: async () => new Response('an asset') },
    log,
    now,
    random: () => 0.5,
    admission: createAdmission(
      { maxInFlight: 64, maxWaiting: 64, maxBytes: 1_000_000, leaseMs: 10_000, ...options.admission },
      now,
    ),
    rateLimit: options.rateLimiter === undefined ? null : createRateLimit(options.rateLimiter, log),
    cors: createCors(options.corsOrigins ?? []),
    limits: {
      maxBodyBytes: options.maxBodyBytes ?? 100_000,
      maxInstances: options.maxInstances ?? 16,
      timeoutMs: options.timeoutMs ?? 10_000,
    },
  });
  const call = async (
    path: string,
    { method, key = 'operate', body, headers = {}, leave = false }: CallOptions = {},
  ) => {
    const left: Promise<unknown>[] = [];
    const context = {
      waitUntil: (work: Promise<unknown>) => void left.push(work),
      passThroughOnException: () => {},
    };
    const auth: Record<string, string> = key === null ? {} : { authorization: `Bearer secret-${key}` };
    const init: RequestInit = {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: { ...auth, ...headers },
    };
    if (body !== undefined) init.body = isText(body) ? body : JSON.stringify(body);
    const url = path.startsWith('http') ? path : `https://edge.example${path}`;
    const response = await app.fetch(new Request(url, init), { ...context, props: {} });
    if (leave) return response;
    for (let i = 0; i < left.length; i++) await left[i];
    return response;
  };
  const predict = (model: string, body: unknown, version?: number): Promise<Response> =>
    call(`/v1/models/${model}${version === undefined ? '' : `/versions/${version}`}:predict`, {
      key: 'predict',
      body,
    });
  return { clock, log, models, sent, memory: () => runtime.memory(), call, predict };
}

function toDecoder(decoders: WebAssembly.Module | undefined): ImageDecoder {
  if (decoders !== undefined) return createImageDecoder(decoders);
  return {
    decode: () => err('this test has no decoders'),
    pixelsRead: () => 0,
    lackedRoom: () => false,
  };
}

function isText(body: unknown): body is string | Uint8Array<ArrayBuffer> {
  return typeof body === 'string' || body instanceof Uint8Array;
}
