/**
 * Where a version came from: its manifest, its provenance, and whether both still say what they said.
 */
import * as z from 'zod';
import { sha256Hex } from '../../shared/digest.ts';
import { encodeJson, parseJson } from '../../shared/registry/store/json.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import type { Manifest } from '../../shared/registry/versions/manifest.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { describeDamage, type VersionError } from '../../shared/registry/versions/find-version.ts';
import { loadManifest } from '../../shared/registry/versions/versions.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { type Provenance, provenanceSchema } from '../pipeline/fine-tune/provenance.ts';

export interface TrainingOrigin {
  readonly manifest: Manifest & { readonly snapshot: string };
  readonly provenance: Provenance;
  /** What was altered since; null where nothing was. */
  readonly altered: string | null;
}

export type OriginError = VersionError | { readonly kind: 'not-reproducible'; readonly detail: string };

/** Errors are for whoever asked: no such version, one that came trained, one whose provenance is not there. */
export async function loadOrigin(
  store: ObjectStore,
  model: string,
  version: number,
): Promise<Result<TrainingOrigin, OriginError>> {
  const loaded = await loadManifest(store, model, version);
  if (!loaded.ok) return loaded;
  const { snapshot, ...manifest } = loaded.value;
  const refuse = (why: string): Result<never, OriginError> =>
    err({ kind: 'not-reproducible', detail: `version ${version} of ${model} ${why}` });
  if (snapshot === null) return refuse(`came trained (${manifest.run}): there is no training to do again`);
  if (manifest.provenance === undefined) {
    return refuse(
      'was published before versions kept what their training depended on: it can be exported and promoted, not reproduced',
    );
  }
  const key = keys.provenance(model, version);
  const bytes = (await store.get(key))?.bytes;
  if (bytes === undefined) return refuse(`can't be trained again: ${key} is not there`);
  const provenance = parseJson(bytes, provenanceSchema);
  if (!provenance.ok) return refuse(`can't be trained again: ${key}: ${provenance.error}`);
  const altered =
    (await describeDamage(key, manifest.provenance, bytes)) ??
    describeOtherSpec(key, manifest.specDigest, bytes);
  return ok({ manifest: { ...manifest, snapshot }, provenance: provenance.value, altered });
}

/** The spec as it stands there: one that was parsed may have gained what a later version of this program adds to it. */
function describeOtherSpec(key: string, recorded: string, bytes: Uint8Array): string | null {
  const raw = parseJson(bytes, z.object({ spec: z.unknown() }));
  const digest = raw.ok ? sha256Hex(encodeJson(raw.value.spec)) : 'none';
  return digest === recorded ? null : `the spec in ${key}: expected SHA-256 ${recorded}, got ${digest}`;
}
