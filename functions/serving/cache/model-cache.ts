/**
 * Which version serves a model in this isolate.
 *
 * The champion alias is read again after half of its time to live, beside the traffic, and before answering when all of
 * it is over: every request is served by the champion as it was at most one time to live ago. What can't be read or
 * loaded never takes away what serves: the previous version stays, and the failure is logged, shown and tried again.
 */
import type { Servable } from '../../../shared/model/run/predictor.ts';
import type { ServableError } from '../../../shared/model/run/servable.ts';
import { loadServingSpec, type ServingSpec } from '../../../shared/model/spec/serving-spec.ts';
import { loadChampionVersion } from '../../../shared/registry/champion/serving.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import type { AppError, NotServable } from '../../http/errors.ts';
import { describeCause, type Log } from '../../log.ts';
import { createSingleFlight, type KeepAlive } from '../../http/single-flight.ts';
import type { LoadedVersion, VersionLoader } from './version-loader.ts';

export interface ModelCache {
  /**
   * Calls `use` with the champion, or with a given version. `use` is synchronous, so nothing it holds can be disposed
   * of under it, and a promotion never interrupts a prediction. What is here answers at once; a promise means that
   * storage is being asked.
   */
  use<T>(
    model: string,
    version: number | null,
    keepAlive: KeepAlive,
    use: (spec: ServingSpec, servable: Servable) => T,
  ): Result<T, AppError> | Promise<Result<T, AppError>>;
  /** What serves a model here, checked as a prediction would check it. */
  inspect(model: string, keepAlive: KeepAlive): Promise<Result<ServingStatus, AppError>>;
  /** Models that were asked for here and exist. */
  known(): readonly string[];
  /** Whether a model has a champion (or may have one: its alias can't be read) and nothing that could serve it. */
  fails(model: string, keepAlive: KeepAlive): Promise<boolean>;
  /** After a promotion made here: the next request looks before it answers. */
  invalidate(model: string): void;
}

export interface ServingStatus {
  /** The version that serves; null when none does. */
  readonly version: number | null;
  /** The version that the alias names; another one when it could not be loaded. */
  readonly promoted: number | null;
  readonly checkedAt: string | null;
  readonly failure: { readonly detail: string; readonly at: string; readonly retryAt: string } | null;
}

export interface ModelCacheDeps {
  readonly store: ObjectStore;
  readonly loader: VersionLoader;
  readonly log: Log;
  /** milliseconds since the epoch */
  readonly now: () => number;
  readonly ttlMs: number;
}

interface Entry {
  spec: ServingSpec;
  promoted: number | null;
  serving: LoadedVersion | null;
  /** Versions that were asked for by number, and those of them that could not be loaded. */
  readonly pinned: Map<number, LoadedVersion>;
  readonly pinFailures: Map<number, Failure>;
  /** When the reading of spec and alias began that the above comes from. */
  checkedAtMs: number;
  failure: Failure | null;
}

interface Failure {
  /** What a request that comes before the next try is told. */
  readonly error: AppError;
  /** `check`: spec or alias could not be read. `load`: the promoted version could not be loaded. */
  readonly step: 'check' | 'load';
  /** What could not be loaded: another promotion is tried at once. */
  readonly version: number | null;
  readonly atMs: number;
  readonly attempts: number;
  readonly retryAtMs: number;
}

const NEVER = 0;

type LoadError = ServableError | NotServable;

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 30_000;
/** Any name can be asked for in an outage. */
const MAX_COLD_FAILURES = 1_000;
/** A version that was loaded and had to make room before its turn came is loaded again so often. */
const MAX_OPENINGS = 3;

/**
 * The cache of one isolate, empty at first. Its errors are values; storage that throws is an outage, which is one of
 * them.
 */
