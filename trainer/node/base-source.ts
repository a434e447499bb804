/**
 * The files of a tfjs LayersModel, from a folder or from an http(s) or file URL.
 */
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { type ModelJson, parseModelJson } from '../../shared/model/artifacts.ts';
import { listWeightFiles } from '../../shared/model/weights.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { reasonOf } from './readers/input-file.ts';

const TIMEOUT_MS = 60_000;

export interface SourceFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface BaseSource {
  /** Where it came from, as it is recorded. */
  readonly url: string;
  /** `model.json` as it stands. */
  readonly json: unknown;
  readonly model: ModelJson;
  /** `model.json` first, then the shards in their order. */
  readonly files: readonly SourceFile[];
}

/**
 * @param source  a folder, a `model.json`, or the URL of either
 * @returns all files; the first one that is missing, or what the model.json has that can't be read
 */
export async function loadBaseSource(source: string): Promise<Result<BaseSource, string>> {
  const url = modelUrl(source);
  const bytes = await load(url);
  if (!bytes.ok) return bytes;
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes.value));
  } catch {
    return err(`${describeUrl(url)}: expected JSON`);
  }
  const model = parseModelJson(json);
  if (!model.ok) return err(model.error.message);
  const files: SourceFile[] = [{ path: 'model.json', bytes: bytes.value }];
  for (const path of listWeightFiles(model.value)) {
    const shardUrl = new URL(path, url);
    if (!shardUrl.href.startsWith(new URL('.', url).href))
      return err(`weightsManifest: the path ${JSON.stringify(path)} leaves the model's folder`);
    const shard = await load(shardUrl);
    if (!shard.ok) return shard;
    files.push({ path, bytes: shard.value });
  }
  return ok({ url: describeUrl(url), json, model: model.value, files });
}

/** All shards in one piece, in the order in which model.json describes them. A plain array: a Buffer slices otherwise. */
export function concatShards({ files }: Pick<BaseSource, 'files'>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(files.slice(1).map(({ bytes }) => bytes)));
}

function modelUrl(source: string): URL {
  const url = /^(https?|file):\/\//.test(source) ? new URL(source) : pathToFileURL(source);
  if (!url.pathname.endsWith('.json')) url.pathname = `${url.pathname.replace(/\/+$/, '')}/model.json`;
  return url;
}

async function load(url: URL): Promise<Result<Uint8Array, string>> {
  try {
    if (url.protocol === 'file:') return ok(new Uint8Array(await readFile(url)));
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) return err(`${url.href}: expected status 200, got ${response.status}`);
    return ok(new Uint8Array(await response.arrayBuffer()));
  } catch (error) {
    const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return err(`${describeUrl(url)}: ${reasonOf(reason)}`);
  }
}

/** Without a user name and password, which a URL may carry; files by their name alone. */
function describeUrl(url: URL): string {
  if (url.protocol === 'file:') return decodeURIComponent(url.pathname);
  return `${url.origin}${url.pathname}`;
}
