/**
 * The parts of a version out of the store, each file verified against its manifest.
 */
import { describeReadError, loadJson } from '../registry/json.ts';
import { keys } from '../registry/keys.ts';
import { type BaseManifest, baseManifestSchema, type Manifest } from '../registry/manifest.ts';
import type { ObjectStore } from '../registry/store.ts';
import { describeDamage, loadVersionFile, type VersionError } from '../registry/versions.ts';
import { err, ok, type Result } from '../result.ts';
import { type Base, loadProgram } from './predictor.ts';
import type { Program, Runtime } from './runtime.ts';

export type ServableError =
  VersionError | { readonly kind: 'base-unreadable'; readonly digest: string; readonly detail: string };

/** What a base is loaded from: its manifest, and the files of its edge plan. */
export interface BaseFiles {
  readonly manifest: BaseManifest;
  readonly plan: Uint8Array;
  readonly weights: Uint8Array;
}

/** Loads a base's edge plan, verified against its manifest. */
export async function loadBase(
  store: ObjectStore,
  runtime: Runtime,
  digest: string,
): Promise<Result<Base, ServableError>> {
  const files = await loadBaseFiles(store, digest);
  if (!files.ok) return files;
  const { manifest, plan, weights } = files.value;
  const program = loadProgram(runtime, plan, weights);
  return program.ok
    ? ok({ manifest, program: program.value })
    : err({ kind: 'base-unreadable', digest, detail: program.error });
}

/** The files of a base's edge plan, verified against its manifest, for who loads them elsewhere. */
export async function loadBaseFiles(
  store: ObjectStore,
  digest: string,
): Promise<Result<BaseFiles, ServableError>> {
  const fail = (detail: string) => err({ kind: 'base-unreadable' as const, digest, detail });
  const manifest = await loadJson(store, keys.base(digest, 'manifest.json'), baseManifestSchema);
  if (!manifest.ok) return fail(describeReadError(manifest.error));
  const files: Uint8Array[] = [];
  for (const file of ['edge.json', 'edge.bin'] as const) {
    const key = keys.base(digest, file);
    const bytes = (await store.get(key))?.bytes;
    const damage = describeDamage(key, manifest.value.value.files[file], bytes);
    if (damage !== null || bytes === undefined) return fail(damage ?? key);
    files.push(bytes);
  }
  const [plan, weights] = files as [Uint8Array, Uint8Array];
  return ok({ manifest: manifest.value.value, plan, weights });
}

/** Loads a version's head, verified against its manifest. */
export async function loadHead(
  store: ObjectStore,
  runtime: Runtime,
  manifest: Manifest,
): Promise<Result<Program, ServableError>> {
  const json = await loadVersionFile(store, manifest, 'edge.json');
  if (!json.ok) return json;
  const weights = await loadVersionFile(store, manifest, 'edge.bin');
  if (!weights.ok) return weights;
  const program = loadProgram(runtime, json.value, weights.value);
  return program.ok
    ? program
    : err({ kind: 'damaged', version: manifest.version, detail: `edge.json: ${program.error}` });
}
