/**
 * Imports a pretrained tfjs model as a base: cut at a layer, pooled, compiled to an edge plan, and compared with
 * what TensorFlow.js computes, before anything is written.
 */
import { describeFiles } from '../model/file-facts.ts';
import { sha256Hex } from '../../shared/digest.ts';
import { compileModel, type FeaturePooling } from '../compile/compile.ts';
import type { CompiledPlan } from '../compile/emit.ts';
import { outputShapeOf } from '../../shared/model/plan/plan.ts';
import { createRuntime } from '../../shared/model/run/runtime.ts';
import { sizeOf, type Tensor } from '../../shared/model/plan/tensor.ts';
import { listParts, outputOf, type TfjsModel } from '../compile/tfjs-model.ts';
import { loadWasmModule } from '../../shared/model/run/wasm-node.ts';
import { decodeWeights } from '../compile/weights.ts';
import { encodeJson } from '../../shared/registry/store/json.ts';
import { keys, VERSION_FILES, type VersionFile } from '../../shared/registry/store/keys.ts';
import { type BaseManifest, loadBaseManifest } from '../../shared/registry/versions/base-manifest.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { type BaseSource, loadBaseSource, type SourceOptions } from './base-source.ts';
import { compareOutputs, drawInputs } from './agreement.ts';
import { cutWithTensorflow, type Reference } from './base-reference.ts';
import { leadingScaling, takesWholePixels } from './pixel-scaling.ts';
import { nearestNames } from '../nearest-names.ts';

/** `auto`: the average of what has height and width, nothing for what is flat already. */
export type PoolingChoice = FeaturePooling | 'auto';

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
  if (!source.ok) return source;
  const prepared = await prepareBase(request, source.value);
  if (!prepared.ok) return prepared;
  request.onProgress?.('storing');
  await storeBase(request.store, prepared.value);
  return prepared;
}

/** A base that has been compiled and compared, and is not stored yet. */
export interface PreparedBase extends ImportedBase {
  readonly compiled: CompiledPlan;
  /** null where it is stored already. */
  readonly files: Readonly<Record<VersionFile, Uint8Array>> | null;
}

/** Compiles and compares; writes nothing. */
export async function prepareBase(
  { store, now, rather = null, onProgress = () => {}, ...wanted }: Omit<BaseImportRequest, 'source'>,
  source: BaseSource,
): Promise<Result<PreparedBase, string>> {
  onProgress('compiling');
  const cut = compileBase(source, wanted);
  if (!cut.ok) return cut;
  const { compiled, output, pooling } = cut.value;
  const edge = { json: encodeJson(compiled.plan), bin: compiled.weights };
  const digest = baseDigest(edge.json, edge.bin, source);
  const present = (await findSame(store, rather, edge)) ?? (await findBase(store, digest));
  if (present !== null)
    return ok({ manifest: present, repeated: true, relativeError: null, compiled, files: null });

  const { inputShape } = compiled.plan;
  const featureSize = sizeOf(outputShapeOf(compiled.plan));
  onProgress('loading it into TensorFlow.js');
  const reference = await cutWithTensorflow({ source, output, pooling, inputShape, featureSize });
  if (!reference.ok) return reference;
  const relativeError = await compareBase(compiled, reference.value.predict, onProgress);
  if (!relativeError.ok) return relativeError;

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
    ...(scalesPixels(compiled) ? { wholePixels: true as const } : {}),
    files: describeFiles(files),
  };
  return ok({ manifest, repeated: false, relativeError: relativeError.value, compiled, files });
}

function scalesPixels(compiled: CompiledPlan): boolean {
  const leading = compiled.plan.inputShape.length === 3 ? leadingScaling(compiled) : null;
  return leading !== null && takesWholePixels(leading);
}

/** Its files, then its manifest: it is there with the last write. */
export async function storeBase(store: ObjectStore, { manifest, files }: PreparedBase): Promise<void> {
  if (files === null) return;
  for (const name of VERSION_FILES) await store.put(keys.base(manifest.digest, name), files[name]);
  await store.put(keys.base(manifest.digest, 'manifest.json'), encodeJson(manifest));
}

async function findBase(store: ObjectStore, digest: string): Promise<BaseManifest | null> {
  const manifest = await loadBaseManifest(store, digest);
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
  readonly pooling: FeaturePooling;
}

function compileBase(source: BaseSource, wanted: BaseCut): Result<CompiledBase, string> {
  const { model } = source;
  const output = chooseOutput(model, wanted.output);
  if (!output.ok) return output;
  const weights = decodeWeights(model, source.weights);
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
  pooling: FeaturePooling,
): Result<CompiledBase, string> {
  const compiled = compileModel(model, weights, { output, pooling });
  if (!compiled.ok) return err(compiled.error.message);
  const shape = outputShapeOf(compiled.value.plan);
  if (shape.length === 1) return ok({ compiled: compiled.value, output, pooling });
  return err(
    `${JSON.stringify(output)} gives the shape [${shape.join(',')}], a head reads a flat one: choose --pooling average or --pooling flatten`,
  );
}

/** The layer or node of this name, by default the model's own output. */
export function chooseOutput(model: TfjsModel, wanted: string | null): Result<string, string> {
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

async function compareBase(
  { plan, weights }: CompiledPlan,
  predict: Reference['predict'],
  onProgress: (text: string) => void,
): Promise<Result<number, string>> {
  const program = createRuntime(await loadWasmModule()).load(plan, weights);
  if (!program.ok) return err(program.error.message);
  const { value: own } = program;
  const inputs = drawInputs(own.inputSize);
  const difference = await compareOutputs(inputs, (input) => own.run(input, 1), predict, onProgress);
  own.dispose();
  return difference;
}
