/**
 * Imports a complete model, a classifier or one that predicts a number, as a version that serves without having been
 * trained here: its dense layers become the version's head, what is before them its base, so that the nights that
 * follow train on from it.
 *
 * The gate has not judged it: its verdict is `hold`, and a person promotes it with a reason.
 */
import { describeFiles } from '../model/file-facts.ts';
import { outputShapeOf } from '../../shared/model/plan/plan.ts';
import { randomHex, sha256Hex } from '../../shared/digest.ts';
import { compileModel } from '../compile/compile.ts';
import type { CompiledPlan } from '../compile/emit.ts';
import type { DenseLayer } from '../model/head.ts';
import { encodedShape, encodedSize } from '../../shared/model/spec/input.ts';
import { createModel, loadSpec, specDigest } from '../../shared/model/spec/load-spec.ts';
import type { InputKind, Resize } from '../../shared/model/spec/spec-bounds.ts';
import { type Feature, type Spec, specSchema } from '../../shared/model/spec/spec.ts';
import { foldScaling, type SplitModel, splitHead } from './split-head.ts';
import { outputWidth } from '../../shared/model/spec/task.ts';
import { sizeOf, type Shape } from '../../shared/model/plan/tensor.ts';
import { decodeWeights } from '../compile/weights.ts';
import { describeIssues } from '../../shared/registry/store/json.ts';
import type { Constants, Manifest, Target } from '../../shared/registry/versions/manifest.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { claimVersion, loadManifest, publishVersion } from '../../shared/registry/versions/versions.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { encodeHead, type VersionFiles } from '../run/candidate-files.ts';
import { chooseOutput, type PreparedBase, prepareBase, storeBase } from './base-import.ts';
import { type BaseSource, loadBaseSource, type SourceOptions } from './base-source.ts';
import { describeTaken } from '../registry/delete-model.ts';
import { type ExportFacts, readExportFacts } from './export-facts.ts';
import { describeDuplicates, numberDuplicates } from './labels-file.ts';
import { compareModel } from './model-agreement.ts';
import { chooseKind, inputOf, type InputRequest, misfitOfInput } from './model-input.ts';
import {
  choosePixels,
  describeTwice,
  type LeadingScaling,
  leadingScaling,
  type PixelChoice,
} from './pixel-scaling.ts';

export interface ModelImportRequest extends SourceOptions {
  readonly store: ObjectStore;
  readonly model: string;
  readonly source: string;
  /** Of a classifier, in the order of the model's outputs; null: those of the model's spec, where it has one. */
  readonly labels: readonly string[] | null;
  /** The number that the model predicts; null as above. */
  readonly target?: Target | null;
  /** Rows of numbers: their names, in order. Default: x1, x2, … */
  readonly features?: readonly string[] | null;
  /** What its input is; null: as its files say. */
  readonly kind?: InputKind | null;
  /** Images: the model sees `pixel * scale + offset`. */
  readonly scale?: number | undefined;
  readonly offset?: number | undefined;
  /** Images: how files of another size are read. */
  readonly resize?: Resize | undefined;
  /** Which layer or node answers; needed where the model has several outputs. */
  readonly layer?: string | null;
  /** Labels that stand twice become `crane` and `crane 2`. */
  readonly numberDuplicates?: boolean;
  readonly now: Date;
}

export interface ImportedModel {
  readonly manifest: Manifest;
  readonly spec: Spec;
  /** It was there already; nothing was written. */
  readonly repeated: boolean;
  /** How the files' own end became the head's. */
  readonly ending: SplitModel['ending'];
  /** What they end with, where it is no dense layer: the head changes nothing until it is trained. */
  readonly endsWith: string | null;
  /** Of what will serve, against TensorFlow.js on the files as they came. */
  readonly relativeError: number;
  /** What was found out and a person should know; `warnings` may be mistakes. */
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
}

/** What the files are, divided. */
interface Divided {
  readonly source: BaseSource;
  /** The layer or node that answers. */
  readonly output: string;
  readonly compiled: CompiledPlan;
  readonly task: Spec['task'];
  readonly split: SplitModel;
  readonly head: readonly DenseLayer[];
  readonly constants: Constants | null;
  readonly inputShape: Shape;
  readonly kind: InputKind;
  /** null of what is no picture, and where the model's spec says it already. */
  readonly pixels: PixelChoice | null;
  readonly leading: LeadingScaling | null;
}

