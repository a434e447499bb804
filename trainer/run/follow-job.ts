/**
 * A comparison or a reproduction from its record to its end. A retraining run has a way of its own (pipeline.ts): its
 * record is written step by step, and one that failed can be tried again.
 */
import type { JobKind, JobRecord } from '../../shared/registry/jobs/jobs.ts';
import type { JobName } from '../../shared/registry/store/keys.ts';
import { isRunFailure } from '../run-failure.ts';
import type { Host } from './context.ts';
import { failJob, openJob } from './job-record.ts';
import type { StepRunner } from './steps.ts';

/**
 * Runs (or resumes) a job; one that no repetition can mend is recorded as failed, one that has ended stays as it is.
 * Anything else is thrown for the host to retry.
 *
 * @param follow  does it, and records how it ended
 * @returns the record as it is then
 */
export async function followJob<T extends JobRecord>(
  { store, now }: Pick<Host, 'store' | 'now'>,
  kind: JobKind<JobName, T>,
  model: string,
  id: string,
  steps: StepRunner,
  follow: (record: T) => Promise<void>,
): Promise<T> {
  const record = await openJob(store, kind, model, id);
  if (record.status !== 'running') return record;
  try {
    await follow(record);
  } catch (error) {
    if (!isRunFailure(error)) throw error;
    await steps.do('fail', async () => {
      await failJob(store, kind, record, error.message, now());
      return {};
    });
  }
  return openJob(store, kind, model, id);
}
