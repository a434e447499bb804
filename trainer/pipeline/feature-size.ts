/**
 * How many numbers a base makes of an example, as its manifest says.
 */
import { describeReadError, loadJson } from '../../shared/registry/json.ts';
import { keys } from '../../shared/registry/keys.ts';
import { baseManifestSchema } from '../../shared/registry/manifest.ts';
import type { ObjectStore } from '../../shared/registry/store.ts';
import { RunFailure } from './context.ts';

export async function loadFeatureSize(store: ObjectStore, base: string): Promise<number> {
  const manifest = await loadJson(store, keys.base(base, 'manifest.json'), baseManifestSchema);
  if (!manifest.ok) throw new RunFailure(`base ${base}: ${describeReadError(manifest.error)}`);
  return manifest.value.value.featureSize;
}