/**
 * Nothing is written before all of it is known to be sound.
 *
 * @returns the version; an error that names what can't run, can't be trained on, or contradicts the model's spec
 */
export async function importModel(given: ModelImportRequest): Promise<Result<ImportedModel, string>> {
  const present = await loadSpec(given.store, given.model);
  if (!present.ok && present.error.kind !== 'unknown-model') return err(present.error.detail);
  const own = present.ok ? present.value.spec : null;
  const source = await loadBaseSource(given.source, given);
  if (!source.ok) return source;
  const facts = await readExportFacts(source.value);
  if (!facts.ok) return facts;
  const asked = withFacts(given, facts.value);
  if (!asked.ok) return asked;
  const request = asked.value;
  const task = askedTask(request, own);
  if (!task.ok) return task;
  const divided = await divide(request, source.value, facts.value, task.value, own);
  if (!divided.ok) return divided;
  const misfit =
    own === null ? misfitOfRequest(request, divided.value) : misfitOfSpec(own, given, request, divided.value);
  if (misfit !== null) return err(misfit);
  const base = await prepareFront(request, divided.value, own?.base ?? null);
  if (!base.ok) return base;
  const spec = own === null ? newSpec(request, divided.value, base.value) : withBase(own, base.value);
  if (!spec.ok) return spec;
  const files = encodeHead(divided.value.head);
  const pixels = spec.value.input.kind === 'image' ? spec.value.input : null;
  const agreed = await compareModel(
    {
      ...divided.value,
      base: base.value,
      files,
      pixels,
      constants: facts.value?.constants ? null : divided.value.constants,
      answer: facts.value?.answer ?? null,
    },
    request.onProgress,
  );
  if (!agreed.ok) return agreed;

  if (base.value !== null) await storeBase(request.store, base.value);
  if (own === null && !(await createModel(request.store, spec.value)))
    return err(await describeTaken(request.store, request.model));
  const published = await publish(request, spec.value, divided.value, files);
  const { ending, endsWith } = divided.value.split;
  const said = whatToSay(facts.value, request, given, spec.value, divided.value);
  return ok({ ...published, ...said, spec: spec.value, ending, endsWith, relativeError: agreed.value });
}

type ImportContext = ModelImportRequest & { readonly input: InputRequest };

/** What whoever asks leaves open, an exporter's file may say. */
function withFacts(request: ModelImportRequest, facts: ExportFacts | null): Result<ImportContext, string> {
  const { labels, target = null } = request;
  const silent = labels === null && target === null;
  const all = {
    ...request,
    labels: silent ? (facts?.labels ?? null) : labels,
    target: silent ? (facts?.target ?? null) : target,
    input: {
      kind: request.kind ?? null,
      features: request.features ?? null,
      told: facts?.input ?? null,
    },
  };
  const twice = all.labels === null ? null : describeDuplicates(all.labels);
  if (twice === null || all.labels === null) return ok(all);
  if (request.numberDuplicates === true) return ok({ ...all, labels: numberDuplicates(all.labels) });
  return err(
    `labels: expected different ones, got ${twice} (counted from 0): --number-duplicates numbers them`,
  );
}

function whatToSay(
  facts: ExportFacts | null,
  request: ImportContext,
  given: ModelImportRequest,
  { input, name }: Spec,
  { pixels, leading }: Divided,
): Pick<ImportedModel, 'notes' | 'warnings'> {
  const own =
    pixels === null && leading !== null && input.kind === 'image' ? describeTwice(input, leading) : null;
  const notes = [
    facts?.labels && given.labels === null
      ? `labels from ${facts.from}: ${request.labels?.join(', ')}`
      : null,
    facts?.target && given.target === undefined ? `target from ${facts.from}: ${request.target?.name}` : null,
    pixels?.note ?? null,
  ];
  const warnings = [pixels?.warning ?? null, own === null ? null : `${name}: ${own}`];
  const told = (text: string | null): string[] => (text === null ? [] : [text]);
  return { notes: notes.flatMap(told), warnings: warnings.flatMap(told) };
}

