/**
 * The operators' API, as the first start and the demo use it.
 */
import { z } from 'zod';
import { extend } from 'zod/mini';
import type { RunReport } from '../../report/report.ts';
import { moveSchema } from '../../../shared/registry/alias.ts';
import { progressSchema } from '../../../shared/registry/jobs.ts';
import { type RunRecord, runSchema } from '../../../shared/registry/runs.ts';
import type { Client } from './client.ts';
import { pause } from './processes.ts';

const modelsSchema = z.object({
  models: z.array(z.object({ name: z.string(), champion: z.int().nullable() })),
});
/** One whose record can't be read has the status `unreadable`, and no trigger. */
const listedRunSchema = z.object({ id: z.string(), status: z.string(), trigger: z.string().optional() });
const runsSchema = z.object({ runs: z.array(listedRunSchema) });
export type ListedRun = z.infer<typeof listedRunSchema>;
const watchedSchema = extend(runSchema, { progress: z.nullable(progressSchema) });
const movedSchema = z.object({ move: moveSchema });

const api = (model: string): string => `/api/models/${model}`;

export async function listModels(
  client: Client,
): Promise<{ readonly name: string; readonly champion: number | null }[]> {
  return (await client.ask(modelsSchema, 'operate', 'GET', '/api/models')).models;
}

/** The version that serves a model, and all that there are, ascending. */
export interface Serving {
  readonly champion: number;
  readonly versions: readonly number[];
}

/** Throws for a model that has no champion. */
export async function showServing(client: Client, model: string): Promise<Serving> {
  const shown = z.object({ champion: z.object({ to: z.int() }), versions: z.array(z.int()) });
  const { champion, versions } = await client.ask(shown, 'operate', 'GET', api(model));
  return { champion: champion.to, versions };
}

/** The newest runs, oldest first. */
export async function listRuns(client: Client, model: string): Promise<ListedRun[]> {
  return (await client.ask(runsSchema, 'operate', 'GET', `${api(model)}/runs`)).runs;
}

/** Starts a run and gives its id. */
export async function startRun(client: Client, model: string, by: string): Promise<string> {
  const started = z.object({ run: z.string() });
  return (await client.ask(started, 'operate', 'POST', `${api(model)}/runs`, { by })).run;
}

export async function resumeRun(client: Client, model: string, id: string): Promise<void> {
  await client.ask(z.unknown(), 'operate', 'POST', `${api(model)}/runs/${id}/resume`);
}

const WATCH_EVERY_MS = 150;
/** Far beyond what the largest local run takes: a run that says nothing for so long hangs. */
const WATCH_LIMIT_MS = 15 * 60_000;

/**
 * Follows a run to its end.
 *
 * @param onStep  the step under way, with what it says, and how far it is, 0 to 1
 */
export async function watchRun(
  client: Client,
  model: string,
  id: string,
  onStep: (step: string, fraction: number) => void,
): Promise<RunRecord> {
  const deadline = Date.now() + WATCH_LIMIT_MS;
  for (;;) {
    const run = await client.ask(watchedSchema, 'operate', 'GET', `${api(model)}/runs/${id}`);
    if (run.status !== 'running') return run;
    if (run.progress !== null) {
      const { step, message, fraction } = run.progress;
      onStep(message === '' ? step : `${step}, ${message}`, fraction);
    }
    if (Date.now() > deadline) throw new Error(`run ${id} of ${model} did not end within 15 minutes`);
    await pause(WATCH_EVERY_MS);
  }
}

/**
 * Wakes what a kill interrupted: a local Workflow does not resume by itself. Node jobs (`cli`) are their starter's.
 *
 * @param say  told of each run; one that can't go on keeps no other from it
 */
export async function wakeRuns(client: Client, say: (text: string) => void): Promise<void> {
  for (const { name } of await listModels(client)) {
    for (const { id, status, trigger } of await listRuns(client, name)) {
      if (status !== 'running' || trigger === 'cli') continue;
      try {
        await resumeRun(client, name, id);
        say(`Going on with the interrupted run ${name} ${id}`);
      } catch (cause) {
        say(`The interrupted run ${name} ${id} can't go on: ${describeCause(cause)}`);
      }
    }
  }
}

function describeCause(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** A run's report, as it was stored. */
export async function loadReport(client: Client, model: string, id: string): Promise<RunReport> {
  const report = z.custom<RunReport>(
    (value) => z.object({ format: z.literal('holdfast.run-report/1') }).safeParse(value).success,
  );
  return client.ask(report, 'operate', 'GET', `${api(model)}/runs/${id}/report`);
}

export async function loadReportPage(client: Client, model: string, id: string): Promise<string> {
  return client.ask(z.string(), 'operate', 'GET', `${api(model)}/runs/${id}/report.html`);
}

export async function promote(client: Client, model: string, version: number, reason: string) {
  const body = { version, reason };
  return (await client.ask(movedSchema, 'operate', 'POST', `${api(model)}/promote`, body)).move;
}

export async function rollBack(client: Client, model: string, reason: string) {
  return (await client.ask(movedSchema, 'operate', 'POST', `${api(model)}/rollback`, { reason })).move;
}
