/**
 * Where the files of a model are read from: a folder, an http(s) or file URL, a bucket, or a zip archive in any of them.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { reasonOf } from '../data-import/readers/input-file.ts';
import { parseStoreUrl, type StoreLocation } from '../node/store-url.ts';

/** Of one file, its body included. */
const TIMEOUT_MS = 60_000;

/** Why a file was not read. */
export interface ReadProblem {
  /** There is none, or a web page that says so. */
  readonly absent: boolean;
  readonly message: string;
}

type Read = Result<Uint8Array, ReadProblem>;

/** Somewhere files are read from. */
export interface Folder {
  /** The address of `modelFile`, without secrets. */
  readonly url: string;
  /** What is read first: a model.json, or the one file that the source is. */
  readonly modelFile: string;
  /** @returns a file's bytes, at most `maxBytes`; the reason, which names the file, where it can't be read */
  readonly read: (path: string, maxBytes: number) => Promise<Read>;
  /** Names of the files that are there, where they can be listed; else none. */
  readonly names: () => Promise<readonly string[]>;
}

/** For `s3://` sources: the bucket, with the credentials at hand. */
export type OpenBucket = (location: StoreLocation) => ObjectStore;

/** Sources that are one file, and not a folder; what cannot be read is named by what it is (source-kinds.ts). */
const FILE_NAME =
  /^[^/]+\.(json|h5|hdf5|keras|zip|tflite|lite|task|onnx|pb|pt|pth|ckpt|safetensors|gguf|pkl|joblib|mlmodel)$/i;

const MODEL_FILE = 'model.json';

/**
 * Where `source` points to one file, the folder is what lies beside it; where it is a folder, its model file is looked
 * for there. Nothing is read yet; an error only where it is no URL, or a bucket that nobody can open.
 */
export async function openFolder(
  source: string,
  openBucket: OpenBucket | undefined,
): Promise<Result<Folder, string>> {
  if (source.startsWith('s3://')) return openBucketFolder(source, openBucket);
  const isUrl = /^(https?|file):\/\//.test(source);
  if (isUrl && !URL.canParse(source)) return err(`expected a URL, got ${JSON.stringify(source)}`);
  const url = isUrl ? new URL(source) : pathToFileURL(source);
  const isFile = FILE_NAME.test(lastPart(url.pathname)) && !(await isFolder(url));
  if (!isFile) url.pathname = `${url.pathname.replace(/\/+$/, '')}/${MODEL_FILE}`;
  return ok(openUrlFolder(url));
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

async function isFolder(url: URL): Promise<boolean> {
  if (url.protocol !== 'file:') return false;
  return stat(url).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** The files of an archive, by the folder in it that holds model.json. null where there is none. */
export function openArchive(files: ReadonlyMap<string, Uint8Array>, where: string): Folder | null {
  const [found] = [...files.keys()]
    .filter((path) => lastPart(path) === MODEL_FILE)
    .sort((a, b) => a.split('/').length - b.split('/').length || (a < b ? -1 : 1));
  if (found === undefined) return null;
  const root = found.slice(0, -MODEL_FILE.length);
  return {
    url: `${where}/${found}`,
    modelFile: MODEL_FILE,
    read: async (path, maxBytes) => {
      const bytes = files.get(`${root}${path}`);
      if (bytes === undefined) return absent(`${where}: there is no ${root}${path} in it`);
      return bytes.byteLength > maxBytes ? failed(tooLong(path, maxBytes, bytes.byteLength)) : ok(bytes);
    },
    names: async () =>
      [...files.keys()].filter((path) => path.startsWith(root)).map((path) => path.slice(root.length)),
  };
}

function openBucketFolder(source: string, openBucket: OpenBucket | undefined): Result<Folder, string> {
  const last = lastPart(source);
  const isFile = FILE_NAME.test(last) && source !== `s3://${last}`;
  const root = (isFile ? source.slice(0, -last.length) : source).replace(/\/+$/, '');
  const location = parseStoreUrl(root);
  if (!location.ok) return location;
  if (openBucket === undefined) return err(`${source}: no bucket can be read here`);
  const store = openBucket(location.value);
  const modelFile = isFile ? last : MODEL_FILE;
  return ok({
    url: `${root}/${modelFile}`,
    modelFile,
    read: async (path, maxBytes) => {
      const where = `${root}/${path}`;
      const object = await store.get(path);
      if (object === null) return absent(`${where}: there is no such object`);
      const { byteLength } = object.bytes;
      return byteLength > maxBytes ? failed(tooLong(where, maxBytes, byteLength)) : ok(object.bytes);
    },
    names: async () => (await store.list('')).slice(0, MOST_NAMES),
  });
}

const MOST_NAMES = 200;

function openUrlFolder(url: URL): Folder {
  const modelFile = lastPart(url.pathname);
  const root = new URL('.', url).href;
  return {
    url: describeUrl(url),
    modelFile: url.protocol === 'file:' ? decodeURIComponent(modelFile) : modelFile,
    read: async (path, maxBytes) => {
      const file = path === modelFile ? new URL(url) : new URL(path, url);
      if (!file.href.startsWith(root))
        return failed(`weightsManifest: the path ${JSON.stringify(path)} leaves the model's folder`);
      // A query may be what opens the folder: a signature, a format.
      file.search = url.search;
      return file.protocol === 'file:' ? readLocal(file, maxBytes) : download(file, maxBytes);
    },
    names: async () =>
      url.protocol === 'file:' ? await readdir(fileURLToPath(root)).catch((): string[] => []) : [],
  };
}

async function readLocal(file: URL, maxBytes: number): Promise<Read> {
  try {
    const { size } = await stat(file);
    if (size > maxBytes) return failed(tooLong(describeUrl(file), maxBytes, size));
    return ok(new Uint8Array(await readFile(file)));
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return err({ absent: isAbsent, message: `${describeUrl(file)}: ${reasonOf(error)}` });
  }
}

async function download(file: URL, maxBytes: number): Promise<Read> {
  const where = describeUrl(file);
  try {
    const response = await fetch(file, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const problem = responseProblem(response);
    if (problem !== null) {
      await response.body?.cancel();
      return err({ ...problem, message: `${where}: ${problem.message}` });
    }
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) return failed(tooLong(where, maxBytes, bytes));
      chunks.push(chunk);
    }
    return ok(new Uint8Array(Buffer.concat(chunks)));
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError')
      return failed(`${where}: no whole answer within ${TIMEOUT_MS / 1_000} s`);
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return failed(`${where}: the download broke off: ${reasonOf(cause)}`);
  }
}

function responseProblem({ ok: isOk, status, headers }: Response): ReadProblem | null {
  if (status === 404) return { absent: true, message: 'expected status 200, got 404: nothing is there' };
  if (!isOk)
    return { absent: status === 403 || status === 410, message: `expected status 200, got ${status}` };
  // Hosts answer wrong addresses with their front page.
  const type = headers.get('content-type') ?? '';
  return type.startsWith('text/html')
    ? { absent: true, message: 'expected a file of the model, got a web page (text/html)' }
    : null;
}

function absent(message: string): Read {
  return err({ absent: true, message });
}

function failed(message: string): Read {
  return err({ absent: false, message });
}

function tooLong(where: string, maxBytes: number, bytes: number): string {
  return `${where}: expected at most ${maxBytes} bytes, got ${bytes} or more`;
}

/** Without a user name and password or a query, which may carry secrets. */
function describeUrl(url: URL): string {
  if (url.protocol === 'file:') return decodeURIComponent(url.pathname);
  return `${url.origin}${url.pathname}`;
}