/** What the model is asked to be, or is already; null where neither says. */
function askedTask(
  { model, labels, target = null }: ModelImportRequest,
  own: Spec | null,
): Result<Spec['task'] | null, string> {
  if (labels !== null && target !== null)
    return err('expected labels (a classifier) or a target (a number), got both');
  const asked = labels !== null ? 'classification' : target !== null ? 'regression' : null;
  if (own === null) return ok(asked);
  if (asked === null || asked === own.task) return ok(own.task);
  return err(
    own.task === 'regression'
      ? `${model} predicts a number (${own.target.name}), and has no labels`
      : `${model} says which of its ${own.labels.length} labels an example has, and predicts no number`,
  );
}

async function divide(
  request: ImportContext,
  source: BaseSource,
  facts: ExportFacts | null,
  task: Spec['task'] | null,
  own: Spec | null,
): Promise<Result<Divided, string>> {
  const { model } = source;
  const weights = decodeWeights(model, source.weights);
  if (!weights.ok) return err(weights.error.message);
  const output = chooseOutput(model, request.layer ?? null);
  if (!output.ok) return output;
  const compiled = compileModel(model, weights.value, { output: output.value });
  if (!compiled.ok) return err(compiled.error.message);
  if (task === null) return err(describeChoice(sizeOf(outputShapeOf(compiled.value.plan))));
  const split = splitHead(compiled.value, task);
  if (!split.ok) return err(`the model can't serve as a version: ${split.error}`);
  const { inputShape } = compiled.value.plan;
  const scaled = scaleInput(split.value, own, facts?.constants ?? null);
  const kind = own === null ? chooseKind(request.input, inputShape) : ok(own.input.kind);
  if (!kind.ok) return kind;
  const leading = inputShape.length === 3 ? leadingScaling(compiled.value) : null;
  const pixels = own === null && kind.value === 'image' ? choosePixels(request, facts, leading) : null;
  return ok({
    source,
    output: output.value,
    compiled: compiled.value,
    task,
    split: split.value,
    inputShape,
    kind: kind.value,
    pixels,
    leading,
    ...scaled,
    head: facts?.answer ? scaleAnswer(scaled.head, facts.answer) : scaled.head,
  });
}

/** The last layer of a number, which is linear, in the target's unit. */
function scaleAnswer(
  head: readonly DenseLayer[],
  { scale, offset }: NonNullable<ExportFacts['answer']>,
): DenseLayer[] {
  const last = head.at(-1) as DenseLayer;
  const kernel = { ...last.kernel, data: last.kernel.data.map((weight) => weight * scale) };
  const bias = { ...last.bias, data: last.bias.data.map((shift) => shift * scale + offset) };
  return [...head.slice(0, -1), { ...last, kernel, bias }];
}

/** To whoever has not said what a new model predicts. */
function describeChoice(outputs: number): string {
  return outputs === 1
    ? 'the model has 1 output: expected a target, the number that it is, or 2 labels, the second of which it is the probability of; got neither'
    : `expected ${outputs} labels, one an output of the model, got none`;
}

/**
 * The scaling in front of rows becomes the version's constants, or where categories are among them, of its first layer.
 * What an exporter's file says of it comes before what the model does itself.
 */
function scaleInput(
  { head, constants }: SplitModel,
  own: Spec | null,
  told: Constants | null,
): Pick<Divided, 'head' | 'constants'> {
  const [first, ...others] = head;
  if (first === undefined) return { head, constants: told };
  if (told !== null)
    return { head: constants === null ? head : [foldScaling(constants, first), ...others], constants: told };
  if (constants === null) return { head, constants: null };
  const numbers = own?.input.kind !== 'tabular' || own.input.features.every(isNumber);
  if (!numbers) return { head: [foldScaling(constants, first), ...others], constants: null };
  return { head, constants: { mean: [...constants.mean], scale: [...constants.scale] } };
}

function isNumber({ type, missing }: Feature): boolean {
  return type === 'number' && !missing;
}

async function prepareFront(
  request: ImportContext,
  { split, source, inputShape }: Divided,
  rather: string | null,
): Promise<Result<PreparedBase | null, string>> {
  if (split.base === null) return ok(null);
  const { output, shape } = split.base;
  // Of pictures the mean of each channel, if anything is left to average; of rows every number.
  const pooling = inputShape.length === 3 || shape.length === 1 ? 'auto' : 'flatten';
  return prepareBase({ ...request, output, pooling, rather }, source);
}

function outputsOf(head: readonly DenseLayer[]): number {
  return sizeOf(head.at(-1)?.bias.shape ?? []);
}

