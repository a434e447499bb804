/**
 * What serving reads of the registry: the version that is champion, and of a version's manifest the part that a
 * prediction depends on. Whoever decides, compares or shows reads the whole (alias.ts, versions.ts).
 */
import { anyNumber, anyString, has, integer, list, nullable, optional } from '../../checks.ts';
import { err, ok, type Result } from '../../result.ts';
import type { AliasError } from './alias.ts';
import { isDigest, versionFiles } from '../versions/base-manifest.ts';
import { toVersion, type VersionError } from '../versions/find-version.ts';
import { describeReadError, loadChecked } from '../store/json.ts';
import { keys } from '../store/keys.ts';
import type { Manifest } from '../versions/manifest.ts';
import type { ObjectStore } from '../store/store.ts';

export type ServingManifest = Pick<Manifest, 'model' | 'version' | 'base' | 'constants' | 'files'>;

const versionNumber = integer(1, Number.MAX_SAFE_INTEGER);

/** Preprocessing with a constant for every feature: `manifest.constants`. */
const constants = list(anyNumber, 0, Number.MAX_SAFE_INTEGER);

const manifest = has({
  model: anyString,
  version: versionNumber,
  base: nullable(isDigest),
  constants: nullable(
    has({
      mean: constants,
      scale: constants,
      median: optional(constants),
      marked: optional(constants),
      places: optional(list(constants, 0, Number.MAX_SAFE_INTEGER)),
    }),
  ),
  files: versionFiles,
});

/** As `loadManifest`, of the part that serving needs. */
export async function loadServingManifest(
  store: ObjectStore,
  model: string,
  version: number,
): Promise<Result<ServingManifest, VersionError>> {
  const read = await loadChecked<ServingManifest>(store, keys.manifest(model, version), manifest);
  return toVersion(store, model, version, read);
}

const move = has({ to: versionNumber });

/** The version that is champion, or null when none was ever promoted. */
export async function loadChampionVersion(
  store: ObjectStore,
  model: string,
): Promise<Result<number | null, AliasError>> {
  const read = await loadChecked<{ readonly to: number }>(store, keys.alias(model, 'champion'), move);
  if (read.ok) return ok(read.value.value.to);
  if (read.error.kind === 'missing') return ok(null);
  return err({ kind: 'alias-unreadable', detail: describeReadError(read.error) });
}
