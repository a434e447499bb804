/**
 * The parts of a version out of the store, each file verified against its manifest.
 */
import { type BaseManifest, loadBaseManifest } from '../../registry/versions/base-manifest.ts';
import { describeDamage, type VersionError } from '../../registry/versions/find-version.ts';
import { describeReadError } from '../../registry/store/json.ts';
import { keys } from '../../registry/store/keys.ts';
import type { ServingManifest } from '../../registry/champion/serving.ts';
import type { ObjectStore } from '../../registry/store/store.ts';
import { err, ok, type Result } from '../../result.ts';
import { type Base, loadPlan } from './predictor.ts';
import type { Runtime } from './runtime.ts';
import type { Program } from './program.ts';

export type ServableError =
  VersionError | { readonly kind: 'base-unreadable'; readonly digest: string; readonly detail: string };

/** An edge plan, of a base as of a head. */
const PLAN_FILES = ['edge.json', 'edge.bin'] as const;
type PlanFile = (typeof PLAN_FILES)[number];

/** The files of an edge plan as they were read, not yet verified; undefined for what is not there. */
export type PlanRead = readonly (Uint8Array | undefined)[];

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
  const program = loadPlan(runtime, plan, weights);
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
  const keyOf = (file: PlanFile): string => keys.base(digest, file);
  // At once, though only the manifest says what the others must be: a bucket takes tens of milliseconds to answer.
  const [manifest, read] = await Promise.all([loadBaseManifest(store, digest), readPlan(store, keyOf)]);
  if (!manifest.ok) return fail(describeReadError(manifest.error));
  const files = await verifyPlan(read, keyOf, manifest.value.value.files);
  return files.ok ? ok({ manifest: manifest.value.value, ...files.value }) : fail(files.error);
}

/** Reads the files of a version's head: beside the manifest that says what they must be, or after it. */
export function readHead(store: ObjectStore, model: string, version: number): Promise<PlanRead> {
  return readPlan(store, (file) => keys.versionFile(model, version, file));
}

/** Loads a head that was read, verified against its manifest. */
export async function openHead(
  runtime: Runtime,
  manifest: ServingManifest,
  read: PlanRead,
): Promise<Result<Program, ServableError>> {
  const { model, version } = manifest;
  const damaged = (detail: string) => err({ kind: 'damaged' as const, version, detail });
  const files = await verifyPlan(read, (file) => keys.versionFile(model, version, file), manifest.files);
  if (!files.ok) return damaged(files.error);
  const program = loadPlan(runtime, files.value.plan, files.value.weights);
  return program.ok ? program : damaged(`edge.json: ${program.error}`);
}

/** Reads a version's head and loads it, verified against its manifest. */
export async function loadHead(
  store: ObjectStore,
  runtime: Runtime,
  manifest: ServingManifest,
): Promise<Result<Program, ServableError>> {
  return openHead(runtime, manifest, await readHead(store, manifest.model, manifest.version));
}

function readPlan(store: ObjectStore, keyOf: (file: PlanFile) => string): Promise<PlanRead> {
  return Promise.all(PLAN_FILES.map(async (file) => (await store.get(keyOf(file)))?.bytes));
}

async function verifyPlan(
  read: PlanRead,
  keyOf: (file: PlanFile) => string,
  expected: BaseManifest['files'],
): Promise<Result<Pick<BaseFiles, 'plan' | 'weights'>, string>> {
  for (const [i, file] of PLAN_FILES.entries()) {
    const damage = await describeDamage(keyOf(file), expected[file], read[i]);
    if (damage !== null) return err(damage);
  }
  const [plan, weights] = read as [Uint8Array, Uint8Array];
  return ok({ plan, weights });
}
