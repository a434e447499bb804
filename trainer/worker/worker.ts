/**
 * The trainer Worker: Workflows that retrain, compare recipes, train a version again and look at the champion, the cron
 * trigger that starts the first for every scheduled model, and the last for every model, and the entrypoint through which the edge (and nobody else) starts and resumes
 * them.
 */
import { WorkerEntrypoint, WorkflowEntrypoint } from 'cloudflare:workers';
import type { WorkflowEvent, WorkflowStep } from 'cloudflare:workers';
import { kernelModule } from '../kernels/kernels-worker.ts';
import { shareMemory } from '../kernels/workspace.ts';
import { createRuntime, type Runtime } from '../../shared/model/run/runtime.ts';
import { wasmModule } from '../../shared/model/run/wasm-worker.ts';
import { comparisonJob } from '../../shared/registry/jobs/comparisons.ts';
import { type JobRecord, type Progress, saveJobProgress } from '../../shared/registry/jobs/jobs.ts';
import type { JobName } from '../../shared/registry/store/keys.ts';
import { reproductionJob } from '../../shared/registry/jobs/reproductions.ts';
import { printable } from '../../shared/printable.ts';
import { createR2Store } from '../../shared/registry/store/r2-store.ts';
import type { RunRecord } from '../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { ok, type Result } from '../../shared/result.ts';
import { RunFailure } from '../run-failure.ts';
import { watchChampion } from '../live/watch.ts';
import type {
  ComparisonRequest,
  ReproductionRequest,
  RunRequest,
  TrainerError,
  TrainerService,
} from '../../shared/trainer-service.ts';
import { runComparison } from '../compare/comparison-run.ts';
import type { Host } from '../run/context.ts';
import { parseStepSeconds } from '../step-seconds.ts';
import { createProgressWriter } from '../run/progress-writer.ts';
import { giveUpJob } from '../run/job-record.ts';
import { giveUpRun } from '../run/record.ts';
import { runPipeline } from '../pipeline/pipeline.ts';
import type { StepRunner } from '../run/steps.ts';
import { deliverNotices } from '../notices/deliver.ts';
import { noticeRun } from '../notices/run-notice.ts';
import { parseWebhook } from '../notices/webhook.ts';
import { runReproduction } from '../reproduce/reproduction-run.ts';
import { recordGivingUp } from './give-up.ts';
import { workflowSteps } from './workflow-steps.ts';
import {
  type JobParams,
  resumeWorkflow,
  startAfterRollback,
  startComparing,
  startDue,
  startLook,
  startReproducing,
  startScheduled,
  startWorkflow,
} from './workflows.ts';

/**
 * One executor an isolate, and one memory for all that a run computes, trainings too. A WASM memory never shrinks, and
 * when one that was let go is collected is up to the engine: in workerd ten were there at once (docs/log.md). This one
 * stays, and each step finds the room of the one before free.
 */
let runtime: Runtime | undefined;

/** The cron trigger of trainer/wrangler.toml, which asks what is due. */
const TICK = '*/5 * * * *';

/** Of the 128 MB of a Worker: what recipes that are compared read of all examples. */
const ROOM_BYTES = 48_000_000;

/** Of the same: what that executor may take. A base that needs more fails by name, and not with the isolate. */
const HEAP_BYTES = 80 * 2 ** 20;

/** R2 takes about one write a second of a key. */
const STATE_PACE_MS = 1_100;

/** A kind of job as its Workflow does it. */
interface Work<Name extends JobName, Job extends JobRecord> {
  readonly kind: Name;
  readonly run: (host: Host, model: string, id: string, steps: StepRunner) => Promise<Job>;
  readonly giveUp: (store: ObjectStore, model: string, id: string, reason: string, now: Date) => Promise<Job>;
  /** Tells of its end, as a step of its own. */
  readonly tell?: (env: TrainerEnv, store: ObjectStore, ended: Job) => Promise<void>;
}

