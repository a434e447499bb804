/**
 * What is told of a night.
 */
import * as z from 'zod';
import { loadJson } from '../../../shared/registry/store/json.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import type { RunRecord } from '../../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';

export interface NightReport {
  readonly seconds: number;
  readonly steps: readonly Step[];
  /** Examples that were trained on. */
  readonly trained: number;
  readonly summary: string;
}

export interface Step {
  readonly name: string;
  readonly seconds: number;
}

/** @throws Error when the run did not come to its end */
export async function reportNight(store: ObjectStore, run: RunRecord): Promise<NightReport> {
  if (run.status !== 'complete' || run.finishedAt === null)
    throw new Error(`the night of ${run.model} is ${run.status}: ${run.error ?? run.summary}`);
  const training = await loadJson(
    store,
    keys.run(run.model, run.id, 'training.json'),
    z.object({ examples: z.int() }),
  );
  return {
    seconds: (Date.parse(run.finishedAt) - Date.parse(run.startedAt)) / 1_000,
    steps: run.steps.map(({ name, seconds }) => ({ name, seconds })),
    trained: training.ok ? training.value.value.examples : Number.NaN,
    summary: run.summary ?? run.status,
  };
}

/** `fine-tune 61.0 s, evaluate 9.2 s` */
export function longestSteps(steps: readonly Step[], shown = 5): string {
  const sorted = [...steps].sort((a, b) => b.seconds - a.seconds).slice(0, shown);
  return sorted.map(({ name, seconds }) => `${name} ${seconds.toFixed(1)} s`).join(', ');
}
