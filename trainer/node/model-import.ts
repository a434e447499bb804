/**
 * Imports a complete classifier as a version that serves without having been trained here: its dense layers become the
 * version's head, what is before them its base, so that the nights that follow train on from it.
 *
 * The gate has not judged it: its verdict is `hold`, and a person promotes it with a reason.
 */
import { randomHex, sha256Hex } from '../../shared/digest.ts';
import { compileModel } from '../../shared/model/compile.ts';
import type { DenseLayer } from '../../shared/model/head.ts';
import { encodedShape } from '../../shared/model/input.ts';
import { createModel, loadSpec, specDigest } from '../../shared/model/load-spec.ts';
import { type ClassificationSpec, type Resize, type Spec, specSchema } from '../../shared/model/spec.ts';
import { type SplitModel, splitHead } from '../../shared/model/split-head.ts';
import { sizeOf, type Shape } from '../../shared/model/tensor.ts';
import { decodeWeights } from '../../shared/model/weights.ts';
import { describeIssues } from '../../shared/registry/json.ts';
import { VERSION_FILES } from '../../shared/registry/keys.ts';
import type { BaseManifest, Manifest } from '../../shared/registry/manifest.ts';
import type { ObjectStore } from '../../shared/registry/store.ts';
import { claimVersion, loadManifest, publishVersion } from '../../shared/registry/versions.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { encodeHead, type VersionFiles } from '../pipeline/candidate-files.ts';
import { importLoaded } from './base-import.ts';
import { type BaseSource, concatShards, loadBaseSource, type SourceOptions } from './base-source.ts';

export interface ModelImportRequest extends SourceOptions {
  readonly store: ObjectStore;
  readonly model: string;
  readonly source: string;
  /** In the order of the model's outputs; null: those of the model's spec, which then must be there. */
  readonly labels: readonly string[] | null;
  /** Images: the model sees `pixel * scale + offset`. */
  readonly scale?: number | undefined;
  readonly offset?: number | undefined;
  /** Images: how files of another size are read. */
  readonly resize?: Resize | undefined;
  readonly now: Date;
}

export interface ImportedModel {
  readonly manifest: Manifest;
  readonly spec: Spec;
  /** It was there already; nothing was written. */
  readonly repeated: boolean;
  readonly addedSoftmax: boolean;
}

/** @returns the version; an error that names what can't run, can't be trained on, or contradicts the model's spec */
export async function importModel(request: ModelImportRequest): Promise<Result<ImportedModel, string>> {
  const source = await loadBaseSource(request.source, request);
  if (!source.ok) return source;
  const split = splitSource(source.value);
  if (!split.ok) return split;
  const { head, inputShape, baseOutput, addedSoftmax } = split.value;
  const present = await loadSpec(request.store, request.model);
  const own = present.ok ? present.value.spec : null;
  if (!present.ok && present.error.kind !== 'unknown-model') return err(present.error.detail);
  const base =
    baseOutput === null ? ok(null) : await importFront(request, source.value, baseOutput, own?.base ?? null);
  if (!base.ok) return base;
  const facts = { head, base: base.value, inputShape };
  const spec = own === null ? await createSpec(request, facts) : checkSpec(own, request, facts);
  if (!spec.ok) return spec;
  const published = await publish(request, spec.value, source.value.url, encodeHead(head));
  return ok({ ...published, spec: spec.value, addedSoftmax });
}

type SplitSource = SplitModel & { readonly inputShape: Shape };

function splitSource(source: BaseSource): Result<SplitSource, string> {
  const weights = decodeWeights(source.model, concatShards(source));
  if (!weights.ok) return err(weights.error.message);
  const compiled = compileModel(source.model, weights.value);
  if (!compiled.ok) return err(compiled.error.message);
  const split = splitHead(compiled.value);
  if (!split.ok) return err(`the model can't serve as a version: ${split.error}`);
  const { inputShape } = compiled.value.plan;
  if (split.value.baseOutput === null || inputShape.length === 3) return ok({ ...split.value, inputShape });
  return err(
    `the model can't serve as a version: it reads [${inputShape.join(',')}], and what comes before its dense layers ('${split.value.baseOutput}') would be a base, which reads images`,
  );
}

async function importFront(
  request: ModelImportRequest,
  source: BaseSource,
  output: string,
  rather: string | null,
): Promise<Result<BaseManifest, string>> {
  const imported = await importLoaded({ ...request, output, pooling: 'auto', rather }, source);
  return imported.ok ? ok(imported.value.manifest) : imported;
}

