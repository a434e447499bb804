/**
 * A base, and a snapshot of pictures for it to look at, in a store in memory.
 */
import { describeFiles } from '../../../trainer/model/file-facts.ts';
import * as tf from '@tensorflow/tfjs';
import { sha256Hex } from '../../../shared/digest.ts';
import { storeInput } from '../../../shared/events/stored-input.ts';
import { encodedShape, rawSize } from '../../../shared/model/spec/input.ts';
import { outputShapeOf } from '../../../shared/model/plan/plan.ts';
import { specSchema } from '../../../shared/model/spec/spec.ts';
import { sizeOf } from '../../../shared/model/plan/tensor.ts';
import { createRandom } from '../../../shared/random.ts';
import { encodeJson } from '../../../shared/registry/store/json.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { BaseManifest } from '../../../shared/registry/versions/base-manifest.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import type { RunContext, Host } from '../../../trainer/run/context.ts';
import { openFeatures } from '../../../trainer/pipeline/features/features.ts';
import { runDirectly } from '../../../trainer/pipeline/features/portions.ts';
import { saveShard, type ShardRef } from '../../../trainer/pipeline/data/snapshot-file.ts';
import { extractFeatures } from '../../../trainer/pipeline/features/store-features.ts';
import { compileFiles } from '../../trainer/compile/support.ts';
import type { BenchModel } from '../bench-model.ts';
import type { FeatureBackend, FeatureExtractor } from '../../../trainer/run/feature-backend.ts';

const MODEL = 'bench';
const SHARDS = 4;

export interface FeatureCase {
  readonly store: ObjectStore;
  readonly spec: RunContext['spec'];
  readonly base: string;
  /** The layer that the base ends with. */
  readonly output: string;
  readonly files: BenchModel['files'];
  readonly shards: readonly ShardRef[];
  readonly images: number;
  /** The first of the pictures as one tensor, [peerImages, height, width, channels]. */
  readonly pixels: { readonly values: Float32Array; readonly shape: number[] };
}

export async function setUpCase(
  { spec: { input }, files }: BenchModel,
  images: number,
  peerImages: number,
): Promise<FeatureCase> {
  const store = createMemoryStore();
  const output = poolingOf(files['model.json']);
  const base = await storeCut(store, files, output);
  const size = rawSize(input);
  const random = createRandom(5);
  const values = new Float32Array(peerImages * size);
  const shards: ShardRef[] = [];
  const perShard = images / SHARDS;
  for (let shard = 0; shard < SHARDS; shard++) {
    const examples = [];
    for (let i = shard * perShard; i < (shard + 1) * perShard; i++) {
      const picture = Float32Array.from({ length: size }, () => Math.floor(random.uniform() * 256));
      if (i < peerImages) values.set(picture, i * size);
      const input = await storeInput(store, MODEL, picture);
      examples.push({ id: `e-${i}`, at: i, label: i % 2, input });
    }
    shards.push(await saveShard(store, MODEL, examples));
  }
  const spec = specSchema.parse({
    format: 'holdfast-spec/1',
    name: MODEL,
    task: 'classification',
    salt: 'ab'.repeat(32),
    labels: ['a', 'b'],
    input,
    base,
  });
  return { store, spec, base, output, files, shards, images, pixels: { values, shape: encodedShape(input) } };
}

/** A features step that can be taken again and again. */
export interface Looker {
  look(): Promise<void>;
  /** Takes away what was seen. @returns [images, features] */
  take(): Promise<Float32Array>;
  close(): Promise<void>;
}

export function openLooker(bench: FeatureCase, host: Host, workshop: FeatureBackend): Looker {
  const kept = keepOpen(workshop);
  const run = { id: 'r', model: MODEL } as RunContext['run'];
  const ctx: RunContext = { ...host, featureBackend: kept.workshop, run, spec: bench.spec, base: bench.base };
  const snapshot = { windows: [{ shards: bench.shards }] } as unknown as Parameters<
    typeof extractFeatures
  >[1];
  return {
    async look() {
      await extractFeatures(ctx, snapshot, [bench.base], runDirectly);
    },
    async take() {
      const seen: number[][] = [];
      for (const { digest } of bench.shards) {
        const key = keys.features(MODEL, bench.base, digest);
        const features = await openFeatures((await bench.store.get(key))?.bytes ?? new Uint8Array());
        if (features === null) throw new Error(`${key} is not there`);
        seen.push([...features]);
        await bench.store.delete(key);
      }
      return Float32Array.from(seen.flat());
    },
    close: kept.close,
  };
}

/** What is measured is looking, not the start of threads: a night looks at thousands. */
function keepOpen(workshop: FeatureBackend) {
  let opened: FeatureExtractor | undefined;
  return {
    workshop: {
      concurrency: workshop.concurrency,
      open: (task) => ({ ...(opened ??= workshop.open(task)), close: () => Promise.resolve() }),
    } satisfies FeatureBackend,
    close: async () => opened?.close(),
  };
}

/** The same base in TensorFlow.js, on its current backend. */
export async function loadLayersBase({ files, output }: FeatureCase): Promise<tf.LayersModel> {
  const { modelTopology, weightsManifest } = readModel(files['model.json']);
  const whole = await tf.loadLayersModel(
    tf.io.fromMemory({
      modelTopology,
      weightSpecs: weightsManifest.flatMap(({ weights }) => weights),
      weightData: new Uint8Array(files['weights.bin']).buffer,
    }),
  );
  return tf.model({ inputs: whole.inputs, outputs: whole.getLayer(output).output });
}

interface ModelFile {
  readonly modelTopology: { readonly config: { readonly layers: { class_name: string; name: string }[] } };
  readonly weightsManifest: { readonly weights: readonly tf.io.WeightsManifestEntry[] }[];
}

function readModel(json: Uint8Array): ModelFile {
  return JSON.parse(new TextDecoder().decode(json)) as ModelFile;
}

function poolingOf(json: Uint8Array): string {
  const { layers } = readModel(json).modelTopology.config;
  const pooling = layers.find(({ class_name }) => class_name === 'GlobalAveragePooling2D');
  if (pooling === undefined) throw new Error('expected a layer of global average pooling');
  return pooling.name;
}

/** The model up to a layer, as an import would leave it in the store. @returns its digest */
async function storeCut(store: ObjectStore, files: BenchModel['files'], output: string): Promise<string> {
  const json = readModel(files['model.json']);
  const { plan, weights } = compileFiles(
    { json, weights: files['weights.bin'] },
    { output, pooling: 'none' },
  );
  const edge = { 'edge.json': encodeJson(plan), 'edge.bin': weights };
  const digest = sha256Hex(weights);
  const manifest: BaseManifest = {
    format: 'holdfast-base/1',
    digest,
    source: 'seeded',
    createdAt: new Date(0).toISOString(),
    output,
    pooling: 'none',
    inputShape: [...plan.inputShape],
    featureSize: sizeOf(outputShapeOf(plan)),
    files: describeFiles({ ...files, ...edge }),
  };
  for (const name of ['edge.json', 'edge.bin'] as const) await store.put(keys.base(digest, name), edge[name]);
  await store.put(keys.base(digest, 'manifest.json'), encodeJson(manifest));
  return digest;
}
