/**
 * The record of a job as whoever does it meets it: it has to be there, and it is ended where the job can't be.
 */
import { endJob, type JobKind, type JobRecord, loadJob } from '../../shared/registry/jobs/jobs.ts';
import type { JobName } from '../../shared/registry/store/keys.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { RunFailure } from '../run-failure.ts';

/** The record of a job that was started. A job without one can't be done, however often it is tried. */
export async function openJob<T>(
  store: ObjectStore,
  kind: JobKind<JobName, T>,
  model: string,
  id: string,
): Promise<T> {
  const record = await loadJob(store, kind, model, id);
  if (!record.ok) throw new RunFailure(record.error.detail);
  return record.value;
}

/** Records that no repetition can mend it. */
export function failJob<T extends JobRecord>(
  store: ObjectStore,
  kind: JobKind<JobName, T>,
  record: T,
  reason: string,
  now: Date,
): Promise<T> {
  return endJob(store, kind, { ...record, status: 'failed', error: reason }, now);
}

/**
 * For a host that won't repeat it any more. A job that has ended meanwhile stays as it ended, and is returned so.
 *
 * @param more  what the record says besides
 */
export async function giveUpJob<T extends JobRecord>(
  store: ObjectStore,
  kind: JobKind<JobName, T>,
  model: string,
  id: string,
  reason: string,
  now: Date,
  more: Partial<T> = {},
): Promise<T> {
  const record = await openJob(store, kind, model, id);
  return record.status === 'running' ? failJob(store, kind, { ...record, ...more }, reason, now) : record;
}
