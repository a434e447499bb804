/**
 * How many numbers a base makes of an example, as its manifest says.
 */
import { loadBaseManifest } from '../../../shared/registry/versions/base-manifest.ts';
import { describeReadError } from '../../../shared/registry/store/json.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { RunFailure } from '../../run-failure.ts';

/**
 * @param base  its digest
 * @throws RunFailure where its manifest is not there or does not validate
 */
export async function loadFeatureSize(store: ObjectStore, base: string): Promise<number> {
  const manifest = await loadBaseManifest(store, base);
  if (!manifest.ok) throw new RunFailure(`base ${base}: ${describeReadError(manifest.error)}`);
  return manifest.value.value.featureSize;
}
