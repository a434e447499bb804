/**
 * `/api/models/{m}/runs`: what the trainer recorded in the bucket, and the two things it can be asked to do.
 */
import { Hono } from 'hono/tiny';
import * as z from '../../shared/zod.ts';
import { keys } from '../../shared/registry/keys.ts';
import { loadProgress, loadRun, type RunError, type RunRecord } from '../../shared/registry/runs.ts';
import type { ObjectStore } from '../../shared/registry/store.ts';
import { err, type Result } from '../../shared/result.ts';
import { callTrainer } from './call-trainer.ts';
import type { AppDeps } from '../deps.ts';
import { errorResponse } from '../http/http.ts';
import {
  actorOf,
  describeNewest,
  type OperatorApp,
  type OperatorContext,
  pageResponse,
  readBody,
  recordId,
  respond,
} from './operator-http.ts';

export const startSchema = z.strictObject({
  by: z.optional(z.string().check(z.minLength(1), z.maxLength(128))),
  /** Train although nothing is new since the last run. */
  again: z.optional(z.boolean()),
});

const REPORTS = {
  report: { file: 'report.json', type: 'application/json' },
  'report.html': { file: 'report.html', type: 'text/html; charset=utf-8' },
} as const;

export function createRunRoutes(deps: AppDeps): OperatorApp {
  const routes: OperatorApp = new Hono();
  const { store } = deps;
  routes.get('/models/:model/runs', async (c) => {
    const { model } = c.req.param();
    const { total, records } = await describeNewest(store, keys.runs(model), (id) =>
      loadRun(store, model, id),
    );
    return c.json({ total, runs: records });
  });
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
    return respond(c, await callTrainer(deps, (trainer) => trainer.resumeRun(model, id)), 202);
  });
  return routes;
}

async function startRun(c: OperatorContext, deps: AppDeps, model: string): Promise<Response> {
  const body = await readBody(c, deps, startSchema);
  if (!body.ok) return errorResponse(c, body.error);
  const by = actorOf(c, body.value.by);
  const again = body.value.again === true && ({ again: true } as const);
  const started = await callTrainer(deps, (trainer) =>
    trainer.startRun(model, { trigger: 'api', by, ...again }),
  );
  if (started.ok) c.header('Location', `/api/models/${model}/runs/${started.value.run}`);
  return respond(c, started, 202);
}

async function findRun(store: ObjectStore, model: string, id: string): Promise<Result<RunRecord, RunError>> {
  if (recordId.safeParse(id).success) return loadRun(store, model, id);
  return err({ kind: 'unknown-run', detail: `${model} has no run ${JSON.stringify(id.slice(0, 80))}` });
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
  return pageResponse(c, object.bytes, type);
}
