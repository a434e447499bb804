/**
 * Workflow instances: one a run, named after it, so that starting a run twice starts it once.
 */
import { randomHex } from '../../shared/digest.ts';
import { listModels } from '../../shared/model/spec/find-spec.ts';
import { loadSpec } from '../../shared/model/spec/load-spec.ts';
import { createJobId, type JobRecord, loadJob } from '../../shared/registry/jobs/jobs.ts';
import { type JobName, keys } from '../../shared/registry/store/keys.ts';
import { createR2Store } from '../../shared/registry/store/r2-store.ts';
import { type Reproduction, reproductionJob } from '../../shared/registry/jobs/reproductions.ts';
import { loadRun } from '../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type {
  ComparisonRequest,
  ReproductionRequest,
  RunRequest,
  TrainerError,
} from '../../shared/trainer-service.ts';
import { startComparison } from '../compare/comparison-run.ts';
import type { Move } from '../../shared/registry/champion/alias.ts';
import { startRunAfter } from '../live/watch.ts';
import { checkModel } from '../notices/check-model.ts';
import { reopenRun, startRun } from '../run/start.ts';
import { startReproduction } from '../reproduce/reproduction-run.ts';
import { tick } from '../schedule/tick.ts';
import { parseStepSeconds } from '../step-seconds.ts';
import { instanceName } from './instance-name.ts';

/** What an instance is told: the model, and under its kind's name the id of the job it does. */
export type JobParams<Name extends JobName> = { readonly model: string } & {
  readonly [kind in Name]: string;
};

type Config = Pick<TrainerEnv, 'HOLDFAST_STEP_CPU_SECONDS'>;
type Bindings = Pick<TrainerEnv, 'BUCKET' | 'RETRAINING' | 'WATCHING'> & Config;

/** Asked before anything is recorded: what can't run is not begun. */
function checkConfig(env: Config): Result<null, TrainerError> {
  const stepSeconds = parseStepSeconds(env.HOLDFAST_STEP_CPU_SECONDS);
  return stepSeconds.ok ? ok(null) : err({ kind: 'misconfigured', detail: stepSeconds.error });
}

/** How long a paused instance may take to stop before it is resumed. */
const PAUSE_TRIES = 50;
const PAUSE_WAIT_MS = 100;

/**
 * Claims the run, then starts its Workflow; an error where the model or what was asked for is not there. A run of the
 * cron trigger is named after its time alone, so that one trigger starts one run.
 */
export async function startWorkflow(
  env: Omit<Bindings, 'WATCHING'>,
  model: string,
  request: RunRequest,
  now: Date,
): Promise<Result<{ run: string }, TrainerError>> {
  const suffix = request.trigger === 'cron' ? '' : randomHex(3);
  const started = await startJob(env, env.RETRAINING, 'run', (store) =>
    startRun(store, model, { ...request, now, suffix }),
  );
  return started.ok ? ok({ run: started.value.job.id }) : started;
}

/** The run that follows a rollback; started twice, it is one. */
export async function startAfterRollback(
  env: Omit<Bindings, 'WATCHING'>,
  model: string,
  move: Pick<Move, 'at' | 'sequence'>,
): Promise<Result<{ run: string }, TrainerError>> {
  const started = await startJob(env, env.RETRAINING, 'run', (store) =>
    startRunAfter(store, model, move, 'api'),
  );
  return started.ok ? ok({ run: started.value.job.id }) : started;
}

/** Looks at a champion. It leaves no record but what the look finds, so its instance alone has a name. */
export async function startLook(
  env: Pick<TrainerEnv, 'WATCHING'>,
  model: string,
  at: Date,
): Promise<{ readonly look: string }> {
  const look = createJobId(at, 'look');
  const id = instanceName(model, look);
  try {
    await env.WATCHING.create({ id, params: { model } });
  } catch {
    // The same look was asked for before; where it was not, this says why it could not be.
    await env.WATCHING.get(id);
  }
  return { look };
}

/** Records a comparison of two versions' recipes and sets it going. */
export async function startComparing(
  env: Pick<TrainerEnv, 'BUCKET' | 'COMPARING'> & Config,
  model: string,
  request: ComparisonRequest,
  now: Date,
): Promise<Result<{ comparison: string }, TrainerError>> {
  const started = await startJob(env, env.COMPARING, 'comparison', (store) =>
    startComparison(store, model, request, { now, suffix: randomHex(3) }),
  );
  return started.ok ? ok({ comparison: started.value.job.id }) : started;
}

/** Trains a version again; or goes on with doing so, where a reproduction is named that was left. */
export async function startReproducing(
  env: Pick<TrainerEnv, 'BUCKET' | 'REPRODUCING'> & Config,
  model: string,
  { resume, ...request }: ReproductionRequest,
  now: Date,
): Promise<Result<{ reproduction: string }, TrainerError>> {
  const started = await startJob(env, env.REPRODUCING, 'reproduction', async (store) => {
    if (resume !== null) return findLeft(store, model, resume, request.version);
    const start = { ...request, trigger: 'api', place: 'workerd' } as const;
    return startReproduction(store, model, start, { now, suffix: randomHex(3) });
  });
  if (!started.ok) return started;
  const { job, instance } = started.value;
  if (resume !== null && job.status === 'running') await wake(instance);
  return ok({ reproduction: job.id });
}

