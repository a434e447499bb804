/**
 * Where a command works: options first, then the environment, then the local defaults of `npm start`. Keys, session
 * tokens, profiles and regions are the AWS SDK's to find, as the AWS CLI finds them.
 */
import { err, ok, type Result } from '../../../shared/result.ts';
import { isLoopback } from '../../node/loopback.ts';
import {
  type Addressing,
  ADDRESSINGS,
  type Checksums,
  CHECKSUMS,
  type S3StoreOptions,
} from '../../node/s3-store.ts';
import { parseStoreUrl } from '../../node/store-url.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly store?: string;
  readonly endpoint?: string;
  readonly addressing?: Addressing;
  readonly checksums?: Checksums;
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

/**
 * `--store`, else `--url`, else HOLDFAST_URL, else HOLDFAST_STORE, else the local URL.
 *
 * @param localUrl  where the `npm start` of this state folder answers, as its lock file says
 */
export function resolveSettings(
  options: GlobalOptions,
  env: Environment,
  localUrl: string = LOCAL_URL,
): Result<Settings, string> {
  if (options.store !== undefined && options.url !== undefined)
    return err('expected --store or --url, got both');
  const url = options.url ?? env['HOLDFAST_URL'] ?? localUrl;
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
  const endpoint =
    options.endpoint ?? env['HOLDFAST_ENDPOINT'] ?? env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'];
  if (named === undefined) {
    if (!isLoopback(url)) return ok(null);
    const local = options.endpoint ?? env['HOLDFAST_ENDPOINT'] ?? new URL(LOCAL_S3_PATH, url).href;
    return ok({ bucket: LOCAL_BUCKET, endpoint: local, credentials: LOCAL_S3_KEYS });
  }
  if (hasPassword(named)) return err(unwanted(options.store === undefined ? 'HOLDFAST_STORE' : '--store'));
  if (endpoint !== undefined && hasPassword(endpoint)) {
    return err(unwanted(options.endpoint === undefined ? 'HOLDFAST_ENDPOINT' : '--endpoint'));
  }
  const location = parseStoreUrl(named);
  if (!location.ok) return location;
  const misfit = endpoint === undefined ? null : describeMisfit(endpoint, location.value.bucket);
  if (misfit !== null) return err(misfit);
  const switches = resolveSwitches(options, env);
  if (!switches.ok) return switches;
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'];
  return ok({
    bucket: location.value.bucket,
    prefix: location.value.prefix,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(isLocalS3(endpoint) && env['AWS_ACCESS_KEY_ID'] === undefined ? { credentials: LOCAL_S3_KEYS } : {}),
    ...(region === undefined ? {} : { region }),
    ...switches.value,
  });
}

function isLocalS3(endpoint: string | undefined): boolean {
  return endpoint !== undefined && isLoopback(endpoint) && endpoint.includes(LOCAL_S3_PATH);
}

/** Hosts whose endpoints have no path: what stands there is a bucket. */
const WITHOUT_PATH =
  /(^|\.)(r2\.cloudflarestorage\.com|amazonaws\.com|digitaloceanspaces\.com|backblazeb2\.com)$/;

/** An endpoint that has the bucket in it, as dashboards show it: everything would be written to bucket/bucket. */
function describeMisfit(endpoint: string, bucket: string): string | null {
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint))
    return `expected an endpoint like ${LOCAL_URL}${LOCAL_S3_PATH}, got ${JSON.stringify(endpoint)}`;
  const { protocol, host, hostname, pathname } = new URL(endpoint);
  const path = pathname.replace(/^\/+|\/+$/g, '');
  const last = path.split('/').at(-1);
  if (last === bucket || (path !== '' && WITHOUT_PATH.test(hostname))) {
    const without = `${protocol}//${host}${pathname.slice(0, pathname.lastIndexOf(`/${last}`))}`;
    return `the endpoint ${endpoint} ends in a bucket (${last}): expected the server alone, --store names the bucket: --endpoint ${without}`;
  }
  if (!hostname.startsWith(`${bucket}.`) || isLoopback(endpoint)) return null;
  return `the endpoint ${endpoint} begins with the bucket: expected the server alone: --endpoint ${protocol}//${host.slice(bucket.length + 1)} --addressing virtual`;
}

function resolveSwitches(
  options: GlobalOptions,
  env: Environment,
): Result<Pick<S3StoreOptions, 'addressing' | 'checksums'>, string> {
  const addressing = options.addressing ?? env['HOLDFAST_S3_ADDRESSING'];
  const checksums =
    options.checksums ?? env['HOLDFAST_S3_CHECKSUMS'] ?? env['AWS_REQUEST_CHECKSUM_CALCULATION'];
  const style = ADDRESSINGS.find((known) => known === addressing);
  const sums = CHECKSUMS.find((known) => known === checksums?.toLowerCase().replaceAll('_', '-'));
  if (addressing !== undefined && style === undefined)
    return err(
      `HOLDFAST_S3_ADDRESSING: expected ${ADDRESSINGS.join(' or ')}, got ${JSON.stringify(addressing)}`,
    );
  if (checksums !== undefined && sums === undefined)
    return err(`HOLDFAST_S3_CHECKSUMS: expected ${CHECKSUMS.join(' or ')}, got ${JSON.stringify(checksums)}`);
  return ok({
    ...(style === undefined ? {} : { addressing: style }),
    ...(sums === undefined ? {} : { checksums: sums }),
  });
}
