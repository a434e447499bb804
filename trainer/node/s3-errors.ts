/**
 * What went wrong with an S3 server, in words that say what to do.
 */

import { isLoopback } from './loopback.ts';

/** An outage or a wrong setting: the store could not be used. Its message is one sentence for a person. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

export interface StoreFacts {
  readonly bucket: string;
  /** `http://127.0.0.1:9000`, or null for AWS itself */
  readonly endpoint: string | null;
  readonly accessKeyId: string | null;
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ECONNRESET',
]);
/** What each refusal means, in place of `check the key`. */
const REFUSALS: Readonly<Record<string, string>> = {
  InvalidAccessKeyId:
    'it does not know the access key: check AWS_ACCESS_KEY_ID, or the profile (AWS_PROFILE)',
  SignatureDoesNotMatch: 'the secret does not belong to the access key: check AWS_SECRET_ACCESS_KEY',
  Unauthorized: 'it does not know the access key: check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  InvalidArgument: 'it does not know the access key: check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  ExpiredToken: 'the session has ended: sign in again (aws sso login), or renew AWS_SESSION_TOKEN',
  ExpiredTokenException: 'the session has ended: sign in again (aws sso login), or renew AWS_SESSION_TOKEN',
  InvalidToken: 'AWS_SESSION_TOKEN does not belong to the access key: set all three anew, or unset it',
  AccessDenied:
    'the access key is known and may not do this: it needs to read, write, list and delete objects of the bucket',
  RequestTimeTooSkewed: 'the clock of this machine is wrong by more than 15 minutes: set it',
  SecondLevelDomainForbidden:
    'it wants the bucket in the host name, not in the path: --addressing virtual, or HOLDFAST_S3_ADDRESSING=virtual',
  AuthorizationHeaderMalformed: 'it is of another region: set AWS_REGION',
  PermanentRedirect: 'the bucket is in another region: set AWS_REGION',
  IllegalLocationConstraintException: 'the bucket is in another region: set AWS_REGION',
  MissingContentMD5:
    'the bucket wants checksums: --checksums when-supported, or HOLDFAST_S3_CHECKSUMS=when-supported',
  AllAccessDisabled: 'the bucket is closed to everybody: its owner can open it',
  '401': 'check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  '403': 'check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and what the key may do',
};

/** Turns whatever the SDK threw into a StoreError that keeps it as its cause. */
export function toStoreError(error: unknown, facts: StoreFacts): StoreError {
  return new StoreError(describe(error, facts), { cause: error });
}

/** The SDK's name for a failure: `NoSuchKey`, `ECONNREFUSED`, or the HTTP status where there was no body. */
export function nameOf(error: unknown): string {
  const code = property(error, 'code');
  if (typeof code === 'string') return code;
  const name = property(error, 'name');
  if (typeof name === 'string' && !['Error', 'Unknown', 'UnknownError'].includes(name)) return name;
  return String(statusOf(error) ?? 'unknown error');
}

/** The HTTP status of the answer, where there was one. */
export function statusOf(error: unknown): number | undefined {
  const status = property(property(error, '$metadata'), 'httpStatusCode');
  return typeof status === 'number' ? status : undefined;
}

function describe(error: unknown, { bucket, endpoint, accessKeyId }: StoreFacts): string {
  const name = nameOf(error);
  const where = endpoint ?? 'AWS S3';
  if (UNREACHABLE.has(name)) {
    const hint = isLoopback(endpoint) ? ': is npm start running?' : ': check the endpoint and the network';
    return `the store at ${where} does not answer (${name})${hint}`;
  }
  const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  if (name === 'CredentialsProviderError')
    return `no access key for the store at ${where}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE`;
  if (message.startsWith('Region is missing'))
    return `no region for the store at ${where}: set AWS_REGION, or the region of the profile (AWS_PROFILE)`;
  if (name === 'NoSuchBucket') return `there is no bucket ${JSON.stringify(bucket)} at ${where}`;
  const wantsChecksum = /content-md5|x-amz-(checksum|sdk-checksum)/i.test(message);
  const reason = wantsChecksum
    ? REFUSALS['MissingContentMD5']
    : (REFUSALS[name] ?? (isRefusal(error) ? REFUSALS[String(statusOf(error))] : undefined));
  if (reason !== undefined) {
    const key = accessKeyId === null ? 'the access key' : `the access key ${JSON.stringify(accessKeyId)}`;
    const said = name in REFUSALS || message === '' || message === name ? name : `${name}: ${message}`;
    return `the store at ${where} refused ${key} (${said}): ${reason}`;
  }
  return `the store at ${where} failed (${name}${message === '' ? '' : `: ${message}`})`;
}

function isRefusal(error: unknown): boolean {
  return statusOf(error) === 401 || statusOf(error) === 403;
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
