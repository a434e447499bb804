/**
 * What a retraining run records about itself, step by step: `runs/<id>/run.json`.
 */
import * as z from '../../zod.ts';
import type { Result } from '../../result.ts';
import {
  createJobId,
  findLastJob,
  formatStart,
  type JobError,
  type JobKind,
  loadJob,
  saveJob,
} from './jobs.ts';
import { keys } from '../store/keys.ts';
import { verdictNameSchema } from '../versions/manifest.ts';
import type { ObjectStore } from '../store/store.ts';

const stepSchema = z.object({
  name: z.string(),
  finishedAt: z.iso.datetime(),
  seconds: z.number().check(z.minimum(0)),
  /** One line for a person: `2,134 examples in 4 windows`. */
  note: z.string(),
});

export const runSchema = z.object({
  format: z.literal('holdfast-run/1'),
  id: z.string(),
  model: z.string(),
  trigger: z.enum(['cron', 'api', 'cli']),
  by: z.string(),
  /** `skipped`: there was nothing new to learn from, or too little to judge by. */
  status: z.enum(['running', 'complete', 'failed', 'skipped']),
  startedAt: z.iso.datetime(),
  finishedAt: z.nullable(z.iso.datetime()),
  /** Events seen by the edge after this are for the next run. */
  cutoffMs: z.int().check(z.minimum(0)),
  /** The step that is under way; null before the first and after the last. */
  step: z.nullable(z.string()),
  steps: z.array(stepSchema),
  specDigest: z.string(),
  /** False: the candidate is judged and published, and a person decides. */
  mayPromote: z.boolean(),
  /** Given: train on this existing snapshot instead of making one. */
  wantedSnapshot: z.nullable(z.string()),
  /** True: the same labels may be looked at again. */
  again: z.exactOptional(z.literal(true)),
  snapshot: z.nullable(z.string()),
  /** The version that served when the run began: what the candidate is compared with. */
  championAtStart: z.nullable(z.int().check(z.minimum(1))),
  /** The candidate's version number, once published. */
  candidate: z.nullable(z.int().check(z.minimum(1))),
  verdict: z.nullable(verdictNameSchema),
  promoted: z.boolean(),
  /** The version that was promoted, where that is not the candidate: a challenger, or a former champion. */
  winner: z.exactOptional(z.int().check(z.minimum(1))),
  /** Which evidence promoted it. */
  decidedBy: z.exactOptional(z.enum(['exam', 'trust', 'referee'])),
  /** Checks that something broken held, and for how many nights running; left out where nothing did. */
  broken: z.exactOptional(z.record(z.string(), z.int())),
  /** Why the champion was moved, or was not. */
  why: z.nullable(z.string()),
  /** One sentence that says how it ended. */
  summary: z.nullable(z.string()),
  error: z.nullable(z.string()),
});
export type RunRecord = z.infer<typeof runSchema>;

export const runJob: JobKind<'run', RunRecord> = { name: 'run', schema: runSchema };

export type RunError = JobError<'run'>;

/** A run's record; an error where there is none or it does not validate. */
export function loadRun(store: ObjectStore, model: string, id: string): Promise<Result<RunRecord, RunError>> {
  return loadJob(store, runJob, model, id);
}

/** Writes a run's record over the last one. One run has one writer (`trainer/run/journal.ts`). */
export function saveRun(store: ObjectStore, run: RunRecord): Promise<void> {
  return saveJob(store, runJob, run);
}

/** The run that began last; null where there is none, and where its record can't be read. */
export async function loadLastRun(store: ObjectStore, model: string): Promise<RunRecord | null> {
  const id = await findLastJob(store, 'run', model);
  const run = id === undefined ? null : await loadRun(store, model, id);
  return run?.ok === true ? run.value : null;
}

/** All readable runs of a model, oldest first: their ids begin with their start time. */
export async function listRuns(store: ObjectStore, model: string): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  for (const id of await store.folders(keys.jobs('run', model))) {
    const run = await loadRun(store, model, id);
    if (run.ok) runs.push(run.value);
  }
  return runs;
}

/**
 * `20261123T030000-cron`, `20261123T101502417-api-0a1b2c`: sorts by time. A cron trigger's id is its scheduled second
 * alone, so a repeated trigger starts nothing; the others have their millisecond and what tells them apart.
 */
export function createRunId(trigger: RunRecord['trigger'], at: Date, suffix: string): string {
  return suffix === '' ? `${formatStart(at, 19)}-${trigger}` : createJobId(at, trigger, suffix);
}
