/**
 * Imports a pretrained tfjs model as a base: cut at a layer, pooled, compiled to an edge plan, and compared with
 * what TensorFlow.js computes, before anything is written.
 */
import { sha256Hex } from '../../shared/digest.ts';
import { compileModel, type Pooling } from '../../shared/model/compile.ts';
import type { CompiledPlan } from '../../shared/model/emit.ts';
import { outputShapeOf } from '../../shared/model/plan.ts';
import { createRuntime } from '../../shared/model/runtime.ts';
import { sizeOf, type Tensor } from '../../shared/model/tensor.ts';
import { listParts, outputOf, type TfjsModel } from '../../shared/model/tfjs-model.ts';
import { loadWasmModule } from '../../shared/model/wasm-node.ts';
import { decodeWeights } from '../../shared/model/weights.ts';
import { encodeJson, loadJson } from '../../shared/registry/json.ts';
import { keys, VERSION_FILES, type VersionFile } from '../../shared/registry/keys.ts';
import { type BaseManifest, baseManifestSchema } from '../../shared/registry/manifest.ts';
import type { ObjectStore } from '../../shared/registry/store.ts';
import { createRandom } from '../../shared/random.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { type BaseSource, concatShards, loadBaseSource, type SourceOptions } from './base-source.ts';
import { cutWithTensorflow } from './base-reference.ts';
import { nearestNames } from '../../shared/nearest-names.ts';

/** Seeded random inputs on which the edge plan must agree with TensorFlow.js. */
const CHECKED_INPUTS = 3;
/** Largest difference over the largest absolute output; folding batch norms and another order of sums stay well below. */
const TOLERANCE = 1e-4;

/** `auto`: the average of what has height and width, nothing for what is flat already. */
export type PoolingChoice = Pooling | 'auto';

export interface BaseCut {
  /** The layer or node whose output becomes the features; null: the model's own output. */
  readonly output: string | null;
  readonly pooling: PoolingChoice;
}

export interface BaseImportRequest extends BaseCut, SourceOptions {
  readonly store: ObjectStore;
  /** Folder, `model.json`, URL or `s3://bucket/prefix`. */
  readonly source: string;
  /** Digest of a base that is taken instead where its edge plan is the same: its source may have had another head. */
  readonly rather?: string | null;
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
  const source = await loadBaseSource(request.source, request);
  return source.ok ? importLoaded(request, source.value) : source;
}

/** As `importBase`, for files that have been read. */
export async function importLoaded(
  { store, now, rather = null, onProgress = () => {}, ...wanted }: Omit<BaseImportRequest, 'source'>,
  source: BaseSource,
): Promise<Result<ImportedBase, string>> {
  onProgress('compiling');
  const cut = compileBase(source, wanted);
  if (!cut.ok) return cut;
  const { compiled, output, pooling } = cut.value;
  const edge = { json: encodeJson(compiled.plan), bin: compiled.weights };
  const digest = baseDigest(edge.json, edge.bin, source);
  const present = (await findSame(store, rather, edge)) ?? (await findBase(store, digest));
  if (present !== null) return ok({ manifest: present, repeated: true, relativeError: null });

  const { inputShape } = compiled.plan;
  const featureSize = sizeOf(outputShapeOf(compiled.plan));
  onProgress('loading it into TensorFlow.js');
  const reference = await cutWithTensorflow({ source, output, pooling, inputShape, featureSize });
  if (!reference.ok) return reference;
  const relativeError = await compare(compiled, reference.value.predict, onProgress);
  if (!relativeError.ok) return relativeError;

  onProgress('storing');
  const files: Record<VersionFile, Uint8Array> = {
    'model.json': encodeJson(reference.value.files.modelJson),
    'weights.bin': reference.value.files.weights,
    'edge.json': edge.json,
    'edge.bin': edge.bin,
  };
  const manifest: BaseManifest = {
    format: 'holdfast-base/1',
    digest,
    source: source.url,
    createdAt: now.toISOString(),
    output,
    pooling,
    inputShape: [...inputShape],
    featureSize,
    files: describeFiles(files),
  };
  for (const name of VERSION_FILES) await store.put(keys.base(digest, name), files[name]);
  await store.put(keys.base(digest, 'manifest.json'), encodeJson(manifest));
  return ok({ manifest, repeated: false, relativeError: relativeError.value });
}

