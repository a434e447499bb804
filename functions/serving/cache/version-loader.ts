/**
 * Brings versions from the bucket into the isolate: bases by digest, shared by all models, and heads. What is loaded
 * may be disposed of at any time to make room, so a version is opened anew for every prediction.
 */
import { encodedSize } from '../../../shared/model/spec/input.ts';
import { createServable, type Servable } from '../../../shared/model/run/predictor.ts';
import type { Runtime } from '../../../shared/model/run/runtime.ts';
import type { Program } from '../../../shared/model/run/program.ts';
import { loadBase, openHead, readHead, type ServableError } from '../../../shared/model/run/servable.ts';
import type { ServingSpec } from '../../../shared/model/spec/serving-spec.ts';
import type { InputSpec } from '../../../shared/model/spec/spec.ts';
import { outputWidth } from '../../../shared/model/spec/task.ts';
import type { BaseManifest } from '../../../shared/registry/versions/base-manifest.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { loadServingManifest, type ServingManifest } from '../../../shared/registry/champion/serving.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import type { ProgramCache } from './program-cache.ts';
import { createSingleFlight, type KeepAlive } from '../../http/single-flight.ts';

export interface LoadedVersion {
  readonly manifest: ServingManifest;
  readonly base: BaseManifest | null;
}

export interface VersionLoader {
  /**
   * Loads and verifies what a version needs and is not here yet, each object once however many requests wait for it.
   * Throws when storage does not answer.
   */
  load(
    spec: ServingSpec,
    version: number,
    keepAlive: KeepAlive,
  ): Promise<Result<LoadedVersion, ServableError>>;
  /** The version, ready to predict until the next `await`; null when its programs had to make room. */
  open(spec: ServingSpec, loaded: LoadedVersion): Servable | null;
  /** Disposes of a version's head. */
  close(loaded: LoadedVersion): void;
}

/** Ready for as long as the same programs are there, and the spec says the same of the input. */
interface Opened {
  readonly input: InputSpec;
  readonly base: Program | null;
  readonly servable: Servable;
}

export interface VersionLoaderDeps {
  readonly store: ObjectStore;
  readonly runtime: Runtime;
  readonly programs: ProgramCache;
}

/** The loader of one isolate. Versions that are asked for at once are fetched once, and so are their bases. */
export function createVersionLoader(deps: VersionLoaderDeps): VersionLoader {
  const { store, runtime, programs } = deps;
  const versionLoads = createSingleFlight<Result<LoadedVersion, ServableError>>();
  /** By head. To make what encodes an input takes longer than a small model takes to run. */
  const servables = new WeakMap<Program, Opened>();

  const needBase = createBaseLoader(deps);
  const fetchVersion = async (
    spec: ServingSpec,
    version: number,
    keepAlive: KeepAlive,
  ): Promise<Result<LoadedVersion, ServableError>> => {
    const [manifest, read] = await Promise.all([
      loadServingManifest(store, spec.name, version),
      readHead(store, spec.name, version),
    ]);
    if (!manifest.ok) return manifest;
    const base = await needBase(manifest.value.base, keepAlive);
    if (!base.ok) return base;
    const head = await openHead(runtime, manifest.value, read);
    if (!head.ok) return head;
    const misfit = describeMisfit(spec, base.value, head.value);
    if (misfit !== null) {
      head.value.dispose();
      return err({ kind: 'damaged', version, detail: `version ${version}: ${misfit}` });
    }
    const together = base.value === null ? [] : [baseKey(base.value.digest)];
    programs.put(headKey(manifest.value), head.value, head.value.heapBytes, together);
    return ok({ manifest: manifest.value, base: base.value });
  };

  return {
    load: (spec, version, keepAlive) =>
      versionLoads.run(`${spec.name}/${version}`, keepAlive, () => fetchVersion(spec, version, keepAlive)),
    open(spec, { manifest, base }) {
      const head = programs.get(headKey(manifest));
      if (head === undefined) return null;
      const program = base === null ? null : programs.get(baseKey(base.digest));
      if (program === undefined) return null;
      const opened = servables.get(head);
      if (opened?.input === spec.input && opened.base === program) return opened.servable;
      const loadedBase = base === null || program === null ? null : { manifest: base, program };
      const servable = createServable(spec, manifest, loadedBase, head);
      servables.set(head, { input: spec.input, base: program, servable });
      return servable;
    },
    close: ({ manifest }) => programs.delete(headKey(manifest)),
  };
}

/** Bases by their digest, each once however many versions and models read it; null for none. */
function createBaseLoader({ store, runtime, programs }: VersionLoaderDeps) {
  const loads = createSingleFlight<Result<BaseManifest, ServableError>>();
  /** Manifests of the bases that were loaded; their programs may be gone again. */
  const bases = new Map<string, BaseManifest>();
  const fetchBase = async (digest: string): Promise<Result<BaseManifest, ServableError>> => {
    const base = await loadBase(store, runtime, digest);
    if (!base.ok) return base;
    const { manifest, program } = base.value;
    programs.put(baseKey(digest), program, program.heapBytes, []);
    bases.set(digest, manifest);
    return ok(manifest);
  };
  return async (
    digest: string | null,
    keepAlive: KeepAlive,
  ): Promise<Result<BaseManifest | null, ServableError>> => {
    if (digest === null) return ok(null);
    const present = bases.get(digest);
    if (present !== undefined && programs.get(baseKey(digest)) !== undefined) return ok(present);
    return loads.run(digest, keepAlive, () => fetchBase(digest));
  };
}

function baseKey(digest: string): string {
  return `base/${digest}`;
}

function headKey({ model, version }: ServingManifest): string {
  return `head/${model}/${version}`;
}

/** Sound files may still not belong together; noticing it here keeps it from being an exception at every request. */
function describeMisfit(spec: ServingSpec, base: BaseManifest | null, head: Program): string | null {
  const features = base?.featureSize ?? encodedSize(spec.input);
  const outputs = outputWidth(spec);
  // A version from before the last labels were added says nothing of them.
  const isOlder = spec.task === 'classification' && head.outputSize < outputs;
  if (head.inputSize === features && (head.outputSize === outputs || isOlder)) return null;
  return `expected a head from ${features} numbers to ${outputs}, got one from ${head.inputSize} to ${head.outputSize}`;
}
