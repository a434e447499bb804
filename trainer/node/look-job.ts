/**
 * A look at the champion as a Node job, over any store: for deployments whose trainer is this. A rollback is followed by
 * its run, here as well.
 */
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { startRunAfter, watchChampion } from '../live/watch.ts';
import { resumeJob } from './job.ts';
import { createNodeHost } from './node-host.ts';

export interface LookJob {
  /** one sentence that says what the look came to */
  readonly summary: string;
  /** where the champion was taken back: to which version, and how the run that followed ended */
  readonly rolledBackTo: number | null;
  readonly run: string | null;
}

/** @throws RunFailure for what can't be read, by name */
export async function lookHere(store: ObjectStore, model: string, stepCpuSeconds: number): Promise<LookJob> {
  const host = await createNodeHost({ store, threads: 1 });
  const { move, runAfter, summary } = await watchChampion(host, model);
  const rolledBackTo = move?.to ?? null;
  if (runAfter === null) return { summary, rolledBackTo, run: null };
  const started = await startRunAfter(store, model, runAfter, 'cli');
  if (!started.ok) return { summary: `${summary}; no run: ${started.error.detail}`, rolledBackTo, run: null };
  const ended = await resumeJob({ store, model, stepCpuSeconds }, started.value.id);
  const how = ended.ok ? (ended.value.summary ?? ended.value.status) : ended.error.detail;
  return { summary: `${summary}; then ${how}`, rolledBackTo, run: started.value.id };
}
