/**
 * The files of a model, read: a tfjs model of either format, or what Keras saves itself, in one form.
 */
import { parseTfjsModel, type TfjsModel } from '../compile/tfjs-model.ts';
import { byteLengthOf, listWeightFiles, type WeightGroup } from '../compile/weights.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { isObject, type Json } from './json-object.ts';
import { type KerasModel, readH5, readKeras } from './keras/keras-file.ts';
import { toKeras2, type TopologyNotes } from './keras/keras-topology.ts';
import { type NamedWeight, renameWeights } from './keras/keras-weights.ts';
import { type Folder, openArchive, type OpenBucket, openFolder } from './model-folder.ts';
import { describeContents, kindOfSource } from './source-kinds.ts';
import { readZip } from '../zip-file.ts';

export interface SourceLimits {
  readonly maxJsonBytes: number;
  /** Of all shards together: more could not be served from an isolate's 128 MB. */
  readonly maxWeightsBytes: number;
}

export const SOURCE_LIMITS: SourceLimits = { maxJsonBytes: 32_000_000, maxWeightsBytes: 256_000_000 };

export interface SourceOptions {
  readonly openBucket?: OpenBucket;
  /** What has been read of the weights. */
  readonly onProgress?: (text: string) => void;
  readonly limits?: SourceLimits;
}

export interface SourceFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface BaseSource {
  /** Where it came from, as it is recorded. */
  readonly url: string;
  /** A `model.json` that TensorFlow.js reads: the file as it stands, or in Keras 2's words. */
  readonly json: unknown;
  readonly model: TfjsModel;
  /** All weights in one piece, in the order in which `json` describes them. A plain array: a Buffer slices otherwise. */
  readonly weights: Uint8Array<ArrayBuffer>;
  /** As they came: `model.json` first, then the shards in their order; or the one file. */
  readonly files: readonly SourceFile[];
  /** Reads another file beside the model's; null where there is none. */
  readonly beside: (path: string) => Promise<Result<Uint8Array | null, string>>;
}

/**
 * @param source  a folder, a `model.json`, a `.keras`, `.h5` or zip file, the URL of any, or `s3://bucket/prefix`
 * @returns all files; the first one that is missing or too short, or what the model has that can't be read
 */
export async function loadBaseSource(
  source: string,
  { openBucket, onProgress = () => {}, limits = SOURCE_LIMITS }: SourceOptions = {},
): Promise<Result<BaseSource, string>> {
  const folder = await openFolder(source, openBucket);
  if (!folder.ok) return folder;
  const { url, modelFile, read, names } = folder.value;
  const isJson = modelFile.endsWith('.json');
  const bytes = await read(modelFile, isJson ? limits.maxJsonBytes : limits.maxWeightsBytes);
  if (!bytes.ok) {
    const { absent, message } = bytes.error;
    const isFolder = absent && modelFile === 'model.json';
    const instead = isFolder ? describeContents(await names(), url.slice(0, -modelFile.length - 1)) : null;
    return err(instead ?? message);
  }
  const kind = kindOfSource(bytes.value, url);
  if (typeof kind === 'object') return err(kind.refusal);
  const context = { folder: folder.value, onProgress, limits };
  const file = { path: modelFile, bytes: bytes.value };
  if (kind === 'json') return fromModelJson(file, context);
  if (kind === 'hdf5') return fromKeras(await readH5(file.bytes, url), file, context);
  return fromArchive(file, context);
}

interface Loading {
  readonly folder: Folder;
  readonly onProgress: (text: string) => void;
  readonly limits: SourceLimits;
}

async function fromArchive(file: SourceFile, context: Loading): Promise<Result<BaseSource, string>> {
  const { folder, limits } = context;
  const maxBytes = limits.maxJsonBytes + limits.maxWeightsBytes;
  const files = readZip(file.bytes, folder.url, maxBytes);
  if (!files.ok) return files;
  if (files.value.has('model.weights.h5'))
    return fromKeras(await readKeras(file.bytes, folder.url, maxBytes), file, context);
  const inner = openArchive(files.value, folder.url);
  if (inner !== null) {
    const json = await inner.read(inner.modelFile, limits.maxJsonBytes);
    if (!json.ok) return err(json.error.message);
    return fromModelJson({ path: inner.modelFile, bytes: json.value }, { ...context, folder: inner });
  }
  const names = [...files.value.keys()];
  const shown = names.slice(0, 6).join(', ');
  return err(
    describeContents(names, folder.url) ??
      `${folder.url}: expected a model.json in the archive, got ${shown}`,
  );
}

