/**
 * Files that do not lie here: standard input, a web address, an object in a bucket. They are brought into a scratch file
 * first, because a file is read more than once.
 */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import { parseStoreUrl, type StoreLocation } from '../../node/store-url.ts';

/** To the first byte; a large file may take its time. */
const TIMEOUT_MS = 60_000;

export interface FetchedFile {
  /** Where it can be read. */
  readonly path: string;
  /** Removes what was brought. */
  readonly end: () => Promise<void>;
}

export interface FetchOptions {
  /** For `s3://`: the bucket, with the credentials at hand. */
  readonly openBucket?: (location: StoreLocation) => ObjectStore;
  readonly stdin?: AsyncIterable<Uint8Array>;
}

/** @param source  a path, which is taken as it is; `-`; an http(s) address; `s3://bucket/key` */
export async function fetchFile(
  source: string,
  { openBucket, stdin = process.stdin }: FetchOptions = {},
): Promise<Result<FetchedFile, string>> {
  if (source === '-') return spool('standard input', 'stdin', async () => ok(stdin));
  if (/^https?:\/\//.test(source)) {
    if (!URL.canParse(source)) return err(`expected a web address, got ${JSON.stringify(source)}`);
    const url = new URL(source);
    return spool(`${url.origin}${url.pathname}`, url.pathname, () => download(url));
  }
  if (source.startsWith('s3://')) {
    const parts = /^(s3:\/\/[^/]+)\/(.+)$/.exec(source);
    if (parts === null) return err(`${source}: expected s3://bucket/key`);
    const [, bucket = '', key = ''] = parts;
    const location = parseStoreUrl(bucket);
    if (!location.ok) return location;
    if (openBucket === undefined) return err(`${source}: no bucket can be read here`);
    const store = openBucket(location.value);
    return spool(source, key, async () => {
      const object = await store.get(key);
      return object === null ? err('there is no such object') : ok(Readable.from([object.bytes]));
    });
  }
  return ok({ path: source, end: async () => {} });
}

type Open = () => Promise<Result<AsyncIterable<Uint8Array>, string>>;

async function spool(where: string, path: string, openIt: Open): Promise<Result<FetchedFile, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-'));
  const end = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const opened = await openIt();
    if (opened.ok) {
      const file = join(folder, path.split('/').findLast((part) => part !== '') ?? 'file');
      await pipeline(opened.value, createWriteStream(file));
      return ok({ path: file, end });
    }
    await end();
    return err(`${where}: ${opened.error}`);
  } catch (error) {
    await end();
    return err(`${where}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function download(url: URL): Promise<Result<AsyncIterable<Uint8Array>, string>> {
  const given = new AbortController();
  const timer = setTimeout(
    () => given.abort(new Error(`no answer within ${TIMEOUT_MS / 1_000} s`)),
    TIMEOUT_MS,
  );
  try {
    const response = await fetch(url, { signal: given.signal });
    if (!response.ok || response.body === null)
      return err(`expected the file, got status ${response.status}`);
    return ok(Readable.fromWeb(response.body as ReadableStream<Uint8Array>));
  } finally {
    clearTimeout(timer);
  }
}
