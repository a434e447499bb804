/**
 * The registry straight on its bucket: for the night on which the Worker itself is broken.
 */
import { listModels } from '../../../shared/model/spec/find-spec.ts';
import { loadSpec } from '../../../shared/model/spec/load-spec.ts';
import { loadChampion, loadHistory } from '../../../shared/registry/champion/alias.ts';
import { loadBaseManifest } from '../../../shared/registry/versions/base-manifest.ts';
import { loadJobProgress } from '../../../shared/registry/jobs/jobs.ts';
import { describeReadError } from '../../../shared/registry/store/json.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import {
  findRollbackTarget,
  loadWhole,
  promote,
  resumePromotion,
  rollback,
} from '../../../shared/registry/champion/promotion.ts';
import { listRuns, loadLastRun, loadRun } from '../../../shared/registry/jobs/runs.ts';
import { findBriefLive, findLive } from '../../../shared/registry/live.ts';
import { listNotices } from '../../../shared/registry/notices.ts';
import { endQuarantine, listQuarantines } from '../../../shared/registry/quarantine.ts';
import { findServedAt } from '../../../shared/registry/champion/served-at.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import {
  describeDamage as describeFileDamage,
  listVersionNumbers,
} from '../../../shared/registry/versions/find-version.ts';
import { loadManifest } from '../../../shared/registry/versions/versions.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import type { Answer, ModelStatus, Refusal, Target, VersionEntry } from './target.ts';

/** @param name  of the store, for messages: `s3://bucket/prefix` */
export function createStoreTarget(name: string, store: ObjectStore): Target {
  /** A spec that can't be read keeps nobody from seeing what is there, or from rolling back. */
  const known = async <T>(model: string, then: () => Answer<T>): Answer<T> => {
    const spec = await loadSpec(store, model);
    return !spec.ok && spec.error.kind === 'unknown-model' ? spec : then();
  };
  return {
    name,
    listModels: async () => ok(await listModels(store)),
    status: (model) => known(model, async () => ok(await loadStatus(store, model))),
    versions: (model) => known(model, async () => ok(await loadVersions(store, model))),
    history: (model) => known(model, () => loadHistory(store, model)),
    notices: (model) => known(model, async () => ok(await listNotices(store, model))),
    live: (model) => known(model, () => findLive(store, model)),
    servedAt: (model, at) => known(model, () => findServedAt(store, model, at)),
    promote: (model, version, request) =>
      known(model, () => promote(store, model, version, { ...request, at: new Date() })),
    rollback: (model, { to, untilBetter, ...request }) =>
      known(model, () =>
        rollback(store, model, {
          ...request,
          at: new Date(),
          ...(to === null ? {} : { to }),
          pauseUntil: untilBetter ? 'better' : 'resumed',
        }),
      ),
    resumePromotion: (model, { untilBetter, ...request }) =>
      known(model, () =>
        resumePromotion(store, model, {
          ...request,
          at: new Date(),
          until: untilBetter ? 'better' : 'now',
        }),
      ),
    quarantines: (model) => known(model, () => listQuarantines(store, model)),
    endQuarantine: (model, stretch, { status, by, reason: why }) =>
      known(model, () => endQuarantine(store, model, stretch, { status, by, why, at: new Date() })),
    runs: (model) => known(model, async () => ok(await listRuns(store, model))),
    run: (model, id) => known(model, () => loadRunState(store, model, id)),
    report: (model, id, format) => known(model, () => loadReport(store, model, id, format)),
  };
}

async function loadStatus(store: ObjectStore, model: string): Promise<ModelStatus> {
  const [spec, champion, versions, lastRun, apart] = await Promise.all([
    loadSpec(store, model),
    loadChampion(store, model),
    listVersionNumbers(store, model),
    loadLastRun(store, model),
    listQuarantines(store, model),
  ]);
  const move = champion.ok ? (champion.value?.move ?? null) : null;
  const live = await findBriefLive(store, model, move);
  const failure = move === null ? null : await describeDamage(store, model, move.to);
  const target = failure === null ? null : await findRollbackTarget(store, model);
  return {
    name: model,
    description: spec.ok ? spec.value.spec.description : null,
    champion: move,
    serving: null,
    failure,
    rollbackTo: target?.ok === true ? target.value : null,
    versions,
    lastRun,
    quarantines: apart.ok ? apart.value.filter(({ status }) => status === 'held') : [],
    live: live.ok ? live.value : null,
    problems: [spec, champion, apart, live].flatMap((part) => (part.ok ? [] : [part.error.detail])),
  };
}

/** Nobody is asked who serves, so what would keep the edge from it is looked for: files and base, by their digests. */
async function describeDamage(store: ObjectStore, model: string, version: number): Promise<string | null> {
  const manifest = await loadWhole(store, model, version);
  if (!manifest.ok) return manifest.error.detail;
  const { base } = manifest.value;
  if (base === null) return null;
  const loaded = await loadBaseManifest(store, base);
  if (!loaded.ok) return describeReadError(loaded.error);
  for (const name of ['edge.json', 'edge.bin'] as const) {
    const key = keys.base(base, name);
    const problem = await describeFileDamage(
      key,
      loaded.value.value.files[name],
      (await store.get(key))?.bytes,
    );
    if (problem !== null) return problem;
  }
  return null;
}

async function loadVersions(store: ObjectStore, model: string): Promise<VersionEntry[]> {
  const entries: VersionEntry[] = [];
  for (const version of await listVersionNumbers(store, model)) {
    const manifest = await loadManifest(store, model, version);
    entries.push(
      manifest.ok
        ? { ...manifest.value, state: 'published' }
        : { version, state: manifest.error.kind, detail: manifest.error.detail },
    );
  }
  return entries;
}

async function loadRunState(store: ObjectStore, model: string, id: string) {
  const run = await loadRun(store, model, id);
  return run.ok ? ok({ run: run.value, progress: await loadJobProgress(store, 'run', model, id) }) : run;
}

async function loadReport(
  store: ObjectStore,
  model: string,
  id: string,
  format: 'json' | 'html',
): Promise<Result<Uint8Array, Refusal>> {
  const run = await loadRun(store, model, id);
  if (!run.ok) return run;
  const object = await store.get(keys.run(model, id, `report.${format}`));
  return object === null
    ? err({ kind: 'not-found', detail: `run ${id} has no report yet` })
    : ok(object.bytes);
}