async function fromModelJson(file: SourceFile, context: Loading): Promise<Result<BaseSource, string>> {
  const { folder, onProgress, limits } = context;
  const json = parseJsonText(folder.url, file.bytes);
  if (!json.ok) return json;
  const rewritten = isObject(json.value) ? toKeras2(json.value['modelTopology']) : null;
  if (rewritten?.ok === false) return err(rewritten.error);
  const spelt =
    rewritten === null ? json.value : { ...Object(json.value), modelTopology: rewritten.value.topology };
  const model = parseTfjsModel(isObject(json.value) && 'modelTopology' in json.value ? spelt : json.value);
  if (!model.ok) return err(model.error.message);
  const problem = checkSize(model.value.weightGroups, limits.maxWeightsBytes);
  if (problem !== null) return err(problem);
  const shards = await readShards(folder, model.value.weightGroups, onProgress);
  if (!shards.ok) return shards;
  const files = [file, ...shards.value];
  const bytes = new Uint8Array(Buffer.concat(shards.value.map((shard) => shard.bytes)));
  const facts = { url: folder.url, files, beside: besideOf(folder, limits) };
  const notes = rewritten?.value.notes;
  if (notes === undefined || notes.classes.size === 0)
    return ok({ ...facts, json: json.value, model: model.value, weights: bytes });
  const named = cutWeights(json.value, model.value.weightGroups, bytes);
  return assemble({
    ...facts,
    topology: rewritten?.value.topology,
    named,
    notes,
    json: Object(json.value) as Json,
  });
}

function fromKeras(
  read: Result<KerasModel, string>,
  file: SourceFile,
  { folder, limits }: Loading,
): Result<BaseSource, string> {
  if (!read.ok) return read;
  const topology = toKeras2(read.value.topology);
  if (!topology.ok) return topology;
  const json = { format: 'layers-model', generatedBy: 'keras', convertedBy: 'holdfast' };
  return assemble({
    url: folder.url,
    files: [file],
    beside: besideOf(folder, limits),
    topology: topology.value.topology,
    named: read.value.weights,
    notes: topology.value.notes,
    json,
  });
}

interface Parts extends Pick<BaseSource, 'url' | 'files' | 'beside'> {
  readonly topology: unknown;
  readonly named: readonly NamedWeight[];
  readonly notes: TopologyNotes;
  /** What else model.json says. */
  readonly json: Json;
}

function assemble({ topology, named, notes, json, ...facts }: Parts): Result<BaseSource, string> {
  const renamed = renameWeights(named, notes);
  if (!renamed.ok) return renamed;
  const weightsManifest = [{ paths: ['weights.bin'], weights: renamed.value.map(({ spec }) => spec) }];
  const written = { ...json, modelTopology: topology, weightsManifest };
  const model = parseTfjsModel(written);
  if (!model.ok) return err(model.error.message);
  const weights = new Uint8Array(Buffer.concat(renamed.value.map(({ bytes }) => bytes)));
  return ok({ ...facts, json: written, model: model.value, weights });
}

/** Each weight with its own bytes. */
function cutWeights(json: unknown, groups: readonly WeightGroup[], bytes: Uint8Array): NamedWeight[] {
  const { weightsManifest } = json as {
    readonly weightsManifest: readonly { weights: NamedWeight['spec'][] }[];
  };
  const specs = weightsManifest.flatMap(({ weights }) => weights);
  const sizes = groups.flatMap(({ weights }) => weights.map(byteLengthOf));
  let at = 0;
  return specs.map((spec, i) => {
    const end = at + (sizes[i] ?? 0);
    const own = bytes.subarray(at, end);
    at = end;
    return { spec, bytes: own };
  });
}

function besideOf({ read }: Folder, { maxJsonBytes }: SourceLimits): BaseSource['beside'] {
  return async (path) => {
    const bytes = await read(path, maxJsonBytes);
    if (bytes.ok) return bytes;
    return bytes.error.absent ? ok(null) : err(bytes.error.message);
  };
}

function parseJsonText(url: string, bytes: Uint8Array): Result<unknown, string> {
  const text = new TextDecoder().decode(bytes);
  try {
    return ok(JSON.parse(text));
  } catch {
    return err(
      `${url}: expected JSON, got ${text.trimStart().startsWith('<') ? 'a web page' : 'other text'}`,
    );
  }
}

function checkSize(groups: readonly WeightGroup[], maxBytes: number): string | null {
  const bytes = groups.reduce((total, group) => total + bytesOf(group), 0);
  return bytes <= maxBytes
    ? null
    : `weights: expected at most ${maxBytes} bytes, model.json describes ${bytes}`;
}

function bytesOf({ weights }: WeightGroup): number {
  return weights.reduce((total, weight) => total + byteLengthOf(weight), 0);
}

async function readShards(
  { read }: Folder,
  groups: readonly WeightGroup[],
  onProgress: (text: string) => void,
): Promise<Result<SourceFile[], string>> {
  const total = groups.reduce((sum, group) => sum + bytesOf(group), 0);
  const count = listWeightFiles({ weightGroups: groups }).length;
  const files: SourceFile[] = [];
  let done = 0;
  for (const group of groups) {
    const expected = bytesOf(group);
    let held = 0;
    for (const path of group.paths) {
      onProgress(
        `weights: ${megabytes(done + held)} of ${megabytes(total)}, file ${files.length + 1} of ${count}`,
      );
      const shard = await read(path, expected);
      if (!shard.ok) return err(shard.error.message);
      files.push({ path, bytes: shard.value });
      held += shard.value.byteLength;
    }
    if (held !== expected)
      return err(
        `${group.paths.join(', ')}: model.json describes ${expected} bytes, the shards hold ${held}`,
      );
    done += held;
  }
  return ok(files);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
