/**
 * A run's own record: opened with the spec it goes by, updated step by step.
 */
import { type Spec, specSchema } from '../../shared/model/spec/spec.ts';
import { describeReadError, loadJson } from '../../shared/registry/store/json.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import { runJob, type RunRecord } from '../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { giveUpJob, openJob } from './job-record.ts';
import { createJournal, type Journal } from './journal.ts';
import { type RunContext, stepName, type Host } from './context.ts';
import { RunFailure } from '../run-failure.ts';

/**
 * A run as its steps are given it, with the spec that it was started with. Throws where the record is not there or
 * does not validate.
 */
export async function openRun(host: Host, model: string, id: string): Promise<RunContext> {
  const run = await openJob(host.store, runJob, model, id);
  const spec = await loadRunSpec(host.store, model, id);
  return { ...host, run, spec, base: spec.base };
}

/** The copy that a run goes by: as it was when the run began, whatever its steps have made of it since. */
export async function loadRunSpec(store: ObjectStore, model: string, id: string): Promise<Spec> {
  const spec = await loadJson(store, keys.run(model, id, 'spec.json'), specSchema);
  if (!spec.ok) throw new RunFailure(describeReadError(spec.error));
  return spec.value.value;
}

/** By the run as it was opened, which all of its contexts share. */
const journals = new WeakMap<RunRecord, { readonly store: ObjectStore; readonly journal: Journal }>();

function journalOf({ run, store, recordIntervalMs = 0, log = () => {} }: RunContext): Journal {
  const present = journals.get(run);
  if (present?.store === store) return present.journal;
  const sleep = async (ms: number): Promise<void> => {
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  };
  const journal = createJournal(run.model, run.id, {
    store,
    paceMs: recordIntervalMs,
    nowMs: Date.now,
    sleep,
    log,
  });
  journals.set(run, { store, journal });
  return journal;
}

/** The record as it stands, what was noted and is not written yet included. */
export async function currentRecord(ctx: RunContext): Promise<RunRecord> {
  return journalOf(ctx).read();
}

/** Sets some of its fields; written when the promise resolves. */
export async function updateRecord(ctx: RunContext, change: Partial<RunRecord>): Promise<void> {
  await journalOf(ctx).write((record) => ({ ...record, ...change }));
}

/** Notes the step that is under way. */
export async function enterStep(ctx: RunContext, name: string): Promise<void> {
  await journalOf(ctx).note((record) => ({ ...record, step: stepName(ctx, name) }));
}

/** Notes a finished step; a step that is repeated replaces its own note. */
export async function recordStep(
  ctx: RunContext,
  name: string,
  note: string,
  finished: Date,
  seconds: number,
): Promise<void> {
  const recorded = stepName(ctx, name);
  const step = { name: recorded, note, finishedAt: finished.toISOString(), seconds };
  await journalOf(ctx).note((record) => ({
    ...record,
    steps: [...record.steps.filter(({ name }) => name !== recorded), step],
  }));
}

/** Notes a step that an earlier process finished, where that died before its note was written. */
export async function ensureRecorded(ctx: RunContext, name: string, note: string): Promise<void> {
  const recorded = stepName(ctx, name);
  const { steps } = await currentRecord(ctx);
  if (!steps.some((step) => step.name === recorded)) await recordStep(ctx, name, note, ctx.now(), 0);
}

/** A run that its host gave up goes on as one that is under way. */
export async function goOnWithRun(ctx: RunContext): Promise<void> {
  await updateRecord(ctx, { status: 'running', finishedAt: null, summary: null, error: null });
}

/** Its host won't repeat it any more. One that has ended meanwhile stays as it ended, and is returned so. */
export function giveUpRun(
  store: ObjectStore,
  model: string,
  id: string,
  reason: string,
  now: Date,
): Promise<RunRecord> {
  return giveUpJob(store, runJob, model, id, reason, now, { summary: `Failed: ${reason}` });
}

/** Ends the run: no step is under way any more, and the time is noted. */
export async function finishRun(
  ctx: RunContext,
  end: Pick<RunRecord, 'status'> & Partial<RunRecord>,
): Promise<void> {
  await updateRecord(ctx, { ...end, step: null, finishedAt: ctx.now().toISOString() });
}
