/**
 * The object store over the S3 API: R2, S3, MinIO, Ceph, or the local endpoint of `npm start`. For Node only.
 *
 * ETags are kept without their quotes, so they read the same as those of the R2 binding. Every failure that is not
 * part of the contract is thrown as a StoreError.
 */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  RETRY_POLICY,
  type ExistingObject,
  putConditionally,
  type PutAttempt,
  WRITER,
} from '../../shared/registry/store/conditional-put.ts';
import type {
  ObjectStore,
  PutCondition,
  PutOutcome,
  StoredObject,
} from '../../shared/registry/store/store.ts';
import { proxyAgents } from './proxy.ts';
import { nameOf, statusOf, type StoreFacts, toStoreError } from './s3-errors.ts';

export interface S3StoreOptions {
  readonly bucket: string;
  /** Put before every key, with a slash between. */
  readonly prefix?: string;
  /** Of a server that is not AWS. */
  readonly endpoint?: string;
  /** Default: the profile's; else, at an endpoint, `auto`, which R2 and the local one want. */
  readonly region?: string;
  /** Default: the SDK's chain (environment with its session token, profile, single sign-on, instance role). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Where the bucket's name stands in a URL. Default: `path` at an endpoint, `virtual` (in the host) at AWS. */
  readonly addressing?: Addressing;
  /** Whether every request carries a checksum, which some buckets demand and older servers can't read. */
  readonly checksums?: Checksums;
}

export const ADDRESSINGS = ['path', 'virtual'] as const;
export type Addressing = (typeof ADDRESSINGS)[number];
export const CHECKSUMS = ['when-required', 'when-supported'] as const;
export type Checksums = (typeof CHECKSUMS)[number];

/** Sends of one request, the first one included. */
const MAX_ATTEMPTS = 4;

/**
 * Makes no request until it is asked for something; credentials that are not given are looked for as the AWS SDK does.
 */
export function createS3Store(options: S3StoreOptions): ObjectStore {
  const facts: StoreFacts = {
    bucket: options.bucket,
    endpoint: options.endpoint ?? null,
    accessKeyId: options.credentials?.accessKeyId ?? process.env['AWS_ACCESS_KEY_ID'] ?? null,
  };
  const bucket = createBucket(createClient(options, MAX_ATTEMPTS), createClient(options, 1), options);
  const named = <A extends unknown[], T>(call: (...args: A) => Promise<T>) => {
    return (...args: A): Promise<T> =>
      call(...args).catch((error: unknown) => {
        throw toStoreError(error, facts);
      });
  };
  return {
    get: named(bucket.get),
    getRange: named(bucket.getRange),
    put: named((key: string, bytes: Uint8Array, condition?: PutCondition) =>
      condition === undefined ? bucket.put(key, bytes) : sendConditionally(bucket, key, bytes, condition),
    ),
    list: named(bucket.list),
    folders: named(bucket.folders),
    delete: named(bucket.delete),
  };
}

function createClient(options: S3StoreOptions, maxAttempts: number): S3Client {
  const { endpoint, credentials, addressing = endpoint === undefined ? 'virtual' : 'path' } = options;
  // The SDK's default makes streams that the local endpoint and older servers can't read.
  const checksums = options.checksums === 'when-supported' ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED';
  const agents = proxyAgents(process.env);
  return new S3Client({
    region: options.region ?? regionOf(endpoint),
    maxAttempts,
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    forcePathStyle: addressing === 'path',
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(agents === null ? {} : { requestHandler: agents }),
  });
}

/** As the SDK finds it in the environment and the profile. */
function regionOf(endpoint: string | undefined): () => Promise<string> {
  let found: Promise<string> | undefined;
  return () => {
    found ??= new S3Client({}).config.region().catch((error: unknown) => {
      if (endpoint !== undefined) return 'auto';
      throw error;
    });
    return found;
  };
}

type PutHeaders = { IfNoneMatch?: '*'; IfMatch?: string; Metadata?: Record<string, string> };

interface Bucket {
  readonly get: (key: string) => Promise<StoredObject | null>;
  readonly getRange: (key: string, offset: number, length: number) => Promise<Uint8Array | null>;
  readonly put: (key: string, bytes: Uint8Array) => Promise<{ readonly etag: string }>;
  /** Without the SDK's repetitions. */
  readonly putOnce: (
    key: string,
    bytes: Uint8Array,
    headers: PutHeaders,
  ) => Promise<{ readonly etag: string }>;
  readonly head: (key: string) => Promise<ExistingObject | null>;
  readonly list: (prefix: string) => Promise<string[]>;
  readonly folders: (prefix: string) => Promise<string[]>;
  readonly delete: (key: string) => Promise<void>;
}

