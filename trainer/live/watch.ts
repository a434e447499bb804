/**
 * One look at a champion with all that follows from it, for whoever hosts it: the trainer Worker's Workflow, and a Node
 * job. The run that follows a rollback is the host's to start.
 */
import type { RunRecord } from '../../shared/registry/jobs/runs.ts';
import type { Move } from '../../shared/registry/champion/alias.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import type { Result } from '../../shared/result.ts';
import { startRun, type StartError } from '../run/start.ts';
import { lookAtChampion } from './look.ts';
import type { LookHost } from './open-look.ts';
import { actOnLook, type Outcome } from './take-back.ts';

/** Looks, and acts on it. */
export async function watchChampion(host: LookHost, model: string): Promise<Outcome> {
  const look = await lookAtChampion(host, model);
  if (look === null) return { move: null, runAfter: null, summary: 'nothing new to look at' };
  return actOnLook(host.store, look, host.now());
}

/**
 * Records the run that follows a rollback: what served before the version that was taken back is old, and a candidate
 * trained on what came since may do better. Under the move's time and number, so that starting it twice starts it once.
 */
export function startRunAfter(
  store: ObjectStore,
  model: string,
  { at, sequence }: Pick<Move, 'at' | 'sequence'>,
  trigger: RunRecord['trigger'],
): Promise<Result<RunRecord, StartError>> {
  return startRun(store, model, {
    trigger,
    by: 'the referee, after a rollback',
    now: new Date(at),
    suffix: `after${sequence}`,
  });
}
