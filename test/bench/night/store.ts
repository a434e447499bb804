/**
 * The bucket of the night, over S3.
 */
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { createS3Store } from '../../../trainer/node/s3-store.ts';

export const BUCKET = 'holdfast';
export const NIGHT_KEYS = { accessKeyId: 'local', secretAccessKey: 'local-secret' } as const;

export function openNightStore(endpoint: string): ObjectStore {
  return createS3Store({ bucket: BUCKET, endpoint, credentials: NIGHT_KEYS });
}