/** The plain requests, with keys relative to the prefix. `impatient` sends once. */
function createBucket(
  client: S3Client,
  impatient: S3Client,
  { bucket: Bucket, prefix = '' }: S3StoreOptions,
): Bucket {
  const root = prefix === '' ? '' : `${prefix}/`;
  const at = (key: string) => ({ Bucket, Key: root + key });
  const pages = (Prefix: string, Delimiter?: '/') =>
    eachPage((ContinuationToken) =>
      client.send(
        new ListObjectsV2Command({
          Bucket,
          Prefix: root + Prefix,
          ...(Delimiter === undefined ? {} : { Delimiter }),
          ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
        }),
      ),
    );
  return {
    get: (key) => retryBody(() => orNull(read(client, at(key)))),
    getRange: (key, offset, length) => retryBody(() => orNull(readRange(client, at(key), offset, length))),
    put: async (key, Body) => {
      const { ETag } = await client.send(new PutObjectCommand({ ...at(key), Body }));
      return { etag: unquote(ETag) };
    },
    putOnce: async (key, Body, headers) => {
      const { ETag } = await impatient.send(new PutObjectCommand({ ...at(key), Body, ...headers }));
      return { etag: unquote(ETag) };
    },
    head: (key) =>
      orNull(
        client.send(new HeadObjectCommand(at(key))).then(({ ETag, Metadata }) => ({
          etag: unquote(ETag),
          writer: Metadata?.[WRITER],
        })),
      ),
    list: async (prefix) => {
      const found: string[] = [];
      for await (const page of pages(prefix)) {
        for (const { Key = '' } of page.Contents ?? []) found.push(Key.slice(root.length));
      }
      return found;
    },
    folders: async (prefix) => {
      const found: string[] = [];
      for await (const page of pages(prefix, '/')) {
        for (const { Prefix = '' } of page.CommonPrefixes ?? [])
          found.push(Prefix.slice(root.length + prefix.length, -1));
      }
      return found.sort();
    },
    delete: async (key) => {
      await client.send(new DeleteObjectCommand(at(key)));
    },
  };
}

async function read(client: S3Client, at: { Bucket: string; Key: string }): Promise<StoredObject> {
  const { Body, ETag } = await client.send(new GetObjectCommand(at));
  return { bytes: (await Body?.transformToByteArray()) ?? new Uint8Array(), etag: unquote(ETag) };
}

async function readRange(
  client: S3Client,
  at: { Bucket: string; Key: string },
  offset: number,
  length: number,
): Promise<Uint8Array> {
  try {
    const Range = `bytes=${offset}-${offset + length - 1}`;
    const { Body } = await client.send(new GetObjectCommand({ ...at, Range }));
    return (await Body?.transformToByteArray()) ?? new Uint8Array();
  } catch (error) {
    if (statusOf(error) === 416) return new Uint8Array();
    throw error;
  }
}

/** The SDK retries a request until its headers are there; a connection lost in the middle of the body is ours. */
async function retryBody<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const lost = nameOf(error) === 'ECONNRESET' || nameOf(error) === 'ERR_STREAM_PREMATURE_CLOSE';
      if (!lost || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

async function orNull<T>(request: Promise<T>): Promise<T | null> {
  try {
    return await request;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** A HEAD's 404 has no body, so it can't say whether the key or the bucket is missing; the next GET will. */
function isMissing(error: unknown): boolean {
  return statusOf(error) === 404 && nameOf(error) !== 'NoSuchBucket';
}

async function* eachPage(
  load: (token: string | undefined) => Promise<ListObjectsV2CommandOutput>,
): AsyncGenerator<ListObjectsV2CommandOutput> {
  let token: string | undefined;
  do {
    const page = await load(token);
    yield page;
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}

/** One send, under the writer's mark. The SDK does not repeat it: what was not answered is looked up first. */
async function sendOnce(
  bucket: Bucket,
  key: string,
  bytes: Uint8Array,
  headers: PutHeaders,
): Promise<PutAttempt> {
  try {
    return { kind: 'written', ...(await bucket.putOnce(key, bytes, headers)) };
  } catch (cause) {
    const status = statusOf(cause);
    if (status === 412) return { kind: 'refused' };
    if (status === 409) return { kind: 'conflict', cause };
    if (headers.IfMatch !== undefined && isMissing(cause)) return { kind: 'refused' };
    if (status === undefined || status === 429 || status >= 500) return { kind: 'unanswered', cause };
    throw cause;
  }
}

function sendConditionally(
  bucket: Bucket,
  key: string,
  bytes: Uint8Array,
  condition: PutCondition,
): Promise<PutOutcome> {
  const send = async (writer: string): Promise<PutAttempt> => {
    const Metadata = { [WRITER]: writer };
    if ('absent' in condition) return sendOnce(bucket, key, bytes, { IfNoneMatch: '*', Metadata });
    const { etag } = condition;
    const sent = await sendOnce(bucket, key, bytes, { IfMatch: `"${etag}"`, Metadata });
    if (sent.kind !== 'refused') return sent;
    // Ceph compares If-Match as it stands, and wants it without quotes. Where the object is still the expected one,
    // the refusal was about the quotes. Asking again is safe: the server compares once more.
    if ((await bucket.head(key))?.etag !== etag) return sent;
    return sendOnce(bucket, key, bytes, { IfMatch: etag, Metadata });
  };
  return putConditionally(condition, { send, head: () => bucket.head(key) }, RETRY_POLICY);
}

function unquote(etag: string | undefined): string {
  return (etag ?? '').replaceAll('"', '');
}