/** Does a job in the steps of its Workflow, with its progress beside its record; one sentence that says how it ended. */
async function followWorkflow<Name extends JobName, Job extends JobRecord>(
  env: TrainerEnv,
  { payload }: Readonly<WorkflowEvent<JobParams<Name>>>,
  step: WorkflowStep,
  { kind, run, giveUp, tell }: Work<Name, Job>,
): Promise<string> {
  const store = createR2Store(env.BUCKET);
  const { model, [kind]: id } = payload;
  const host = workerHost(env, store, (progress) => saveJobProgress(store, kind, { model, id }, progress));
  const ended = await recordGivingUp(
    step,
    payload,
    () => run(host, model, id, workflowSteps(step)),
    async (reason) => {
      const ended = await giveUp(store, model, id, reason, new Date());
      await tell?.(env, store, ended);
    },
  );
  if (tell !== undefined) await step.do('tell', () => tell(env, store, ended));
  return ended.summary ?? ended.status;
}

export class Retraining extends WorkflowEntrypoint<TrainerEnv, JobParams<'run'>> {
  override run(event: Readonly<WorkflowEvent<JobParams<'run'>>>, step: WorkflowStep): Promise<string> {
    const work = { kind: 'run', run: runPipeline, giveUp: giveUpRun, tell: tellOfRun } as const;
    return followWorkflow(this.env, event, step, work);
  }
}

export class Comparing extends WorkflowEntrypoint<TrainerEnv, JobParams<'comparison'>> {
  override run(event: Readonly<WorkflowEvent<JobParams<'comparison'>>>, step: WorkflowStep): Promise<string> {
    return followWorkflow(this.env, event, step, {
      kind: 'comparison',
      run: runComparison,
      giveUp: (store, ...given) => giveUpJob(store, comparisonJob, ...given),
    });
  }
}

export class Reproducing extends WorkflowEntrypoint<TrainerEnv, JobParams<'reproduction'>> {
  override run(
    event: Readonly<WorkflowEvent<JobParams<'reproduction'>>>,
    step: WorkflowStep,
  ): Promise<string> {
    return followWorkflow(this.env, event, step, {
      kind: 'reproduction',
      run: runReproduction,
      giveUp: (store, ...given) => giveUpJob(store, reproductionJob, ...given),
    });
  }
}

/** Every hour, for every model that serves (schedule/tick.ts). */
export class Watching extends WorkflowEntrypoint<TrainerEnv, { readonly model: string }> {
  override async run(
    { payload: { model } }: Readonly<WorkflowEvent<{ readonly model: string }>>,
    step: WorkflowStep,
  ): Promise<string> {
    const store = createR2Store(this.env.BUCKET);
    const steps = workflowSteps(step);
    const host = workerHost(this.env, store, async () => {});
    const { summary, from, to, runAt, runSequence } = await steps.do('look', async () => {
      const { move, runAfter, summary } = await watchChampion(host, model);
      return {
        summary,
        from: move?.from ?? null,
        to: move?.to ?? null,
        runAt: runAfter?.at ?? null,
        runSequence: runAfter?.sequence ?? null,
      };
    });
    console.log(printable(JSON.stringify({ event: 'looked at champion', model, from, to, summary })));
    if (runAt !== null && runSequence !== null) {
      await steps.do('run', async () => {
        const started = await startAfterRollback(this.env, model, { at: runAt, sequence: runSequence });
        if (!started.ok) throw new RunFailure(`the run after the rollback: ${started.error.detail}`);
        return { run: started.value.run };
      });
    }
    await steps.do('tell', async () => {
      await deliver(this.env, store);
      return {};
    });
    return summary;
  }
}

/** How a run ended: one line in the log, and a notice where it is news. Repeating it tells nobody twice. */
async function tellOfRun(env: TrainerEnv, store: ObjectStore, record: RunRecord): Promise<void> {
  const { model, id: run, status, trigger, promoted, verdict, summary, error } = record;
  const facts = { event: `run ${status}`, model, run, trigger, verdict, promoted, summary, error };
  const line = printable(JSON.stringify(facts));
  if (status === 'failed') console.error(line);
  else console.log(line);
  await noticeRun(store, record);
  await deliver(env, store);
}