/** What a new model is asked to be that the files are not. */
function misfitOfRequest(
  { labels, input, scale, offset, resize }: ImportContext,
  facts: Divided,
): string | null {
  const outputs = outputsOf(facts.head);
  if (labels !== null && labels.length !== outputs) {
    const what =
      facts.split.ending === 'sigmoid' || facts.split.ending === 'logit'
        ? '2 labels (the one output is the probability of the second)'
        : `${outputs} labels, one an output of the model`;
    const spare = labels.length === outputs + 1 && /^background$/i.test(labels[0] ?? '');
    const hint = spare ? ': the first, "background", is of models with one output more; leave it out' : '';
    return `expected ${what}, got ${labels.length}${hint}`;
  }
  const asksOfPixels = scale !== undefined || offset !== undefined || resize !== undefined;
  const toldSize = input.told?.kind === 'tabular' ? encodedSize(input.told) : null;
  return misfitOfInput(facts.kind, input, asksOfPixels, toldSize, facts.inputShape);
}

/** What the spec says that the files contradict. */
function misfitOfSpec(
  spec: Spec,
  { model, features, kind = null, scale, offset, resize }: ModelImportRequest,
  { labels, target = null }: ImportContext,
  { head, inputShape }: Divided,
): string | null {
  const outputs = outputsOf(head);
  const shape = encodedShape(spec.input);
  const fits =
    spec.input.kind === 'tabular' ? shape[0] === sizeOf(inputShape) : shape.join() === inputShape.join();
  if (!fits || (spec.input.kind === 'tabular' && inputShape.length === 3))
    return `the files read [${inputShape.join(',')}], the spec of ${model} says [${shape.join(',')}]`;
  if (outputWidth(spec) !== outputs)
    return `the files have ${outputs} outputs, the spec of ${model} has ${outputWidth(spec)} labels`;
  if (spec.task === 'classification' && labels !== null && labels.join('\n') !== spec.labels.join('\n'))
    return `${model} has other labels: ${spec.labels.slice(0, 10).join(', ')}`;
  if (spec.task === 'regression' && target !== null && JSON.stringify(target) !== JSON.stringify(spec.target))
    return `${model} has another target: ${[spec.target.name, spec.target.unit].filter(Boolean).join(' in ')}`;
  if (features || kind !== null || scale !== undefined || offset !== undefined || resize !== undefined)
    return `${model} is there already, and says itself how its input is read`;
  return null;
}

function withBase(spec: Spec, base: PreparedBase | null): Result<Spec, string> {
  if (spec.base === (base?.manifest.digest ?? null)) return ok(spec);
  const [got, wanted] = [base?.manifest.digest, spec.base].map((digest) => digest?.slice(0, 12) ?? 'none');
  return err(`the files' base is ${got}, that of ${spec.name} is ${wanted}: create another model instead`);
}

function newSpec(
  request: ImportContext,
  { task, head, inputShape, kind, pixels }: Divided,
  base: PreparedBase | null,
): Result<Spec, string> {
  const spec = specSchema.safeParse({
    format: 'holdfast-spec/1',
    name: request.model,
    task,
    input: inputOf(kind, request.input, pixels, inputShape),
    ...(task === 'classification' ? { labels: request.labels } : { target: request.target }),
    base: base?.manifest.digest ?? null,
    head: head.slice(0, -1).map(({ bias, activation }) => ({ units: sizeOf(bias.shape), activation })),
    salt: randomHex(32),
  });
  return spec.success ? ok(spec.data) : err(`the spec of ${request.model}: ${describeIssues(spec.error)}`);
}

async function publish(
  { store, model, now }: ModelImportRequest,
  spec: Spec,
  { source, constants }: Divided,
  files: VersionFiles,
): Promise<{ readonly manifest: Manifest; readonly repeated: boolean }> {
  const described = describeFiles(files);
  // The same files become one version, however often they are imported.
  const content = [spec.base, described, ...(constants === null ? [] : [constants])];
  const run = `import-${sha256Hex(JSON.stringify(content)).slice(0, 16)}`;
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
    ...(spec.task === 'classification' ? { labels: spec.labels } : { labels: [], target: spec.target }),
    constants,
    files: described,
    metrics: {},
    verdict: 'hold',
    reasons: [`imported from ${source.url}: it came trained, and the gate has not judged it`],
  };
  await publishVersion(store, manifest, files);
  return { manifest, repeated: false };
}