async function findBase(store: ObjectStore, digest: string): Promise<BaseManifest | null> {
  const manifest = await loadJson(store, keys.base(digest, 'manifest.json'), baseManifestSchema);
  return manifest.ok ? manifest.value.value : null;
}

/** The base of this digest, if it computes the same. */
async function findSame(
  store: ObjectStore,
  digest: string | null,
  edge: { readonly json: Uint8Array; readonly bin: Uint8Array },
): Promise<BaseManifest | null> {
  const base = digest === null ? null : await findBase(store, digest);
  if (base?.files['edge.json'].sha256 !== sha256Hex(edge.json)) return null;
  return base.files['edge.bin'].sha256 === sha256Hex(edge.bin) ? base : null;
}

/** All imported bases whose manifest is readable. */
export async function listBases(store: ObjectStore): Promise<BaseManifest[]> {
  const bases: BaseManifest[] = [];
  for (const digest of await store.folders(keys.bases)) {
    const manifest = await findBase(store, digest);
    if (manifest !== null) bases.push(manifest);
  }
  return bases;
}

interface CompiledBase {
  readonly compiled: CompiledPlan;
  readonly output: string;
  readonly pooling: Pooling;
}

function compileBase(source: BaseSource, wanted: BaseCut): Result<CompiledBase, string> {
  const { model } = source;
  const output = chooseOutput(model, wanted.output);
  if (!output.ok) return output;
  const weights = decodeWeights(model, concatShards(source));
  if (!weights.ok) return err(weights.error.message);
  const cut = { model, weights: weights.value, output: output.value };
  return wanted.pooling === 'auto' ? compileAuto(cut) : compileFlat(cut, wanted.pooling);
}

interface UncompiledBase {
  readonly model: TfjsModel;
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly output: string;
}

function compileAuto(cut: UncompiledBase): Result<CompiledBase, string> {
  const plain = compileModel(cut.model, cut.weights, { output: cut.output });
  if (!plain.ok) return err(plain.error.message);
  const isFlat = outputShapeOf(plain.value.plan).length === 1;
  return isFlat
    ? ok({ compiled: plain.value, output: cut.output, pooling: 'none' })
    : compileFlat(cut, 'average');
}

function compileFlat(
  { model, weights, output }: UncompiledBase,
  pooling: Pooling,
): Result<CompiledBase, string> {
  const compiled = compileModel(model, weights, { output, pooling });
  if (!compiled.ok) return err(compiled.error.message);
  const shape = outputShapeOf(compiled.value.plan);
  if (shape.length === 1) return ok({ compiled: compiled.value, output, pooling });
  return err(
    `${JSON.stringify(output)} gives the shape [${shape.join(',')}], a head reads a flat one: choose --pooling average or --pooling flatten`,
  );
}

function chooseOutput(model: TfjsModel, wanted: string | null): Result<string, string> {
  if (wanted === null) {
    const own = outputOf(model);
    return own.ok ? own : err(own.error.message);
  }
  const parts = listParts(model);
  if (parts.includes(wanted)) return ok(wanted);
  const nearest = nearestNames(wanted, parts).join(', ');
  return err(
    `there is no layer ${JSON.stringify(wanted)}; the nearest names are ${nearest}; the last ones are ${parts.slice(-4).join(', ')}`,
  );
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
  predict: (input: Float32Array) => Promise<Float32Array>,
  onProgress: (text: string) => void,
): Promise<Result<number, string>> {
  const program = createRuntime(await loadWasmModule()).load(plan, weights);
  if (!program.ok) return err(program.error.message);
  const random = createRandom(1);
  let difference = 0;
  for (let i = 1; i <= CHECKED_INPUTS; i++) {
    onProgress(`comparing with TensorFlow.js: input ${i} of ${CHECKED_INPUTS}`);
    const input = Float32Array.from({ length: program.value.inputSize }, () => random.uniform() * 2 - 1);
    difference = Math.max(difference, relativeDifference(program.value.run(input, 1), await predict(input)));
  }
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
