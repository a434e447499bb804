/**
 * The Node job, loaded only where it is used: TensorFlow.js takes its time.
 */
import type { RunRecord } from '../../shared/registry/runs.ts';
import type { Result } from '../../shared/result.ts';
import type { JobOptions } from '../node/job.ts';
import type { Refusal } from './target.ts';

export async function runJobHere(options: JobOptions): Promise<Result<RunRecord, Refusal>> {
  const { runJob } = await import('../node/job.ts');
  return runJob(options);
}

export async function resumeJobHere(
  options: Pick<JobOptions, 'store' | 'model' | 'threads' | 'onProgress'>,
  run: string,
): Promise<Result<RunRecord, Refusal>> {
  const { resumeJob } = await import('../node/job.ts');
  return resumeJob(options, run);
}
