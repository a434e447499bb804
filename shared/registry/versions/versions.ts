/**
 * Versions: positive integers, claimed once, immutable, visible by their manifest.
 */
import * as z from '../../zod.ts';
import { sha256Hex } from '../../digest.ts';
import { err, ok, type Result } from '../../result.ts';
import { describeDamage, listVersionNumbers, toVersion, type VersionError } from './find-version.ts';
import { encodeJson, loadJson, putJson } from '../store/json.ts';
import { keys, type VersionFile, VERSION_FILES } from '../store/keys.ts';
import { type Manifest, manifestSchema } from './manifest.ts';
import type { ObjectStore } from '../store/store.ts';

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

/** The manifest of a whole version. `unpublished`: its number is taken, its manifest not (yet) written. */
export async function loadManifest(
  store: ObjectStore,
  model: string,
  version: number,
): Promise<Result<Manifest, VersionError>> {
  const read = await loadJson(store, keys.manifest(model, version), manifestSchema);
  return toVersion(store, model, version, read);
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
