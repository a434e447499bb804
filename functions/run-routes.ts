/**
 * `/api/models/{m}/runs`: what the trainer recorded in the bucket, and the two things it can be asked to do.
 */
import { Hono } from 'hono';
import * as z from 'zod';
import { keys } from '../shared/registry/keys.ts';
import { loadProgress, loadRun, type RunError, type RunRecord } from '../shared/registry/runs.ts';
import type { ObjectStore } from '../shared/registry/store.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { AppDeps } from './deps.ts';
import type { AppError } from './errors.ts';
import { errorResponse } from './http.ts';
import { describeCause } from './log.ts';
import { actorOf, type OperatorApp, type OperatorContext, readBody, respond } from './operator-http.ts';
import type { TrainerError, TrainerService } from './trainer-service.ts';

export const startSchema = z.strictObject({ by: z.string().min(1).max(128).optional() });

const REPORTS = {
  report: { file: 'report.json', type: 'application/json' },
  'report.html': { file: 'report.html', type: 'text/html; charset=utf-8' },
} as const;

/** A report is a page of its own: it may style itself, and neither load nor run anything. */
const REPORT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** Runs shown at once: each is an object to be read. */
const MAX_RUNS = 30;

export function createRunRoutes(deps: AppDeps): OperatorApp {
  const routes: OperatorApp = new Hono();
  const { store } = deps;
  routes.get('/models/:model/runs', async (c) => c.json(await describeRuns(store, c.req.param('model'))));
  routes.post('/models/:model/runs', (c) => startRun(c, deps, c.req.param('model')));
  routes.get('/models/:model/runs/:run', async (c) => {
    const { model, run: id } = c.req.param();
    const run = await findRun(store, model, id);
    if (!run.ok) return errorResponse(c, run.error);
    return c.json({ ...run.value, progress: await loadProgress(store, model, id) });
  });
  routes.get('/models/:model/runs/:run/:report{report|report\\.html}', (c) => {
    const { model, run, report } = c.req.param();
    return showReport(c, store, model, run, report === 'report' ? 'report' : 'report.html');
  });
  routes.post('/models/:model/runs/:run/resume', async (c) => {
    const { model, run: id } = c.req.param();
    const run = await findRun(store, model, id);
    if (!run.ok) return errorResponse(c, run.error);
    return respond(c, await askTrainer(deps, (trainer) => trainer.resumeRun(model, id)), 202);
  });
  return routes;
}

async function startRun(c: OperatorContext, deps: AppDeps, model: string): Promise<Response> {
  const body = await readBody(c, deps, startSchema);
  if (!body.ok) return errorResponse(c, body.error);
  const by = actorOf(c, body.value.by);
  const started = await askTrainer(deps, (trainer) => trainer.startRun(model, { trigger: 'api', by }));
  if (started.ok) c.header('Location', `/api/models/${model}/runs/${started.value.run}`);
  return respond(c, started, 202);
}

/** A trainer that refuses says why; one that can't be reached is an outage, and the run may be asked for again. */
async function askTrainer<T extends object>(
  { trainer, log }: AppDeps,
  ask: (trainer: TrainerService) => Promise<Result<T, TrainerError>>,
): Promise<Result<T, AppError>> {
  if (trainer === null) {
    return err({ kind: 'trainer-unavailable', detail: 'this deployment has no trainer bound to it' });
  }
  let answer: Result<T, TrainerError>;
  try {
    answer = await ask(trainer);
  } catch (cause) {
    log.error('trainer-unavailable', { cause: describeCause(cause) });
    return err({ kind: 'trainer-unavailable', detail: 'the trainer does not answer' });
  }
  // What came over the binding is copied: it belongs to the call.
  if (answer.ok) return ok({ ...answer.value });
  return err({ kind: 'trainer-refused', detail: `${answer.error.kind}: ${answer.error.detail}` });
}

async function findRun(store: ObjectStore, model: string, id: string): Promise<Result<RunRecord, RunError>> {
  if (/^[A-Za-z0-9-]{1,128}$/.test(id)) return loadRun(store, model, id);
  return err({ kind: 'unknown-run', detail: `${model} has no run ${JSON.stringify(id.slice(0, 80))}` });
}

/** The newest runs, oldest first; ids begin with their start time. */
async function describeRuns(store: ObjectStore, model: string): Promise<{ total: number; runs: object[] }> {
  const ids = await store.folders(keys.runs(model));
  const runs = await Promise.all(
    ids.slice(-MAX_RUNS).map(async (id) => {
      const run = await loadRun(store, model, id);
      return run.ok ? run.value : { id, status: 'unreadable', error: run.error.detail };
    }),
  );
  return { total: ids.length, runs };
}

/** The run that began last, or null. */
export async function loadLastRun(store: ObjectStore, model: string): Promise<RunRecord | null> {
  const id = (await store.folders(keys.runs(model))).at(-1);
  const run = id === undefined ? null : await loadRun(store, model, id);
  return run?.ok === true ? run.value : null;
}

async function showReport(
  c: OperatorContext,
  store: ObjectStore,
  model: string,
  id: string,
  report: keyof typeof REPORTS,
): Promise<Response> {
  const run = await findRun(store, model, id);
  if (!run.ok) return errorResponse(c, run.error);
  const { file, type } = REPORTS[report];
  const object = await store.get(keys.run(model, id, file));
  if (object === null) return errorResponse(c, { kind: 'not-found', detail: `run ${id} has no ${file} yet` });
  const headers = { 'Content-Type': type, 'Content-Security-Policy': REPORT_POLICY };
  return c.body(object.bytes as Uint8Array<ArrayBuffer>, 200, headers);
}