export function createModelCache(deps: ModelCacheDeps): ModelCache {
  const { store, loader, log, now, ttlMs } = deps;
  const entries = new Map<string, Entry>();
  const checks = createSingleFlight<Result<Entry, AppError>>();
  /** Of models that could not be read at all since this isolate began. */
  const coldFailures = new Map<string, Failure>();

  /** Storage that throws is an outage: like anything unreadable, it must not take away what serves. */
  const asOutage = (cause: unknown) => {
    log.error('storage-outage', { cause: describeCause(cause) });
    return err({ kind: 'not-servable' as const, detail: 'storage did not answer' });
  };

  const check = (model: string, keepAlive: KeepAlive): Promise<Result<Entry, AppError>> =>
    checks.run(model, keepAlive, () => checkModel(model, keepAlive));

  /** The model's entry where it is recent enough for a request that arrives now; null where storage must be asked. */
  const recent = (model: string, keepAlive: KeepAlive): Entry | null => {
    const arrivedMs = now();
    const entry = entries.get(model);
    if (entry === undefined || mustCheck(entry, arrivedMs)) return null;
    if (mayCheck(entry, arrivedMs)) keepAlive(check(model, keepAlive));
    return entry;
  };

  const fresh = async (model: string, keepAlive: KeepAlive): Promise<Result<Entry, AppError>> => {
    const arrivedMs = now();
    const entry = recent(model, keepAlive);
    if (entry !== null) return ok(entry);
    const cold = coldFailures.get(model);
    if (cold !== undefined && arrivedMs < cold.retryAtMs) return err(cold.error);
    const checked = await check(model, keepAlive);
    if (!checked.ok || checked.value.failure !== null) return checked;
    // A check that was under way for long may have begun before a promotion that this request must see.
    return arrivedMs - checked.value.checkedAtMs < ttlMs ? checked : check(model, keepAlive);
  };

  const mustCheck = ({ serving, failure, checkedAtMs }: Entry, atMs: number): boolean => {
    if (failure !== null && (failure.step === 'check' || serving === null)) return atMs >= failure.retryAtMs;
    return serving === null || atMs - checkedAtMs >= ttlMs;
  };

  const mayCheck = ({ failure, checkedAtMs }: Entry, atMs: number): boolean =>
    failure === null ? atMs - checkedAtMs >= ttlMs / 2 : atMs >= failure.retryAtMs;

  const checkModel = async (model: string, keepAlive: KeepAlive): Promise<Result<Entry, AppError>> => {
    const startedMs = now();
    const read = await readPointers(store, model).catch(asOutage);
    const known = entries.get(model);
    if (!read.ok) {
      if (known !== undefined) return keepServing(model, known, read.error);
      noteColdFailure(model, read.error);
      return read;
    }
    coldFailures.delete(model);
    const { spec, promoted } = read.value;
    const entry = known ?? createEntry(spec);
    entries.set(model, Object.assign(entry, { spec, promoted, checkedAtMs: startedMs }));
    if (entry.failure?.step === 'check') entry.failure = null;
    if (promoted !== null) await serve(entry, promoted, keepAlive);
    return ok(entry);
  };

  const keepServing = (model: string, entry: Entry, error: AppError): Result<Entry, AppError> => {
    if (error.kind === 'unknown-model') {
      entries.delete(model);
      if (entry.serving !== null) loader.close(entry.serving);
      return err(error);
    }
    noteFailure(entry, 'check', null, error);
    return ok(entry);
  };

  /** Switches to a version once it is whole and here; otherwise what serves goes on serving. */
  const serve = async (entry: Entry, version: number, keepAlive: KeepAlive): Promise<void> => {
    const { serving, failure } = entry;
    if (serving?.manifest.version === version && loader.open(entry.spec, serving) !== null) {
      entry.failure = null;
      return;
    }
    if (failure?.version === version && now() < failure.retryAtMs) return;
    const loaded = await loader.load(entry.spec, version, keepAlive).catch(asOutage);
    if (!loaded.ok) {
      noteFailure(entry, 'load', version, toServingError(loaded.error));
      return;
    }
    entry.serving = loaded.value;
    entry.failure = null;
    if (serving !== null && serving.manifest.version !== version) loader.close(serving);
    log.info('serving', { model: entry.spec.name, version, before: serving?.manifest.version ?? null });
  };

  /** Once storage answers again, a promotion must be seen as soon as ever: checks are never put off for longer. */
  const fail = (
    before: Failure | null | undefined,
    step: Failure['step'],
    version: number | null,
    error: AppError,
  ) => toFailure(before, { step, version, error, atMs: now() }, step === 'check' ? ttlMs : MAX_RETRY_MS);

  const noteFailure = (
    entry: Entry,
    step: Failure['step'],
    version: number | null,
    error: AppError,
  ): void => {
    entry.failure = fail(entry.failure, step, version, error);
    logFailure(entry.spec.name, entry.serving, entry.failure);
  };

  const noteColdFailure = (model: string, error: AppError): void => {
    if (error.kind === 'unknown-model') return;
    if (coldFailures.size >= MAX_COLD_FAILURES) coldFailures.clear();
    const failure = fail(coldFailures.get(model), 'check', null, error);
    coldFailures.set(model, failure);
    logFailure(model, null, failure);
  };

  const notePinFailure = (entry: Entry, version: number, error: AppError): void => {
    const failure = fail(entry.pinFailures.get(version), 'load', version, error);
    entry.pinFailures.set(version, failure);
    logFailure(entry.spec.name, entry.serving, failure);
  };

  const logFailure = (model: string, loaded: LoadedVersion | null, failure: Failure): void => {
    const { step, version, attempts, error } = failure;
    const serving = loaded?.manifest.version ?? null;
    log.error('not-serving', { model, step, version, serving, attempts, detail: error.detail });
  };

  /** A version by its number, loaded when it is not here. */
  const pin = async (
    entry: Entry,
    version: number,
    keepAlive: KeepAlive,
  ): Promise<Result<LoadedVersion, AppError>> => {
    const present = entry.serving?.manifest.version === version ? entry.serving : entry.pinned.get(version);
    if (present !== undefined && loader.open(entry.spec, present) !== null) return ok(present);
    entry.pinned.delete(version);
    const failure = entry.pinFailures.get(version);
    if (failure !== undefined && now() < failure.retryAtMs) return err(failure.error);
    const loaded = await loader.load(entry.spec, version, keepAlive).catch(asOutage);
    if (!loaded.ok) {
      const error = toServingError(loaded.error);
      if (error.kind === 'not-servable') notePinFailure(entry, version, error);
      return err(error);
    }
    entry.pinFailures.delete(version);
    entry.pinned.set(version, loaded.value);
    return ok(loaded.value);
  };

  const find = async (
    model: string,
    version: number | null,
    keepAlive: KeepAlive,
  ): Promise<Result<{ spec: ServingSpec; loaded: LoadedVersion }, AppError>> => {
    const entry = await fresh(model, keepAlive);
    if (!entry.ok) return entry;
    const { spec, serving } = entry.value;
    if (version === null)
      return serving === null ? err(notServing(entry.value)) : ok({ spec, loaded: serving });
    const pinned = await pin(entry.value, version, keepAlive);
    return pinned.ok ? ok({ spec, loaded: pinned.value }) : pinned;
  };

  const useLoading = async <T>(
    model: string,
    version: number | null,
    keepAlive: KeepAlive,
    use: (spec: ServingSpec, servable: Servable) => T,
  ): Promise<Result<T, AppError>> => {
    for (let opening = 0; opening < MAX_OPENINGS; opening++) {
      const found = await find(model, version, keepAlive);
      if (!found.ok) return found;
      const servable = loader.open(found.value.spec, found.value.loaded);
      if (servable !== null) return ok(use(found.value.spec, servable));
      forget(entries.get(model));
    }
    return err({ kind: 'not-servable', detail: `${model} does not fit beside what else is served here` });
  };

  return {
    use(model, version, keepAlive, use) {
      const entry = recent(model, keepAlive);
      const loaded = version === null ? entry?.serving : entry?.pinned.get(version);
      const servable = entry && loaded ? loader.open(entry.spec, loaded) : null;
      return entry && servable ? ok(use(entry.spec, servable)) : useLoading(model, version, keepAlive, use);
    },
    async inspect(model, keepAlive) {
      const entry = await fresh(model, keepAlive);
      return entry.ok ? ok(describeEntry(entry.value)) : entry;
    },
    known: () => [...entries.keys()],
    async fails(model, keepAlive) {
      const here = entries.get(model);
      // What serves is not loaded again for this, also where its programs had to make room.
      if (here !== undefined && here.serving !== null && here.failure === null) return false;
      const entry = await fresh(model, keepAlive);
      if (!entry.ok) return entry.error.kind !== 'unknown-model';
      return entry.value.serving === null && entry.value.failure !== null;
    },
    invalidate: (model) => forget(entries.get(model)),
  };
}

