/**
 * Versions: positive integers, claimed once, immutable, visible by their manifest.
 */
import * as z from 'zod';
import { hashLarge, hexOf, sha256Hex } from '../digest.ts';
import { err, ok, type Result } from '../result.ts';
import { describeReadError, encodeJson, loadJson, putJson } from './json.ts';
import { keys, type VersionFile, VERSION_FILES } from './keys.ts';
import { type Manifest, manifestSchema } from './manifest.ts';
import type { ObjectStore } from './store.ts';

export type VersionError =
  | { readonly kind: 'unknown-version'; readonly version: number; readonly detail: string }
  | { readonly kind: 'unpublished'; readonly version: number; readonly detail: string }
  | { readonly kind: 'damaged'; readonly version: number; readonly detail: string };

const claimSchema = z.object({ run: z.string() });

/**
 * Takes the next free version number for a run. Claiming again for the same run gives the same number, so a
 * publication that died half-way is finished under its own number, and concurrent runs never share one.
 */
export async function claimVersion(store: ObjectStore, model: string, run: string): Promise<number> {
  const numbers = await listVersionNumbers(store, model);
  const claims = await Promise.all(numbers.map((number) => claimedBy(store, model, number)));
  const own = claims.indexOf(run);
  if (own !== -1) return numbers[own] as number;
  let version = (numbers.at(-1) ?? 0) + 1;
  while ((await putJson(store, keys.claim(model, version), { run }, { absent: true })) === null) {
    if ((await claimedBy(store, model, version)) === run) return version;
    version += 1;
  }
  return version;
}

async function claimedBy(store: ObjectStore, model: string, version: number): Promise<string | null> {
  const claim = await loadJson(store, keys.claim(model, version), claimSchema);
  return claim.ok ? claim.value.value.run : null;
}

/**
 * Writes a version's files, then its manifest. Repeating it with the same content changes nothing.
 *
 * @param provenance  what the manifest says of `provenance.json`, where it does
 * @throws Error when the version is published with other content (a bug in the caller); it stays as it was
 */
export async function publishVersion(
  store: ObjectStore,
  manifest: Manifest,
  files: Readonly<Record<VersionFile, Uint8Array>>,
  provenance?: Uint8Array,
): Promise<void> {
  if (await isPublished(store, manifest)) return;
  for (const name of VERSION_FILES) {
    await store.put(keys.versionFile(manifest.model, manifest.version, name), files[name]);
  }
  if (provenance) await store.put(keys.provenance(manifest.model, manifest.version), provenance);
  const key = keys.manifest(manifest.model, manifest.version);
  const written = await store.put(key, encodeJson(manifest), { absent: true });
  if (written === null) await isPublished(store, manifest);
}

/** Whether this very manifest is there. */
async function isPublished(store: ObjectStore, manifest: Manifest): Promise<boolean> {
  const key = keys.manifest(manifest.model, manifest.version);
  const present = await store.get(key);
  if (present === null) return false;
  if (sha256Hex(present.bytes) !== sha256Hex(encodeJson(manifest))) {
    throw new Error(`${key}: expected what run ${manifest.run} publishes, got another manifest`);
  }
  return true;
}

/** All claimed numbers, ascending, half-published ones included. */
export async function listVersionNumbers(store: ObjectStore, model: string): Promise<number[]> {
  const folders = await store.folders(keys.versions(model));
  return folders
    .filter((name) => /^[1-9]\d{0,14}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** The manifest of a whole version. `unpublished`: its number is taken, its manifest not (yet) written. */
export async function loadManifest(
  store: ObjectStore,
  model: string,
  version: number,
): Promise<Result<Manifest, VersionError>> {
  const loaded = await loadJson(store, keys.manifest(model, version), manifestSchema);
  if (loaded.ok) return checkIdentity(loaded.value.value, model, version);
  const detail = describeReadError(loaded.error);
  if (loaded.error.kind === 'unreadable') return err({ kind: 'damaged', version, detail });
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
function checkIdentity(manifest: Manifest, model: string, version: number): Result<Manifest, VersionError> {
  if (manifest.model === model && manifest.version === version) return ok(manifest);
  const detail = `${keys.manifest(model, version)}: expected version ${version} of ${model}, got version ${manifest.version} of ${manifest.model}`;
  return err({ kind: 'damaged', version, detail });
}

/** One file of a version, verified against the manifest: a truncated or altered file is `damaged`. */
export async function loadVersionFile(
  store: ObjectStore,
  manifest: Manifest,
  file: VersionFile,
): Promise<Result<Uint8Array, VersionError>> {
  const key = keys.versionFile(manifest.model, manifest.version, file);
  const object = await store.get(key);
  const problem = await describeDamage(key, manifest.files[file], object?.bytes);
  if (problem !== null) return err({ kind: 'damaged', version: manifest.version, detail: problem });
  return ok(object?.bytes ?? new Uint8Array());
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

function describeNumbers(numbers: readonly number[]): string {
  const shown = numbers.slice(-8).join(', ');
  return numbers.length > 8 ? `versions … ${shown}` : `version${numbers.length > 1 ? 's' : ''} ${shown}`;
}
