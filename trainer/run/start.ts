/**
 * Starting a run: fixing what it is about (spec, champion, cutoff) before anything else happens.
 */
import type { SpecError } from '../../shared/model/spec/find-spec.ts';
import { loadSpec, specDigest } from '../../shared/model/spec/load-spec.ts';
import { type Spec, specSchema } from '../../shared/model/spec/spec.ts';
import { type AliasError, loadChampion } from '../../shared/registry/champion/alias.ts';
import { describeReadError, loadJson, putJson } from '../../shared/registry/store/json.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import { claimJob } from '../../shared/registry/jobs/jobs.ts';
import {
  createRunId,
  loadRun,
  type RunError,
  runJob,
  type RunRecord,
  saveRun,
} from '../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { ok, type Result } from '../../shared/result.ts';
import { newRun } from './new-run.ts';

export interface StartOptions {
  readonly trigger: RunRecord['trigger'];
  readonly by: string;
  readonly now: Date;
  /** Tells runs of the same second apart; empty for cron, whose repeated trigger must give the same id. */
  readonly suffix: string;
  readonly mayPromote?: boolean;
  readonly wantedSnapshot?: string | null;
  /** Train although nothing is new since the last run. */
  readonly again?: boolean;
}

export type StartError = SpecError | AliasError | RunError;

/** Records a new run and a copy of the spec it goes by. Starting the same id twice gives the run that is there. */
export async function startRun(
  store: ObjectStore,
  model: string,
  options: StartOptions,
): Promise<Result<RunRecord, StartError>> {
  const loaded = await loadSpec(store, model);
  if (!loaded.ok) return loaded;
  const champion = await loadChampion(store, model);
  if (!champion.ok) return champion;
  const id = createRunId(options.trigger, options.now, options.suffix);
  const spec = await keepSpec(store, id, loaded.value.spec);
  const run = newRun({
    id,
    model,
    trigger: options.trigger,
    by: options.by,
    startedAt: options.now.toISOString(),
    cutoffMs: options.now.getTime(),
    specDigest: specDigest(spec),
    mayPromote: (options.mayPromote ?? true) && spec.promotion === 'automatic',
    wantedSnapshot: options.wantedSnapshot ?? null,
    championAtStart: champion.value?.move.to ?? null,
  });
  return claimJob(store, runJob, options.again === true ? { ...run, again: true } : run);
}

/**
 * Makes a failed run one that may be tried again. One that its host gave up in the middle of a step goes on with that
 * step; any other begins with its first one: what the failure left of the training is gone. What is a cache is found
 * again, and evidence stands as long as the candidate does; so a run that had published before it failed publishes the
 * same. Any other run is returned as it is.
 */
export async function reopenRun(
  store: ObjectStore,
  model: string,
  id: string,
): Promise<Result<RunRecord, RunError>> {
  const run = await loadRun(store, model, id);
  if (!run.ok || run.value.status !== 'failed') return run;
  const isGivenUp = run.value.step !== null;
  if (!isGivenUp) {
    for (const key of await store.list(keys.runStepsOf(model, id))) await store.delete(key);
  }
  const reopened: RunRecord = {
    ...run.value,
    status: 'running',
    finishedAt: null,
    summary: null,
    error: null,
    ...(isGivenUp ? {} : { step: null, steps: [] }),
  };
  await saveRun(store, reopened);
  return ok(reopened);
}

/** The copy the run goes by: the one that is there already, where a crash came between it and the run's record. */
async function keepSpec(store: ObjectStore, run: string, spec: Spec): Promise<Spec> {
  const key = keys.run(spec.name, run, 'spec.json');
  if ((await putJson(store, key, spec, { absent: true })) !== null) return spec;
  const kept = await loadJson(store, key, specSchema);
  if (!kept.ok) throw new Error(describeReadError(kept.error));
  return kept.value.value;
}
