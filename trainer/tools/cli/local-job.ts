/**
 * The Node job, loaded only where it is used: TensorFlow.js takes its time.
 */
import type { RunRecord } from '../../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import type { Shadow } from '../../live/shadow.ts';
import type { LookJob } from '../../node/look-job.ts';
import type { JobOptions } from '../../node/job.ts';
import { parseStepSeconds } from '../../step-seconds.ts';
import type { Refusal } from './target.ts';

/** A run in this process from its first step to its last; a refusal where it was not begun. */
export async function runJobHere(options: JobOptions): Promise<Result<RunRecord, Refusal>> {
  const stepSeconds = readStepSeconds();
  if (!stepSeconds.ok) return stepSeconds;
  const { runJob } = await import('../../node/job.ts');
  return runJob({ ...options, stepCpuSeconds: stepSeconds.value });
}

/** Goes on with a run that was left, with the step that it had not ended. */
export async function resumeJobHere(
  options: Pick<JobOptions, 'store' | 'model' | 'threads' | 'onProgress'>,
  run: string,
): Promise<Result<RunRecord, Refusal>> {
  const stepSeconds = readStepSeconds();
  if (!stepSeconds.ok) return stepSeconds;
  const { resumeJob } = await import('../../node/job.ts');
  return resumeJob({ ...options, stepCpuSeconds: stepSeconds.value }, run);
}

/** A look at the champion, in this process. */
export async function lookJobHere(store: ObjectStore, model: string): Promise<Result<LookJob, Refusal>> {
  const stepSeconds = readStepSeconds();
  if (!stepSeconds.ok) return stepSeconds;
  const { lookHere } = await import('../../node/look-job.ts');
  return ok(await lookHere(store, model, stepSeconds.value));
}

/** A version's answers to logged traffic, in this process. */
export async function shadowHere(
  store: ObjectStore,
  model: string,
  version: number,
  sinceMs: number,
): Promise<Shadow> {
  const [{ shadowVersion }, { createNodeHost }] = await Promise.all([
    import('../../live/shadow.ts'),
    import('../../node/node-host.ts'),
  ]);
  return shadowVersion(await createNodeHost({ store, threads: 1 }), model, version, sinceMs);
}

function readStepSeconds(): Result<number, Refusal> {
  const parsed = parseStepSeconds(process.env['HOLDFAST_STEP_CPU_SECONDS']);
  return parsed.ok ? parsed : err({ kind: 'invalid', detail: parsed.error });
}
