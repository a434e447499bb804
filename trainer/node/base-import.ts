/**
 * Imports a pretrained tfjs LayersModel as a base: cut at a layer, pooled, compiled to an edge plan, and compared with
 * what TensorFlow.js computes, before anything is written.
 */
import { sha256Hex } from '../../shared/digest.ts';
import { type ModelJson } from '../../shared/model/artifacts.ts';
import { decodeWeights } from '../../shared/model/weights.ts';
import { compileLayersModel } from '../../shared/model/compile.ts';
import type { CompiledPlan } from '../../shared/model/emit.ts';
import { outputShapeOf } from '../../shared/model/plan.ts';
import { createRuntime } from '../../shared/model/runtime.ts';
import { sizeOf } from '../../shared/model/tensor.ts';
import { loadWasmModule } from '../../shared/model/wasm-node.ts';
import { encodeJson, loadJson } from '../../shared/registry/json.ts';
import { keys, VERSION_FILES, type VersionFile } from '../../shared/registry/keys.ts';
import { type BaseManifest, baseManifestSchema } from '../../shared/registry/manifest.ts';
import type { ObjectStore } from '../../shared/registry/store.ts';
import { createRandom } from '../../shared/random.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { type BaseSource, concatShards, loadBaseSource } from './base-source.ts';
import { cutWithTensorflow, type Pooling, POOLING_LAYERS } from './base-reference.ts';

/** Seeded random inputs on which the edge plan must agree with TensorFlow.js. */
const CHECKED_INPUTS = 3;
/** Largest difference over the largest absolute output; folding batch norms and another order of sums stay well below. */
const TOLERANCE = 1e-4;

export interface BaseImportRequest {
  readonly store: ObjectStore;
  /** Folder, `model.json` or URL. */
  readonly source: string;
  /** The layer whose output becomes the features; null: the model's own output. */
  readonly output: string | null;
  readonly pooling: Pooling;
  readonly now: Date;
}

export interface ImportedBase {
  readonly manifest: BaseManifest;
  /** It was there already; nothing was written. */
  readonly repeated: boolean;
  /** Of the edge plan against TensorFlow.js; null when it was not compared again. */
  readonly relativeError: number | null;
}

/** @returns the base's manifest; an error, before anything is written, that names what can't run at the edge */
export async function importBase(request: BaseImportRequest): Promise<Result<ImportedBase, string>> {
  const { store, pooling, now } = request;
  const source = await loadBaseSource(request.source);
  if (!source.ok) return source;
  const output = request.output ?? source.value.model.output;
  const compiled = compileBase(source.value, output, pooling);
  if (!compiled.ok) return compiled;
  const edge = { json: encodeJson(compiled.value.plan), bin: compiled.value.weights };
  const digest = baseDigest(edge.json, edge.bin, source.value);
  const present = await loadJson(store, keys.base(digest, 'manifest.json'), baseManifestSchema);
  if (present.ok) return ok({ manifest: present.value.value, repeated: true, relativeError: null });

  const reference = await cutWithTensorflow(source.value, output, pooling);
  const relativeError = await compare(compiled.value, reference.predict);
  if (!relativeError.ok) return relativeError;

  const files: Record<VersionFile, Uint8Array> = {
    'model.json': encodeJson(reference.files.modelJson),
    'weights.bin': reference.files.weights,
    'edge.json': edge.json,
    'edge.bin': edge.bin,
  };
  const manifest: BaseManifest = {
    format: 'holdfast-base/1',
    digest,
    source: source.value.url,
    createdAt: now.toISOString(),
    output,
    pooling,
    inputShape: [...compiled.value.plan.inputShape],
    featureSize: sizeOf(outputShapeOf(compiled.value.plan)),
    files: describeFiles(files),
  };
  for (const name of VERSION_FILES) await store.put(keys.base(digest, name), files[name]);
  await store.put(keys.base(digest, 'manifest.json'), encodeJson(manifest));
  return ok({ manifest, repeated: false, relativeError: relativeError.value });
}