/** A reproduction of a version that this trainer was at. */
async function findLeft(
  store: ObjectStore,
  model: string,
  id: string,
  version: number,
): Promise<Result<Reproduction, TrainerError>> {
  const left = await loadJob(store, reproductionJob, model, id);
  if (!left.ok) return left;
  if (left.value.version !== version) {
    const detail = `reproduction ${id} is of version ${left.value.version}, not of ${version}`;
    return err({ kind: 'other-version', detail });
  }
  return left.value.trigger === 'cli' ? err(nodeJob('reproduction', id)) : left;
}

/** Records a job and sets it going; what can't run in this deployment is not recorded. */
async function startJob<Name extends JobName, Job extends JobRecord>(
  env: Pick<TrainerEnv, 'BUCKET'> & Config,
  workflow: Workflow<JobParams<Name>>,
  kind: Name,
  record: (store: ObjectStore) => Promise<Result<Job, TrainerError>>,
): Promise<Result<{ readonly job: Job; readonly instance: WorkflowInstance }, TrainerError>> {
  const configured = checkConfig(env);
  if (!configured.ok) return configured;
  const recorded = await record(createR2Store(env.BUCKET));
  if (!recorded.ok) return err({ kind: recorded.error.kind, detail: recorded.error.detail });
  return ok({ job: recorded.value, instance: await ensureInstance(workflow, kind, recorded.value) });
}

function nodeJob(what: string, id: string): TrainerError {
  const detail = `${what} ${id} is a Node job: resume it where it was started, with --store`;
  return { kind: 'not-a-workflow', detail };
}

/** Starts the runs that the models' schedules ask for by now. */
export async function startDue(env: Bindings, now: Date): Promise<void> {
  const store = createR2Store(env.BUCKET);
  await tick(
    {
      store,
      async look(model) {
        await checkModel(store, model, now);
        if ((await store.get(keys.alias(model, 'champion'))) !== null) await startLook(env, model, now);
      },
      log: (facts) => console.error(JSON.stringify(facts)),
      async start(model, due) {
        const started = await startWorkflow(env, model, { trigger: 'cron', by: 'cron' }, due);
        if (!started.ok) throw new Error(`${started.error.kind}: ${started.error.detail}`);
        console.log(JSON.stringify({ event: 'run started', model, ...started.value }));
      },
    },
    now,
  );
}

/** Starts a run of every model whose spec says so. One that can't be started does not keep the others from it. */
export async function startScheduled(env: Bindings, at: Date): Promise<void> {
  const store = createR2Store(env.BUCKET);
  for (const model of await listModels(store)) {
    try {
      const spec = await loadSpec(store, model);
      if (spec.ok && !spec.value.spec.scheduled) continue;
      const started = await startWorkflow(env, model, { trigger: 'cron', by: 'cron' }, at);
      console.log(
        JSON.stringify({
          event: started.ok ? 'run started' : 'run not started',
          model,
          ...(started.ok ? started.value : started.error),
        }),
      );
    } catch (error) {
      console.error(JSON.stringify({ event: 'run not started', model, error: String(error) }));
    }
  }
}

/**
 * Makes a run go on that stopped half-way, and tries one again that failed. A Workflow resumes by itself in production; a local one that was killed
 * says `running` and does nothing until it is paused and resumed. Finished steps are not done again.
 */
export async function resumeWorkflow(
  env: Bindings,
  model: string,
  run: string,
): Promise<Result<{ status: string }, TrainerError>> {
  const record = await loadRun(createR2Store(env.BUCKET), model, run);
  if (!record.ok) return err(record.error);
  if (record.value.status === 'complete' || record.value.status === 'skipped')
    return ok({ status: record.value.status });
  if (record.value.trigger === 'cli') return err(nodeJob('run', run));
  if (record.value.status !== 'failed')
    return ok({ status: await wake(await ensureInstance(env.RETRAINING, 'run', record.value)) });
  const reopened = await reopenRun(createR2Store(env.BUCKET), model, run);
  if (!reopened.ok) return err(reopened.error);
  // The instance remembers its steps, the one that failed among them: all of them are done again.
  const instance = await ensureInstance(env.RETRAINING, 'run', record.value);
  await instance.restart();
  return ok({ status: 'restarted' });
}

async function wake(instance: WorkflowInstance): Promise<string> {
  const { status } = await instance.status();
  switch (status) {
    case 'complete':
    case 'queued':
    case 'waiting':
      return status;
    case 'errored':
    case 'terminated':
      await instance.restart();
      return 'restarted';
    default:
      await pauseAndResume(instance);
      return 'resumed';
  }
}

async function pauseAndResume(instance: WorkflowInstance): Promise<void> {
  if ((await instance.status()).status !== 'paused') await instance.pause();
  for (let tries = 0; tries < PAUSE_TRIES; tries++) {
    const { status } = await instance.status();
    if (status === 'paused') break;
    if (status === 'complete' || status === 'errored') return;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_WAIT_MS));
  }
  await instance.resume();
}

/** The instance that does a job; created when a crash came between recording the job and starting it. */
async function ensureInstance<Name extends JobName>(
  workflow: Workflow<JobParams<Name>>,
  kind: Name,
  { model, id }: Pick<JobRecord, 'model' | 'id'>,
): Promise<WorkflowInstance> {
  const name = instanceName(model, id);
  try {
    return await workflow.create({ id: name, params: { model, [kind]: id } as JobParams<Name> });
  } catch {
    return workflow.get(name);
  }
}
