/**
 * A retraining run as a Node job: the pipeline of the trainer Worker, over any store. For bases, data or heads that
 * outgrow an isolate, from any scheduler.
 */
import { randomHex } from '../../shared/digest.ts';
import { encodeJson } from '../../shared/registry/store/json.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import type { Progress } from '../../shared/registry/jobs/jobs.ts';
import type { RunRecord } from '../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { ok, type Result } from '../../shared/result.ts';
import { giveUpRun } from '../run/record.ts';
import { noticeRun } from '../notices/run-notice.ts';
import { runPipeline } from '../pipeline/pipeline.ts';
import type { StepRunner } from '../run/steps.ts';
import { reopenRun, startRun, type StartError } from '../run/start.ts';
import { createNodeHost } from './node-host.ts';

export interface JobOptions {
  readonly store: ObjectStore;
  readonly model: string;
  readonly by: string;
  /** False: judge and publish, but leave the champion alone. */
  readonly promote: boolean;
  /** Train on this existing snapshot instead of making one. */
  readonly snapshot?: string;
  /** Train although nothing is new since the last run. */
  readonly again?: boolean;
  /** Cores to work on; default: one a core, at most eight. */
  readonly threads?: number;
  readonly onProgress?: (progress: Progress) => void;
  /** What a step may take; 20 if absent. It changes nothing of what comes of it. */
  readonly stepCpuSeconds?: number;
}

/** Starts a run and follows it to its end. A run that failed by name is a value too: see its status. */
export async function runJob(options: JobOptions): Promise<Result<RunRecord, StartError>> {
  const started = await startRun(options.store, options.model, {
    trigger: 'cli',
    by: options.by,
    now: new Date(),
    suffix: randomHex(3),
    mayPromote: options.promote,
    wantedSnapshot: options.snapshot ?? null,
    ...(options.again === true && { again: true }),
  });
  if (!started.ok) return started;
  return resumeJob(options, started.value.id);
}

/** Goes on with a run that was interrupted: its finished steps are not done again. One that failed is tried again. */
export async function resumeJob(
  {
    store,
    model,
    threads,
    onProgress,
    stepCpuSeconds,
  }: Pick<JobOptions, 'store' | 'model' | 'threads' | 'onProgress' | 'stepCpuSeconds'>,
  id: string,
): Promise<Result<RunRecord, StartError>> {
  const present = await reopenRun(store, model, id);
  if (!present.ok) return present;
  const host = await createNodeHost({
    store,
    ...(threads === undefined ? {} : { threads }),
    ...(stepCpuSeconds === undefined ? {} : { stepCpuSeconds }),
    ...(onProgress ? { onProgress } : {}),
  });
  try {
    const run = await runPipeline(host, model, id, createNodeSteps(store, model, id));
    await noticeRun(store, run);
    return ok(run);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    // Where the store is what failed, the record can't say so; whoever ran this hears it either way.
    await giveUpRun(store, model, id, reason, new Date())
      .then((run) => noticeRun(store, run))
      .catch(() => undefined);
    throw cause;
  }
}

/** Keeps every finished step's small result beside the run; a step that has one is not done again. */
export function createNodeSteps(store: ObjectStore, model: string, run: string): StepRunner {
  return {
    async do(name, body) {
      const key = keys.runSteps(model, run, name.replaceAll(' ', '-'));
      const done = await store.get(key);
      if (done !== null)
        return JSON.parse(new TextDecoder().decode(done.bytes)) as Awaited<ReturnType<typeof body>>;
      const result = await body();
      await store.put(key, encodeJson(result));
      return result;
    },
  };
}