/** All imported bases whose manifest is readable. */
export async function listBases(store: ObjectStore): Promise<BaseManifest[]> {
  const bases: BaseManifest[] = [];
  for (const digest of await store.folders(keys.bases)) {
    const manifest = await loadJson(store, keys.base(digest, 'manifest.json'), baseManifestSchema);
    if (manifest.ok) bases.push(manifest.value.value);
  }
  return bases;
}

function compileBase(source: BaseSource, output: string, pooling: Pooling): Result<CompiledPlan, string> {
  const { model } = source;
  if (!model.layers.some(({ name }) => name === output)) {
    const last = model.layers.slice(-8).map(({ name }) => name);
    return err(`there is no layer ${JSON.stringify(output)}; the model's last ones are ${last.join(', ')}`);
  }
  const weights = decodeWeights(model, concatShards(source));
  if (!weights.ok) return err(weights.error.message);
  const pooled = addPooling(model, output, pooling);
  const compiled = compileLayersModel(pooled, weights.value, { output: pooled.output });
  if (!compiled.ok) return err(compiled.error.message);
  const shape = outputShapeOf(compiled.value.plan);
  if (shape.length !== 1) {
    return err(
      `layer ${JSON.stringify(output)} gives the shape [${shape.join(',')}], a head reads a flat one: choose --pooling average or --pooling flatten`,
    );
  }
  return ok(compiled.value);
}

/** Pooling is one more layer of the model, so the compiler needs to know nothing about it. */
function addPooling(model: ModelJson, output: string, pooling: Pooling): ModelJson {
  if (pooling === 'none') return { ...model, output };
  const name = `${output}/pooling`;
  const layer = { className: POOLING_LAYERS[pooling], name, config: {}, inputs: [output] };
  return { ...model, layers: [...model.layers, layer], output: name };
}

/** Same model, cut and compiler: same digest. */
function baseDigest(edgeJson: Uint8Array, edgeBin: Uint8Array, source: BaseSource): string {
  const parts = [
    `edge.json ${sha256Hex(edgeJson)}`,
    `edge.bin ${sha256Hex(edgeBin)}`,
    ...source.files.map(({ path, bytes }) => `source/${path} ${sha256Hex(bytes)}`),
  ];
  return sha256Hex(parts.join('\n'));
}

async function compare(
  { plan, weights }: CompiledPlan,
  predict: (input: Float32Array, batch: number) => Promise<Float32Array>,
): Promise<Result<number, string>> {
  const program = createRuntime(await loadWasmModule()).load(plan, weights);
  if (!program.ok) return err(program.error.message);
  const random = createRandom(1);
  const size = program.value.inputSize * CHECKED_INPUTS;
  const input = Float32Array.from({ length: size }, () => random.uniform() * 2 - 1);
  const difference = relativeDifference(
    program.value.run(input, CHECKED_INPUTS),
    await predict(input, CHECKED_INPUTS),
  );
  program.value.dispose();
  if (difference <= TOLERANCE) return ok(difference);
  return err(
    `the edge plan differs from TensorFlow.js by ${difference.toExponential(1)} (relative), at most ${TOLERANCE} is tolerated`,
  );
}

/** Largest difference, over the largest absolute reference; NaN or another length counts as infinite. */
function relativeDifference(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let scale = 0;
  for (const [i, value] of expected.entries()) {
    const distance = Math.abs((actual[i] as number) - value);
    if (Number.isNaN(distance)) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, distance);
    scale = Math.max(scale, Math.abs(value));
  }
  return difference === 0 ? 0 : difference / scale;
}

function describeFiles(files: Readonly<Record<VersionFile, Uint8Array>>): BaseManifest['files'] {
  const facts = (name: VersionFile) => ({ sha256: sha256Hex(files[name]), bytes: files[name].byteLength });
  return {
    'model.json': facts('model.json'),
    'weights.bin': facts('weights.bin'),
    'edge.json': facts('edge.json'),
    'edge.bin': facts('edge.bin'),
  };
}
