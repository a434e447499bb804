/**
 * Ranges of time whose labels are kept apart, as the steps of a run read them.
 */
import { listQuarantines, type Quarantine } from '../../../shared/registry/quarantine.ts';
import { RunFailure } from '../../run-failure.ts';
import type { RunContext } from '../../run/context.ts';

/**
 * Stretches that neither train nor judge in this run. What a person releases meanwhile takes part from the next run on,
 * or one step of this one would see what another did not.
 */
export async function openQuarantines(ctx: Pick<RunContext, 'store' | 'run'>): Promise<Quarantine[]> {
  const { id, startedAt } = ctx.run;
  return (await loadQuarantines(ctx)).filter(
    ({ status, ended }) =>
      status !== 'released' || (ended !== null && ended.by !== `run ${id}` && ended.at > startedAt),
  );
}

/** All of a model, whatever became of them. @throws RunFailure for one that can't be read, by its key */
export async function loadQuarantines({
  store,
  run,
}: Pick<RunContext, 'store' | 'run'>): Promise<Quarantine[]> {
  const all = await listQuarantines(store, run.model);
  if (!all.ok) throw new RunFailure(all.error.detail);
  return all.value;
}
