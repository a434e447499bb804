/**
 * Starting a run: fixing what it is about (spec, champion, cutoff) before anything else happens.
 */
import { loadSpec, type SpecError } from '../../shared/model/load-spec.ts';
import { type AliasError, loadChampion } from '../../shared/registry/alias.ts';
import { putJson } from '../../shared/registry/json.ts';
import { keys } from '../../shared/registry/keys.ts';
import { createRunId, loadRun, type RunError, type RunRecord } from '../../shared/registry/runs.ts';
import type { ObjectStore } from '../../shared/registry/store.ts';
import { ok, type Result } from '../../shared/result.ts';

export interface StartOptions {
  readonly trigger: RunRecord['trigger'];
  readonly by: string;
  readonly now: Date;
  /** Tells runs of the same second apart; empty for cron, whose repeated trigger must give the same id. */
  readonly suffix: string;
  readonly mayPromote?: boolean;
  readonly wantedSnapshot?: string | null;
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
  const { spec, digest } = loaded.value;
  const run: RunRecord = {
    format: 'holdfast-run/1',
    id: createRunId(options.trigger, options.now, options.suffix),
    model,
    trigger: options.trigger,
    by: options.by,
    status: 'running',
    startedAt: options.now.toISOString(),
    finishedAt: null,
    cutoffMs: options.now.getTime(),
    step: null,
    steps: [],
    specDigest: digest,
    mayPromote: (options.mayPromote ?? true) && spec.promotion === 'automatic',
    wantedSnapshot: options.wantedSnapshot ?? null,
    snapshot: null,
    championAtStart: champion.value?.move.to ?? null,
    candidate: null,
    verdict: null,
    promoted: false,
    summary: null,
    error: null,
  };
  await putJson(store, keys.run(model, run.id, 'spec.json'), spec, { absent: true });
  const written = await putJson(store, keys.run(model, run.id, 'run.json'), run, { absent: true });
  return written === null ? loadRun(store, model, run.id) : ok(run);
}
