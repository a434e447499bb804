/**
 * A retraining run as a Node job: the pipeline of the trainer Worker, over any store. For bases, data or heads that
 * outgrow an isolate, from any scheduler.
 */
import { availableParallelism } from 'node:os';
import { randomHex } from '../../shared/digest.ts';
import { createRuntime } from '../../shared/model/runtime.ts';
import { loadKernelModule } from '../../shared/model/kernels/kernels-node.ts';
import { loadWasmModule } from '../../shared/model/wasm-node.ts';
import { encodeJson } from '../../shared/registry/json.ts';
import { keys } from '../../shared/registry/keys.ts';
import { loadRun, type Progress, type RunRecord } from '../../shared/registry/runs.ts';
import type { ObjectStore } from '../../shared/registry/store.ts';
import { ok, type Result } from '../../shared/result.ts';
import { workInThreads } from '../compare/pool.ts';
import type { Surroundings } from '../pipeline/context.ts';
import { runPipeline, type StepHost } from '../pipeline/pipeline.ts';
import { startRun, type StartError } from '../pipeline/start.ts';

export interface JobOptions {
  readonly store: ObjectStore;
  readonly model: string;
  readonly by: string;
  /** False: judge and publish, but leave the champion alone. */
  readonly promote: boolean;
  /** Train on this existing snapshot instead of making one. */
  readonly snapshot?: string;
  readonly onProgress?: (progress: Progress) => void;
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
  });
  if (!started.ok) return started;
  return resumeJob(options, started.value.id);
}

/** Goes on with a run that was interrupted: its finished steps are not done again. */
export async function resumeJob(
  { store, model, onProgress }: Pick<JobOptions, 'store' | 'model' | 'onProgress'>,
  id: string,
): Promise<Result<RunRecord, StartError>> {
  const present = await loadRun(store, model, id);
  if (!present.ok) return present;
  const surroundings = await surroundingsHere(store, onProgress);
  return ok(await runPipeline(surroundings, model, id, createNodeHost(store, model, id)));
}

export async function surroundingsHere(
  store: ObjectStore,
  onProgress: JobOptions['onProgress'],
): Promise<Surroundings> {
  const wasm = await loadWasmModule();
  return {
    store,
    wasm,
    kernels: await loadKernelModule(),
    runtime: createRuntime(wasm),
    now: () => new Date(),
    stopwatch,
    onProgress: onProgress ?? (() => {}),
    workshop: workInThreads(availableParallelism()),
  };
}

async function stopwatch(work: () => void): Promise<number> {
  const start = performance.now();
  work();
  return performance.now() - start;
}

/** Keeps every finished step's small result beside the run; a step that has one is not done again. */
export function createNodeHost(store: ObjectStore, model: string, run: string): StepHost {
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
