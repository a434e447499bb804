/**
 * What the trainer does for a model and records as it goes: a run, a comparison, a reproduction. Each has a folder of
 * its own with its record, `<kind>.json`, and how far the step under way has come, `progress.json`. A job is claimed by
 * the put of its record, before anything is done; ids begin with their start time, so their order is that of time.
 */
import * as z from '../../zod.ts';
import { err, ok, type Result } from '../../result.ts';
import { describeReadError, loadJson, putJson, type Schema } from '../store/json.ts';
import { type JobName, keys } from '../store/keys.ts';
import type { ObjectStore } from '../store/store.ts';

/** A kind of job, and what a record of it is parsed by. */
export interface JobKind<Name extends JobName, T> {
  readonly name: Name;
  readonly schema: Schema<T>;
}

/** What the records of all kinds say. */
export interface JobRecord {
  readonly id: string;
  readonly model: string;
  readonly status: 'running' | 'complete' | 'failed' | 'skipped';
  readonly finishedAt: string | null;
  /** One sentence that says how it ended, where the kind has one. */
  readonly summary?: string | null;
  readonly error: string | null;
}

export type JobError<Name extends JobName> =
  | { readonly kind: `unknown-${Name}`; readonly detail: string }
  | { readonly kind: `${Name}-unreadable`; readonly detail: string };

/** How far the step under way has come; overwritten as it goes, and worth nothing afterwards. */
export const progressSchema = z.object({
  step: z.string(),
  at: z.iso.datetime(),
  /** 0 to 1 */
  fraction: z.number().check(z.minimum(0), z.maximum(1)),
  message: z.string(),
});
export type Progress = z.infer<typeof progressSchema>;

/** What an id may look like, wherever it came from: it is part of storage keys. */
export const JOB_ID = /^[A-Za-z0-9-]{1,128}$/;

/** What is shown of one that is none. */
const SHOWN_LENGTH = 80;

/**
 * An id that sorts by time: `20261123T101502417-3-0a1b2c`, the start in UTC to the millisecond and what tells jobs of
 * the same one apart.
 */
export function createJobId(startedAt: Date, ...parts: readonly (string | number)[]): string {
  return [formatStart(startedAt, 23), ...parts].join('-');
}

/** @param length  of the ISO time: 19 to the second, 23 to the millisecond */
export function formatStart(startedAt: Date, length: 19 | 23): string {
  return startedAt.toISOString().slice(0, length).replaceAll(/[-:.]/g, '');
}

/** Puts the record of a new job; where its id is taken, what is there counts, so that claiming twice begins one job. */
export async function claimJob<Name extends JobName, T extends Pick<JobRecord, 'id' | 'model'>>(
  store: ObjectStore,
  kind: JobKind<Name, T>,
  record: T,
): Promise<Result<T, JobError<Name>>> {
  const { model, id } = record;
  const key = keys.job(kind.name, model, id, `${kind.name}.json`);
  const written = await putJson(store, key, record, { absent: true });
  return written === null ? loadJob(store, kind, model, id) : ok(record);
}

/** The record of a job; an id that can't be one is unknown. */
export async function loadJob<Name extends JobName, T>(
  store: ObjectStore,
  { name, schema }: JobKind<Name, T>,
  model: string,
  id: string,
): Promise<Result<T, JobError<Name>>> {
  const detail = `${model} has no ${name} ${JSON.stringify(id.slice(0, SHOWN_LENGTH))}`;
  if (!JOB_ID.test(id)) return err({ kind: `unknown-${name}`, detail });
  const loaded = await loadJson(store, keys.job(name, model, id, `${name}.json`), schema);
  if (loaded.ok) return ok(loaded.value.value);
  return err(
    loaded.error.kind === 'missing'
      ? { kind: `unknown-${name}`, detail }
      : { kind: `${name}-unreadable`, detail: describeReadError(loaded.error) },
  );
}

/** Writes a job's record over the last one. One job has one writer, so nothing is compared. */
export async function saveJob<T extends Pick<JobRecord, 'id' | 'model'>>(
  store: ObjectStore,
  { name }: JobKind<JobName, T>,
  record: T,
): Promise<void> {
  await putJson(store, keys.job(name, record.model, record.id, `${name}.json`), record);
}

/** The id of the job of a kind that began last; undefined while there is none. */
export async function findLastJob(
  store: ObjectStore,
  kind: JobName,
  model: string,
): Promise<string | undefined> {
  return (await store.folders(keys.jobs(kind, model))).at(-1);
}

/** The latest progress of a job; null before its first step, and where it can't be read. */
export async function loadJobProgress(
  store: ObjectStore,
  kind: JobName,
  model: string,
  id: string,
): Promise<Progress | null> {
  const loaded = await loadJson(store, keys.job(kind, model, id, 'progress.json'), progressSchema);
  return loaded.ok ? loaded.value.value : null;
}

/** Writes how far the step under way has come; whoever watches reads it, nothing rests on it. */
export async function saveJobProgress(
  store: ObjectStore,
  kind: JobName,
  { model, id }: Pick<JobRecord, 'model' | 'id'>,
  progress: Progress,
): Promise<void> {
  await putJson(store, keys.job(kind, model, id, 'progress.json'), progress);
}

/** Writes a record as that of a job that has ended now; the ended record. */
export async function endJob<T extends JobRecord>(
  store: ObjectStore,
  kind: JobKind<JobName, T>,
  record: T,
  now: Date,
): Promise<T> {
  const ended = { ...record, finishedAt: now.toISOString() };
  await saveJob(store, kind, ended);
  return ended;
}
