/**
 * How a store is named on a command line: `s3://bucket` or `s3://bucket/prefix`.
 */
import { err, ok, type Result } from '../../shared/result.ts';

export interface StoreLocation {
  readonly bucket: string;
  /** Without slashes at its ends; empty for the whole bucket. */
  readonly prefix: string;
}

/** Bucket names as S3 and R2 allow them: 3 to 63 lower-case letters, digits, dots and hyphens. */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Bucket and prefix, without slashes around it; the prefix of a whole bucket is empty. */
export function parseStoreUrl(text: string): Result<StoreLocation, string> {
  const match = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(text);
  if (match?.[1] === undefined)
    return err(`expected a store like s3://bucket or s3://bucket/prefix, got ${JSON.stringify(text)}`);
  if (!BUCKET.test(match[1])) return err(`${text}: ${JSON.stringify(match[1])} is no bucket name`);
  return ok({ bucket: match[1], prefix: (match[2] ?? '').replace(/^\/+|\/+$/g, '') });
}
