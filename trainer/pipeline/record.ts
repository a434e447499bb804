/**
 * A run's own record: opened with the spec it goes by, updated step by step.
 */
import { type Spec, specSchema } from '../../shared/model/spec/spec.ts';
import { describeReadError, loadJson } from '../../shared/registry/json.ts';
import { keys } from '../../shared/registry/keys.ts';
import { loadRun, type RunRecord, saveRun } from '../../shared/registry/runs.ts';
import type { ObjectStore } from '../../shared/registry/store.ts';
import { type RunContext, RunFailure, stepOf, type Surroundings } from './context.ts';

export async function openRun(surroundings: Surroundings, model: string, id: string): Promise<RunContext> {
  const run = await loadRun(surroundings.store, model, id);
  if (!run.ok) throw new RunFailure(run.error.detail);
  return { ...surroundings, run: run.value, spec: await loadRunSpec(surroundings.store, model, id) };
}

/** The copy that a run goes by: as it was when the run began, whatever its steps have made of it since. */
export async function loadRunSpec(store: ObjectStore, model: string, id: string): Promise<Spec> {
  const spec = await loadJson(store, keys.run(model, id, 'spec.json'), specSchema);
  if (!spec.ok) throw new RunFailure(describeReadError(spec.error));
  return spec.value.value;
}

export async function currentRecord({ store, run }: RunContext): Promise<RunRecord> {
  const current = await loadRun(store, run.model, run.id);
  if (!current.ok) throw new RunFailure(current.error.detail);
  return current.value;
}

/** One run has one writer, its pipeline: reading and writing back is safe. */
export async function updateRecord(ctx: RunContext, change: Partial<RunRecord>): Promise<void> {
  await saveRun(ctx.store, { ...(await currentRecord(ctx)), ...change });
}

/** Notes the step that is under way. */
export async function enterStep(ctx: RunContext, name: string): Promise<void> {
  await updateRecord(ctx, { step: stepOf(ctx, name) });
}

/** Notes a finished step; a step that is repeated replaces its own note. */
export async function recordStep(
  ctx: RunContext,
  name: string,
  note: string,
  finished: Date,
  seconds: number,
): Promise<void> {
  const current = await currentRecord(ctx);
  const recorded = stepOf(ctx, name);
  const others = current.steps.filter((step) => step.name !== recorded);
  await updateRecord(ctx, {
    steps: [...others, { name: recorded, note, finishedAt: finished.toISOString(), seconds }],
  });
}

export async function finishRun(
  ctx: RunContext,
  end: Pick<RunRecord, 'status'> & Partial<RunRecord>,
): Promise<void> {
  await updateRecord(ctx, { ...end, step: null, finishedAt: ctx.now().toISOString() });
}