/** Sends what waits, if anybody wants to be told; a notice that does not arrive is sent again at a later tick. */
async function deliver(env: TrainerEnv, store: ObjectStore): Promise<void> {
  const log = (facts: Readonly<Record<string, unknown>>): void =>
    console.error(printable(JSON.stringify(facts)));
  const { HOLDFAST_WEBHOOK_URL: url, HOLDFAST_WEBHOOK_SHAPE: shape } = env;
  const webhook = parseWebhook(url, secretOf(env), shape);
  if (!webhook.ok) {
    log({ event: 'misconfigured', problem: webhook.error });
    return;
  }
  await deliverNotices({
    store,
    webhook: webhook.value,
    now: new Date(),
    send: (to, init) => fetch(to, init),
    log,
  });
}

/** A secret is in no file, so `wrangler types` does not know it. */
function secretOf(env: object): string {
  const { HOLDFAST_WEBHOOK_SECRET: secret } = env as { readonly HOLDFAST_WEBHOOK_SECRET?: string };
  return secret ?? '';
}

function openRuntime(): Runtime {
  const opened = createRuntime(wasmModule, { maxHeapBytes: HEAP_BYTES });
  shareMemory(kernelModule, opened.shared);
  return opened;
}

function workerHost(env: TrainerEnv, store: ObjectStore, keep: (progress: Progress) => Promise<void>): Host {
  runtime ??= openRuntime();
  const stepSeconds = parseStepSeconds(env.HOLDFAST_STEP_CPU_SECONDS);
  if (!stepSeconds.ok) throw new Error(stepSeconds.error);
  const log = (facts: Readonly<Record<string, unknown>>): void =>
    console.log(printable(JSON.stringify(facts)));
  const write = createProgressWriter({ save: keep, nowMs: Date.now, log });
  return {
    store,
    recordIntervalMs: STATE_PACE_MS,
    wasm: wasmModule,
    kernels: kernelModule,
    runtime,
    memoryBudgetBytes: ROOM_BYTES,
    stepCpuSeconds: stepSeconds.value,
    yieldControl: letOthersIn,
    log,
    now: () => new Date(),
    stopwatch,
    onProgress: async (progress) => {
      await write(progress);
      await letOthersIn();
    },
  };
}

/**
 * On one machine both Workers share a thread, and storage answers without leaving it: without a timer in between, no
 * request would be served until the run ends. And a Worker's clock stands still while code runs.
 */
function letOthersIn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

/** A Worker's clock stands still while code runs: it is read when a timer has just gone off, before and after. */
async function stopwatch(work: () => void): Promise<number> {
  await letOthersIn();
  const startMs = Date.now();
  work();
  await letOthersIn();
  return Math.max(1, Date.now() - startMs);
}

/** What the edge may ask for. Bound by name in wrangler.toml; there is no other way in. */
export class Trainer extends WorkerEntrypoint<TrainerEnv> implements TrainerService {
  startRun(model: string, request: RunRequest): Promise<Result<{ run: string }, TrainerError>> {
    return startWorkflow(this.env, model, request, new Date());
  }

  startComparison(
    model: string,
    request: ComparisonRequest,
  ): Promise<Result<{ comparison: string }, TrainerError>> {
    return startComparing(this.env, model, request, new Date());
  }

  reproduceVersion(
    model: string,
    request: ReproductionRequest,
  ): Promise<Result<{ reproduction: string }, TrainerError>> {
    return startReproducing(this.env, model, request, new Date());
  }

  async lookAtChampion(model: string): Promise<Result<{ look: string }, TrainerError>> {
    return ok(await startLook(this.env, model, new Date()));
  }

  resumeRun(model: string, run: string): Promise<Result<{ status: string }, TrainerError>> {
    return resumeWorkflow(this.env, model, run);
  }
}

export default {
  async scheduled(controller, env): Promise<void> {
    const now = new Date(controller.scheduledTime);
    const store = createR2Store(env.BUCKET);
    // A deployment with a cron of its own decides by that when all models are retrained.
    if (controller.cron === TICK) await startDue(env, now);
    else await startScheduled(env, now);
    await deliver(env, store);
  },
} satisfies ExportedHandler<TrainerEnv>;
