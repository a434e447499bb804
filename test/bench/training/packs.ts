/**
 * What a training set larger than memory costs: 40,000 rows of 1280 numbers into packs, then epochs of a head
 * 1280-1024-10 over them, by the pipeline's own steps, over an S3 server of this machine (Miniflare's).
 *
 * `node --expose-gc test/bench/training/packs.ts [rows] [epochs] [memory]` prints seconds, and what the process holds at most: live
 * memory, as the garbage collector leaves it at every request to the store, and resident memory.
 */
import { sha256Hex } from '../../../shared/digest.ts';
import { storeInline } from '../../../shared/events/stored-input.ts';
import { loadKernelModule } from '../../../trainer/kernels/kernels-node.ts';
import { createRuntime } from '../../../shared/model/run/runtime.ts';
import { specSchema } from '../../../shared/model/spec/spec.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { createRandom } from '../../../shared/random.ts';
import { putJson } from '../../../shared/registry/store/json.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { createModel } from '../../../shared/model/spec/load-spec.ts';
import { createS3Store } from '../../../trainer/node/s3-store.ts';
import { sealFeatures } from '../../../trainer/pipeline/features/features.ts';
import { openRun } from '../../../trainer/run/record.ts';
import { saveShard, type ShardRef, type Snapshot } from '../../../trainer/pipeline/data/snapshot-file.ts';
import { startRun } from '../../../trainer/run/start.ts';
import type { StepRunner } from '../../../trainer/run/steps.ts';
import { followTraining } from '../../../trainer/pipeline/fine-tune/training-steps.ts';
import { wrapStore } from '../../support/faulty-store.ts';
import { LOCAL_KEYS, startLocalS3 } from '../../trainer/node/local-s3.ts';

const MODEL = 'packs';
const SIZE = 1_280;
const CLASSES = 10;
const SHARD = 1_000;
const BASE = 'ba'.repeat(32);
const MEGABYTE = 1_000_000;
const START = new Date('2026-11-28T00:00:00Z');

const rows = Number(process.argv[2] ?? 40_000);
const epochs = Number(process.argv[3] ?? 2);

const spec = specSchema.parse({
  format: 'holdfast-spec/1',
  name: MODEL,
  task: 'classification',
  input: { kind: 'image', height: 2, width: 2, channels: 1 },
  labels: Array.from({ length: CLASSES }, (_, i) => `class ${i}`),
  base: BASE,
  head: [{ units: 1_024, activation: 'relu' }],
  training: { epochs, patience: epochs, maxExamples: 1_000_000 },
  salt: 'ab'.repeat(32),
});

function labelOf(position: number): number {
  return Math.floor((position / rows) * CLASSES);
}

/** Shards in order of class, as an import of folders leaves them; features that lean to their class. */
async function writeExamples(store: ObjectStore): Promise<Snapshot> {
  const shards: ShardRef[] = [];
  const random = createRandom(1);
  for (let at = 0; at < rows; at += SHARD) {
    const examples = Array.from({ length: SHARD }, (_, i) => ({
      id: `example-${at + i}`,
      at: START.getTime() + at + i,
      label: labelOf(at + i),
      input: storeInline(Float32Array.of(at + i, 0, 0, 0)),
    }));
    const shard = await saveShard(store, MODEL, examples);
    const features = Float32Array.from({ length: SHARD * SIZE }, (_, i) =>
      i % SIZE === labelOf(at + Math.floor(i / SIZE)) ? 1 + random.uniform() : random.uniform(),
    );
    await store.put(keys.features(MODEL, BASE, shard.digest), sealFeatures(features));
    shards.push(shard);
  }
  const window = { id: 'w01', fromMs: START.getTime(), toMs: START.getTime() + rows, examples: rows, shards };
  return {
    format: 'holdfast-snapshot/1',
    id: sha256Hex('packs').slice(0, 32),
    model: MODEL,
    cutoffMs: START.getTime() + rows,
    parent: null,
    windows: [window],
    examples: rows,
    unmatchedLabels: 0,
    unlabelledPredictions: 0,
    problems: { count: 0, first: [] },
  };
}

async function prepare(store: ObjectStore): Promise<{ readonly run: string; readonly snapshot: Snapshot }> {
  await createModel(store, spec);
  const snapshot = await writeExamples(store);
  const file = { sha256: BASE, bytes: 0 };
  await putJson(store, keys.base(BASE, 'manifest.json'), {
    format: 'holdfast-base/1',
    digest: BASE,
    source: 'features by themselves',
    createdAt: START.toISOString(),
    output: 'pool',
    pooling: 'average',
    inputShape: [2, 2, 1],
    featureSize: SIZE,
    files: { 'model.json': file, 'weights.bin': file, 'edge.json': file, 'edge.bin': file },
  });
  const how = { trigger: 'cron', by: 'a bench', now: START, suffix: '' } as const;
  const started = await startRun(store, MODEL, how);
  if (!started.ok) throw new Error(started.error.detail);
  // A tenth watches, as the recipe has it by default.
  const all = Array.from({ length: rows }, (_, i) => i);
  const split = {
    seed: 7,
    train: all.filter((i) => i % 10 !== 0),
    validation: all.filter((i) => i % 10 === 0),
    holdout: [[]],
    constant: 0,
  };
  await putJson(store, keys.run(MODEL, started.value.id, 'split.json'), split);
  return { run: started.value.id, snapshot };
}

const peak = { live: 0, resident: 0 };

function measure(): void {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  peak.live = Math.max(peak.live, heapUsed + arrayBuffers);
  peak.resident = Math.max(peak.resident, rss);
}

const local = process.argv[4] === 'memory' ? null : await startLocalS3();
const store =
  local === null
    ? createMemoryStore()
    : createS3Store({ bucket: 'holdfast', endpoint: local.endpoint, credentials: LOCAL_KEYS });
const { run, snapshot } = await prepare(store);
const wasm = await loadWasmModule();
measure();
const before = { ...peak };
console.log(`before: ${describe(before)}`);
const host = {
  store: wrapStore(store, async (_, call) => {
    const result = await call();
    if (globalThis.gc) measure();
    return result;
  }),
  wasm,
  kernels: await loadKernelModule(),
  runtime: createRuntime(wasm),
  now: () => new Date(),
  stopwatch: () => Promise.reject(new Error('nothing is timed here')),
  onProgress: ({ message }: { readonly message: string }) => console.log(message),
};
const seconds = new Map<string, number>();
const steps: StepRunner = {
  async do(name, body) {
    const startMs = performance.now();
    const result = await body();
    seconds.set(name, (performance.now() - startMs) / 1_000);
    return result;
  },
};
const record = await followTraining(await openRun(host, MODEL, run), steps, snapshot);
measure();
for (const [name, taken] of seconds) console.log(`${name}: ${taken.toFixed(1)} s`);
console.log(`at most: ${describe(peak)}; ${record.epochs.length} epochs, ${record.digest.slice(0, 8)}`);
await local?.close();

function describe({ live, resident }: typeof peak): string {
  return `${Math.round(live / MEGABYTE)} MB live, ${Math.round(resident / MEGABYTE)} MB resident`;
}
