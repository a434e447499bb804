/**
 * Workflow instances: one a run, named after it, so that starting a run twice starts it once.
 */
import { randomHex } from '../../shared/digest.ts';
import { listModels } from '../../shared/model/spec/find-spec.ts';
import { loadSpec } from '../../shared/model/spec/load-spec.ts';
import { createR2Store } from '../../shared/registry/r2-store.ts';
import { loadReproduction } from '../../shared/registry/reproductions.ts';
import { loadRun } from '../../shared/registry/runs.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type {
  ComparisonRequest,
  ReproductionRequest,
  RunRequest,
  TrainerError,
} from '../../shared/trainer-service.ts';
import { startComparison } from '../compare/comparison-run.ts';
import { checkModel } from '../notices/check-model.ts';
import { reopenRun, startRun } from '../run/start.ts';
import { startReproduction } from '../reproduce/reproduction-run.ts';
import { tick } from '../schedule/tick.ts';
import { parseStepSeconds } from '../step-seconds.ts';
import { instanceName } from './instance-name.ts';

export interface RunParams {
  readonly model: string;
  readonly run: string;
}

export interface ComparisonParams {
  readonly model: string;
  readonly comparison: string;
}

export interface ReproductionParams {
  readonly model: string;
  readonly reproduction: string;
}

type Config = Pick<TrainerEnv, 'HOLDFAST_STEP_CPU_SECONDS'>;
type Bindings = Pick<TrainerEnv, 'BUCKET' | 'RETRAINING'> & Config;

/** Asked before anything is recorded: what can't run is not begun. */
function checkConfig(env: Config): Result<null, TrainerError> {
  const stepSeconds = parseStepSeconds(env.HOLDFAST_STEP_CPU_SECONDS);
  return stepSeconds.ok ? ok(null) : err({ kind: 'misconfigured', detail: stepSeconds.error });
}

/** How long a paused instance may take to stop before it is resumed. */
const PAUSE_TRIES = 50;
const PAUSE_WAIT_MS = 100;

export async function startWorkflow(
  env: Bindings,
  model: string,
  request: RunRequest,
  now: Date,
): Promise<Result<{ run: string }, TrainerError>> {
  const configured = checkConfig(env);
  if (!configured.ok) return configured;
  const suffix = request.trigger === 'cron' ? '' : randomHex(3);
  const started = await startRun(createR2Store(env.BUCKET), model, { ...request, now, suffix });
  if (!started.ok) return err({ kind: started.error.kind, detail: started.error.detail });
  await ensureRun(env, { model, run: started.value.id });
  return ok({ run: started.value.id });
}

/** Records a comparison of two versions' recipes and sets it going. */
export async function startComparing(
  env: Pick<TrainerEnv, 'BUCKET' | 'COMPARING'> & Config,
  model: string,
  request: ComparisonRequest,
  now: Date,
): Promise<Result<{ comparison: string }, TrainerError>> {
  const configured = checkConfig(env);
  if (!configured.ok) return configured;
  const options = { now, suffix: randomHex(3) };
  const started = await startComparison(createR2Store(env.BUCKET), model, request, options);
  if (!started.ok) return started;
  const { id } = started.value;
  await env.COMPARING.create({ id: instanceName(model, id), params: { model, comparison: id } });
  return ok({ comparison: id });
}

/** Trains a version again; or goes on with doing so, where a reproduction is named that was left. */
export async function startReproducing(
  env: Pick<TrainerEnv, 'BUCKET' | 'REPRODUCING'> & Config,
  model: string,
  { resume, ...request }: ReproductionRequest,
  now: Date,
): Promise<Result<{ reproduction: string }, TrainerError>> {
  const configured = checkConfig(env);
  if (!configured.ok) return configured;
  const store = createR2Store(env.BUCKET);
  const record =
    resume === null
      ? await startReproduction(
          store,
          model,
          { ...request, trigger: 'api', place: 'workerd' },
          { now, suffix: randomHex(3) },
        )
      : await loadReproduction(store, model, resume);
  if (!record.ok) return err({ kind: record.error.kind, detail: record.error.detail });
  const { id, version, trigger, status } = record.value;
  if (version !== request.version) {
    const detail = `reproduction ${id} is of version ${version}, not of ${request.version}`;
    return err({ kind: 'other-version', detail });
  }
  if (trigger === 'cli') return err(nodeJob('reproduction', id));
  const params = { model, reproduction: id };
  const instance = await ensureInstance(env.REPRODUCING, instanceName(model, id), params);
  if (resume !== null && status === 'running') await wake(instance);
  return ok({ reproduction: id });
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
      look: (model) => checkModel(store, model, now),
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
    return ok({ status: await wake(await ensureRun(env, { model, run })) });
  const reopened = await reopenRun(createR2Store(env.BUCKET), model, run);
  if (!reopened.ok) return err(reopened.error);
  // The instance remembers its steps, the one that failed among them: all of them are done again.
  const instance = await ensureRun(env, { model, run });
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

function ensureRun(env: Bindings, params: RunParams): Promise<WorkflowInstance> {
  return ensureInstance(env.RETRAINING, instanceName(params.model, params.run), params);
}

/** The instance of that name; created when a crash came between recording what it is for and starting it. */
async function ensureInstance<Params>(
  workflow: Workflow<Params>,
  id: string,
  params: Params,
): Promise<WorkflowInstance> {
  try {
    return await workflow.create({ id, params });
  } catch {
    return workflow.get(id);
  }
}
