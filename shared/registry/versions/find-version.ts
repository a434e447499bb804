/**
 * Finding a version: what may be wrong with it, whoever reads how much of its manifest.
 */
import { hashLarge, hexOf } from '../../digest.ts';
import { err, ok, type Result } from '../../result.ts';
import { describeReadError, type Loaded, type ReadError } from '../store/json.ts';
import { keys } from '../store/keys.ts';
import type { ObjectStore } from '../store/store.ts';

export type VersionError =
  | { readonly kind: 'unknown-version'; readonly version: number; readonly detail: string }
  | { readonly kind: 'unpublished'; readonly version: number; readonly detail: string }
  | { readonly kind: 'damaged'; readonly version: number; readonly detail: string };

/** All claimed numbers, ascending, half-published ones included. */
export async function listVersionNumbers(store: ObjectStore, model: string): Promise<number[]> {
  const folders = await store.folders(keys.versions(model));
  return folders
    .filter((name) => /^[1-9]\d{0,14}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/**
 * What was read in the place of a version's manifest, as that version or as what is wrong with it. `unpublished`: its
 * number is taken, its manifest not (yet) written.
 */
export async function toVersion<M extends { readonly model: string; readonly version: number }>(
  store: ObjectStore,
  model: string,
  version: number,
  read: Result<Loaded<M>, ReadError>,
): Promise<Result<M, VersionError>> {
  if (read.ok) return checkIdentity(read.value.value, model, version);
  const detail = describeReadError(read.error);
  if (read.error.kind === 'unreadable') return err({ kind: 'damaged', version, detail });
  const numbers = await listVersionNumbers(store, model);
  if (numbers.includes(version)) {
    return err({
      kind: 'unpublished',
      version,
      detail: `version ${version} of ${model} is not completely published: ${detail}`,
    });
  }
  const known = numbers.length === 0 ? 'it has no versions yet' : `it has ${describeNumbers(numbers)}`;
  return err({ kind: 'unknown-version', version, detail: `${model} has no version ${version}; ${known}` });
}

/** A manifest that was copied to another folder names files that are not that folder's. */
function checkIdentity<M extends { readonly model: string; readonly version: number }>(
  manifest: M,
  model: string,
  version: number,
): Result<M, VersionError> {
  if (manifest.model === model && manifest.version === version) return ok(manifest);
  const detail = `${keys.manifest(model, version)}: expected version ${version} of ${model}, got version ${manifest.version} of ${manifest.model}`;
  return err({ kind: 'damaged', version, detail });
}

function describeNumbers(numbers: readonly number[]): string {
  const shown = numbers.slice(-8).join(', ');
  return numbers.length > 8 ? `versions … ${shown}` : `version${numbers.length > 1 ? 's' : ''} ${shown}`;
}

/** What is wrong with a file, or null: its length first (truncation says how much is left), then its digest. */
export async function describeDamage(
  key: string,
  expected: { readonly sha256: string; readonly bytes: number },
  bytes: Uint8Array | undefined,
): Promise<string | null> {
  if (bytes === undefined) return `${key} is not there`;
  if (bytes.byteLength !== expected.bytes) {
    return `${key}: expected ${expected.bytes} bytes, got ${bytes.byteLength}`;
  }
  const digest = hexOf(await hashLarge(bytes));
  return digest === expected.sha256 ? null : `${key}: expected SHA-256 ${expected.sha256}, got ${digest}`;
}
