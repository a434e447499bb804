/**
 * Where a command works: options first, then the environment, then the local defaults of `npm start`.
 */
import { err, ok, type Result } from '../../../shared/result.ts';
import { isLoopback } from '../../node/loopback.ts';
import type { S3StoreOptions } from '../../node/s3-store.ts';
import { parseStoreUrl } from '../../node/store-url.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly store?: string;
  readonly endpoint?: string;
  readonly url?: string;
  readonly key?: string;
  readonly by?: string;
  readonly json?: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Settings {
  /** How the registry is reached: over HTTP, or (null) straight on the store. */
  readonly http: { readonly url: string; readonly key: string | null } | null;
  /** The bucket; null when only HTTP is known. */
  readonly store: S3StoreOptions | null;
}

const LOCAL_URL = 'http://127.0.0.1:8787';
const LOCAL_S3_PATH = '/cdn-cgi/local/r2/s3';
const LOCAL_BUCKET = 'holdfast';
/** Known to everybody; they open the local S3 endpoint only, which is bound to loopback. */
const LOCAL_S3_KEYS = { accessKeyId: 'local', secretAccessKey: 'local-secret' };
const LOCAL_OPERATOR = 'local-operate';

/** `--store`, else `--url`, else HOLDFAST_URL, else HOLDFAST_STORE, else the local URL. */
export function resolveSettings(options: GlobalOptions, env: Environment): Result<Settings, string> {
  if (options.store !== undefined && options.url !== undefined)
    return err('expected --store or --url, got both');
  const url = options.url ?? env['HOLDFAST_URL'] ?? LOCAL_URL;
  if (hasPassword(url)) return err(unwanted(options.url === undefined ? 'HOLDFAST_URL' : '--url'));
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    return err(`expected a URL like ${LOCAL_URL}, got ${JSON.stringify(url)}`);
  const overStore =
    options.store !== undefined ||
    (options.url === undefined && env['HOLDFAST_URL'] === undefined && env['HOLDFAST_STORE'] !== undefined);
  const store = resolveStore(options, env, url);
  if (!store.ok) return store;
  const key = options.key ?? env['HOLDFAST_KEY'] ?? (isLoopback(url) ? LOCAL_OPERATOR : null);
  return ok({ http: overStore ? null : { url: url.replace(/\/+$/, ''), key }, store: store.value });
}

/** In front of the host, or where somebody meant to put it. */
function hasPassword(url: string): boolean {
  return /^[^?#]*@/.test(url);
}

/** It would be sent to nobody, and shown in every message. */
function unwanted(where: string): string {
  return `${where}: expected a URL without a user and a password (it is not shown here): the key for a deployment is HOLDFAST_KEY, those of a bucket are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`;
}

function resolveStore(
  options: GlobalOptions,
  env: Environment,
  url: string,
): Result<S3StoreOptions | null, string> {
  const named = options.store ?? env['HOLDFAST_STORE'];
  const endpoint = options.endpoint ?? env['HOLDFAST_ENDPOINT'];
  if (named === undefined) {
    if (!isLoopback(url)) return ok(null);
    const local = endpoint ?? new URL(LOCAL_S3_PATH, url).href;
    return ok({ bucket: LOCAL_BUCKET, endpoint: local, credentials: LOCAL_S3_KEYS });
  }
  if (hasPassword(named)) return err(unwanted(options.store === undefined ? 'HOLDFAST_STORE' : '--store'));
  if (endpoint !== undefined && hasPassword(endpoint)) {
    return err(unwanted(options.endpoint === undefined ? 'HOLDFAST_ENDPOINT' : '--endpoint'));
  }
  const location = parseStoreUrl(named);
  if (!location.ok) return location;
  if (endpoint !== undefined && !URL.canParse(endpoint))
    return err(`expected an endpoint like ${LOCAL_URL}${LOCAL_S3_PATH}, got ${JSON.stringify(endpoint)}`);
  const credentials = resolveCredentials(env, endpoint);
  const region = env['AWS_REGION'];
  return ok({
    bucket: location.value.bucket,
    prefix: location.value.prefix,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === null ? {} : { credentials }),
    ...(region === undefined ? {} : { region }),
  });
}

/** null: left to the SDK's chain of profiles and instance roles. */
function resolveCredentials(
  env: Environment,
  endpoint: string | undefined,
): NonNullable<S3StoreOptions['credentials']> | null {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (accessKeyId !== undefined && secretAccessKey !== undefined) return { accessKeyId, secretAccessKey };
  const local = endpoint !== undefined && isLoopback(endpoint) && endpoint.includes(LOCAL_S3_PATH);
  return local ? LOCAL_S3_KEYS : null;
}
