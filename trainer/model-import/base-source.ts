/**
 * The files of a tfjs model, from a folder, from an http(s) or file URL, or from a bucket.
 */
import { readFile, stat } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { parseTfjsModel, type TfjsModel } from '../compile/tfjs-model.ts';
import { byteLengthOf, listWeightFiles, type WeightGroup } from '../compile/weights.ts';
import type { ObjectStore } from '../../shared/registry/store.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { reasonOf } from '../data-import/readers/input-file.ts';
import { parseStoreUrl, type StoreLocation } from '../node/store-url.ts';

/** Of one file, its body included. */
const TIMEOUT_MS = 60_000;

export interface SourceLimits {
  readonly maxJsonBytes: number;
  /** Of all shards together: more could not be served from an isolate's 128 MB. */
  readonly maxWeightsBytes: number;
}

export const SOURCE_LIMITS: SourceLimits = { maxJsonBytes: 32_000_000, maxWeightsBytes: 256_000_000 };

export interface SourceOptions {
  /** For `s3://` sources: the bucket, with the credentials at hand. */
  readonly openBucket?: (location: StoreLocation) => ObjectStore;
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
  /** `model.json` as it stands. */
  readonly json: unknown;
  readonly model: TfjsModel;
  /** `model.json` first, then the shards in their order. */
  readonly files: readonly SourceFile[];
}

/** Somewhere files are read from. */
interface Folder {
  /** The address of its model.json, without secrets. */
  readonly url: string;
  readonly modelFile: string;
  /** @returns a file's bytes, at most `maxBytes`; the reason, which names the file, where it can't be read */
  readonly read: (path: string, maxBytes: number) => Promise<Result<Uint8Array, string>>;
}

/**
 * @param source  a folder, a `model.json`, the URL of either, or `s3://bucket/prefix`
 * @returns all files; the first one that is missing or too short, or what the model.json has that can't be read
 */
export async function loadBaseSource(
  source: string,
  { openBucket, onProgress = () => {}, limits = SOURCE_LIMITS }: SourceOptions = {},
): Promise<Result<BaseSource, string>> {
  const folder = openFolder(source, openBucket);
  if (!folder.ok) return folder;
  const { url, modelFile, read } = folder.value;
  const bytes = await read(modelFile, limits.maxJsonBytes);
  if (!bytes.ok) return bytes;
  const json = parseJsonText(url, bytes.value);
  if (!json.ok) return json;
  const model = parseTfjsModel(json.value);
  if (!model.ok) return err(model.error.message);
  const problem = checkSize(model.value.weightGroups, limits.maxWeightsBytes);
  if (problem !== null) return err(problem);
  const shards = await readShards(folder.value, model.value.weightGroups, onProgress);
  if (!shards.ok) return shards;
  const files = [{ path: 'model.json', bytes: bytes.value }, ...shards.value];
  return ok({ url, json: json.value, model: model.value, files });
}

/** All shards in one piece, in the order in which model.json describes them. A plain array: a Buffer slices otherwise. */
export function concatShards({ files }: Pick<BaseSource, 'files'>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(files.slice(1).map(({ bytes }) => bytes)));
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
      if (!shard.ok) return shard;
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

function openFolder(source: string, openBucket: SourceOptions['openBucket']): Result<Folder, string> {
  if (source.startsWith('s3://')) return openBucketFolder(source, openBucket);
  const isUrl = /^(https?|file):\/\//.test(source);
  if (isUrl && !URL.canParse(source)) return err(`expected a URL, got ${JSON.stringify(source)}`);
  return ok(openUrlFolder(isUrl ? new URL(source) : pathToFileURL(source)));
}

function openBucketFolder(source: string, openBucket: SourceOptions['openBucket']): Result<Folder, string> {
  const parts = /^(s3:\/\/.*?)(?:\/([^/]+\.json))?\/*$/.exec(source);
  const location = parseStoreUrl(parts?.[1] ?? source);
  if (!location.ok) return location;
  if (openBucket === undefined) return err(`${source}: no bucket can be read here`);
  const store = openBucket(location.value);
  const modelFile = parts?.[2] ?? 'model.json';
  return ok({
    url: `${parts?.[1]}/${modelFile}`,
    modelFile,
    read: async (path, maxBytes) => {
      const where = `${parts?.[1]}/${path}`;
      const object = await store.get(path);
      if (object === null) return err(`${where}: there is no such object`);
      const { byteLength } = object.bytes;
      return byteLength > maxBytes ? err(tooLong(where, maxBytes, byteLength)) : ok(object.bytes);
    },
  });
}

function openUrlFolder(url: URL): Folder {
  if (!url.pathname.endsWith('.json')) url.pathname = `${url.pathname.replace(/\/+$/, '')}/model.json`;
  const modelFile = url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
  const root = new URL('.', url).href;
  return {
    url: describeUrl(url),
    modelFile,
    read: async (path, maxBytes) => {
      const file = new URL(path, url);
      if (!file.href.startsWith(root))
        return err(`weightsManifest: the path ${JSON.stringify(path)} leaves the model's folder`);
      // A query may be what opens the folder: a signature, a format.
      file.search = url.search;
      return file.protocol === 'file:' ? readLocal(file, maxBytes) : download(file, maxBytes);
    },
  };
}

async function readLocal(file: URL, maxBytes: number): Promise<Result<Uint8Array, string>> {
  try {
    const { size } = await stat(file);
    if (size > maxBytes) return err(tooLong(describeUrl(file), maxBytes, size));
    return ok(new Uint8Array(await readFile(file)));
  } catch (error) {
    return err(`${describeUrl(file)}: ${reasonOf(error)}`);
  }
}

async function download(file: URL, maxBytes: number): Promise<Result<Uint8Array, string>> {
  const where = describeUrl(file);
  try {
    const response = await fetch(file, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const problem = responseProblem(response);
    if (problem !== null) {
      await response.body?.cancel();
      return err(`${where}: ${problem}`);
    }
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) return err(tooLong(where, maxBytes, bytes));
      chunks.push(chunk);
    }
    return ok(new Uint8Array(Buffer.concat(chunks)));
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError')
      return err(`${where}: no whole answer within ${TIMEOUT_MS / 1_000} s`);
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return err(`${where}: the download broke off: ${reasonOf(cause)}`);
  }
}

function responseProblem({ ok: isOk, status, headers }: Response): string | null {
  if (status === 404) return 'expected status 200, got 404: nothing is there';
  if (!isOk) return `expected status 200, got ${status}`;
  // Hosts answer wrong addresses with their front page.
  const type = headers.get('content-type') ?? '';
  return type.startsWith('text/html') ? 'expected a file of the model, got a web page (text/html)' : null;
}

function tooLong(where: string, maxBytes: number, bytes: number): string {
  return `${where}: expected at most ${maxBytes} bytes, got ${bytes} or more`;
}

/** Without a user name and password or a query, which may carry secrets. */
function describeUrl(url: URL): string {
  if (url.protocol === 'file:') return decodeURIComponent(url.pathname);
  return `${url.origin}${url.pathname}`;
}
