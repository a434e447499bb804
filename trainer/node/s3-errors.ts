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
const REFUSED = new Set([
  'AccessDenied',
  'Forbidden',
  'InvalidAccessKeyId',
  'InvalidArgument',
  'SignatureDoesNotMatch',
  'Unauthorized',
  '401',
  '403',
]);

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
  if (name === 'CredentialsProviderError')
    return `no access key for the store at ${where}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`;
  if (name === 'NoSuchBucket') return `there is no bucket ${JSON.stringify(bucket)} at ${where}`;
  if (REFUSED.has(name) || REFUSED.has(String(statusOf(error)))) {
    const key = accessKeyId === null ? 'the access key' : `the access key ${JSON.stringify(accessKeyId)}`;
    return `the store at ${where} refused ${key} (${name}): check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`;
  }
  const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  return `the store at ${where} failed (${name}${message === '' ? '' : `: ${message}`})`;
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
