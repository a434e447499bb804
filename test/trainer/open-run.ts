/**
 * A run that was started and goes no further by itself: for steps that are tried one by one over a real store.
 */
import type { RunRecord } from '../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { createNodeHost } from '../../trainer/node/node-host.ts';
import type { RunContext } from '../../trainer/run/context.ts';
import { makeSnapshot } from '../../trainer/pipeline/data/snapshot.ts';
import type { Snapshot } from '../../trainer/pipeline/data/snapshot-file.ts';
import { makeSplit } from '../../trainer/pipeline/data/split.ts';
import { openRun } from '../../trainer/run/record.ts';
import { startRun } from '../../trainer/run/start.ts';
import { collectInbox } from '../../shared/events/inbox.ts';
import { runJob } from '../../trainer/node/job.ts';

export interface Opened {
  readonly ctx: RunContext;
  readonly snapshot: Snapshot;
}

/** Starts a run, makes its snapshot and splits it. @param suffix  tells runs apart */
export async function openRunOf(store: ObjectStore, model: string, suffix: string): Promise<Opened> {
  const now = new Date();
  await collectInbox(store, model, now);
  const started = await startRun(store, model, { trigger: 'cli', by: 'a test', now, suffix });
  if (!started.ok) throw new Error(started.error.detail);
  const ctx = await openRun(await createNodeHost({ store, threads: 1 }), model, started.value.id);
  const snapshot = await makeSnapshot(ctx);
  await makeSplit(ctx, snapshot, []);
  return { ctx, snapshot };
}

/** A whole run. */
export async function retrain(store: ObjectStore, model: string, promote = true): Promise<RunRecord> {
  const run = await runJob({ store, model, by: 'a test', promote });
  if (!run.ok) throw new Error(run.error.detail);
  return run.value;
}