/** What the files say of a model. */
interface Facts {
  readonly head: readonly DenseLayer[];
  readonly base: BaseManifest | null;
  readonly inputShape: Shape;
}

async function createSpec(
  request: ModelImportRequest,
  { head, base, inputShape }: Facts,
): Promise<Result<ClassificationSpec, string>> {
  const { store, model, labels } = request;
  const outputs = sizeOf(head.at(-1)?.bias.shape ?? []);
  if (labels?.length !== outputs)
    return err(`expected ${outputs} labels, one an output of the model, got ${labels?.length ?? 'none'}`);
  const spec = specSchema.safeParse({
    format: 'holdfast-spec/1',
    name: model,
    task: 'classification',
    input: inputOf(request, inputShape),
    labels,
    base: base?.digest ?? null,
    head: head.slice(0, -1).map(({ bias, activation }) => ({ units: sizeOf(bias.shape), activation })),
    salt: randomHex(32),
  });
  if (!spec.success) return err(`the spec of ${model}: ${describeIssues(spec.error)}`);
  if (spec.data.task !== 'classification') return err(`expected a classification, got ${spec.data.task}`);
  if (await createModel(store, spec.data)) return ok(spec.data);
  return err(`somebody else created ${model} meanwhile: try again`);
}

function inputOf({ scale, offset, resize }: ModelImportRequest, shape: Shape): object {
  const [height, width, channels] = shape;
  if (shape.length === 3) {
    return { kind: 'image', height, width, channels, scale, offset, resize };
  }
  const features = Array.from({ length: sizeOf(shape) }, (_, i) => ({ name: `x${i + 1}`, type: 'number' }));
  return { kind: 'tabular', features };
}

function checkSpec(
  spec: Spec,
  { model, labels }: ModelImportRequest,
  { head, base, inputShape }: Facts,
): Result<ClassificationSpec, string> {
  if (spec.task !== 'classification')
    return err(`${model} predicts a number: only classifications can be imported trained`);
  const outputs = sizeOf(head.at(-1)?.bias.shape ?? []);
  const shape = encodedShape(spec.input);
  if (shape.join() !== inputShape.join())
    return err(`the files read [${inputShape.join(',')}], the spec of ${model} says [${shape.join(',')}]`);
  if (spec.labels.length !== outputs)
    return err(`the files have ${outputs} outputs, the spec of ${model} has ${spec.labels.length} labels`);
  if (labels !== null && labels.join('\n') !== spec.labels.join('\n'))
    return err(`${model} has other labels: ${spec.labels.slice(0, 10).join(', ')}`);
  if (spec.base !== (base?.digest ?? null)) {
    const [got, wanted] = [base?.digest, spec.base].map((digest) => digest?.slice(0, 12) ?? 'none');
    return err(`the files' base is ${got}, that of ${model} is ${wanted}: create another model instead`);
  }
  return ok(spec);
}

async function publish(
  { store, model, now }: ModelImportRequest,
  spec: ClassificationSpec,
  url: string,
  files: VersionFiles,
): Promise<{ readonly manifest: Manifest; readonly repeated: boolean }> {
  const described = describeFiles(files);
  // The same files become one version, however often they are imported.
  const run = `import-${sha256Hex(JSON.stringify([spec.base, described])).slice(0, 16)}`;
  const version = await claimVersion(store, model, run);
  const present = await loadManifest(store, model, version);
  if (present.ok) return { manifest: present.value, repeated: true };
  const manifest: Manifest = {
    format: 'holdfast-version/1',
    model,
    version,
    createdAt: now.toISOString(),
    run,
    parent: null,
    base: spec.base,
    snapshot: null,
    specDigest: specDigest(spec),
    seed: 0,
    labels: spec.labels,
    constants: null,
    files: described,
    metrics: {},
    verdict: 'hold',
    reasons: [`imported from ${url}: it came trained, and the gate has not judged it`],
  };
  await publishVersion(store, manifest, files);
  return { manifest, repeated: false };
}

function describeFiles(files: VersionFiles): Manifest['files'] {
  const facts = VERSION_FILES.map((name) => [
    name,
    { sha256: sha256Hex(files[name]), bytes: files[name].byteLength },
  ]);
  return Object.fromEntries(facts) as Manifest['files'];
}