async function readPointers(
  store: ObjectStore,
  model: string,
): Promise<Result<{ spec: ServingSpec; promoted: number | null }, AppError>> {
  const [spec, promoted] = await Promise.all([
    loadServingSpec(store, model),
    loadChampionVersion(store, model),
  ]);
  if (!spec.ok) return spec;
  return promoted.ok ? ok({ spec: spec.value, promoted: promoted.value }) : promoted;
}

function createEntry(spec: ServingSpec): Entry {
  return {
    spec,
    promoted: null,
    serving: null,
    pinned: new Map(),
    pinFailures: new Map(),
    checkedAtMs: NEVER,
    failure: null,
  };
}

/** What serves goes on serving, but only after a look at the alias. */
function forget(entry: Entry | undefined): void {
  if (entry === undefined) return;
  entry.checkedAtMs = NEVER;
  entry.failure = null;
}

function notServing({ spec, failure }: Entry): AppError {
  return failure === null
    ? { kind: 'no-champion', detail: `${spec.name} has no champion yet: nothing was promoted` }
    : { kind: 'not-servable', detail: `${spec.name} can't be served: ${failure.error.detail}` };
}

/** Each try after a failure of the same waits twice as long as the one before. */
function toFailure(
  before: Failure | null | undefined,
  now: Pick<Failure, 'step' | 'version' | 'error' | 'atMs'>,
  maxRetryMs: number,
): Failure {
  const repeated = before?.step === now.step && before.version === now.version;
  const attempts = repeated ? before.attempts + 1 : 1;
  const retryAtMs = now.atMs + Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), maxRetryMs);
  return { ...now, attempts, retryAtMs };
}

/** A version that is not there is the request's mistake; one that is there and can't be loaded is ours. */
function toServingError(error: LoadError): AppError {
  switch (error.kind) {
    case 'unknown-version':
    case 'unpublished':
    case 'not-servable':
      return error;
    case 'damaged':
    case 'base-unreadable':
      return { kind: 'not-servable', detail: error.detail };
  }
}

function describeEntry({ serving, promoted, checkedAtMs, failure }: Entry): ServingStatus {
  return {
    version: serving?.manifest.version ?? null,
    promoted,
    checkedAt: checkedAtMs === NEVER ? null : toIso(checkedAtMs),
    failure:
      failure === null
        ? null
        : { detail: failure.error.detail, at: toIso(failure.atMs), retryAt: toIso(failure.retryAtMs) },
  };
}

function toIso(ms: number): string {
  return new Date(ms).toISOString();
}
