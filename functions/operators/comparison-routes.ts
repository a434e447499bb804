/**
 * `/api/models/{m}/compare` and `/comparisons`: two versions' recipes over repeated random splits, in the trainer.
 */
import { Hono } from 'hono/tiny';
import * as z from '../../shared/zod.ts';
import {
  loadComparison,
  loadComparisonProgress,
  loadComparisonResult,
} from '../../shared/registry/comparisons.ts';
import { keys } from '../../shared/registry/keys.ts';
import { loadManifest } from '../../shared/registry/versions.ts';
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
  respond,
} from './operator-http.ts';

export const compareSchema = z
  .strictObject({
    a: z.int().check(z.minimum(1)),
    b: z.int().check(z.minimum(1)),
    /** Each is a step of its own and trains two heads. */
    splits: z.withDefault(z.int().check(z.minimum(2), z.maximum(100)), 10),
    seed: z.withDefault(z.int().check(z.minimum(0), z.maximum(0xffff_ffff)), 1),
    by: z.optional(z.string().check(z.minLength(1), z.maxLength(128))),
  })
  .check(z.refine(({ a, b }) => a !== b, { path: ['b'], error: 'expected another version than a' }));

export function createComparisonRoutes(deps: AppDeps): OperatorApp {
  const routes: OperatorApp = new Hono();
  const { store } = deps;
  routes.post('/models/:model/compare', (c) => startComparison(c, deps, c.req.param('model')));
  routes.get('/models/:model/comparisons', async (c) => {
    const { model } = c.req.param();
    const { total, records } = await describeNewest(store, keys.comparisons(model), (id) =>
      loadComparison(store, model, id),
    );
    return c.json({ total, comparisons: records });
  });
  routes.get('/models/:model/comparisons/:id', async (c) => {
    const { model, id } = c.req.param();
    const record = await loadComparison(store, model, id);
    if (!record.ok) return errorResponse(c, record.error);
    const progress = await loadComparisonProgress(store, model, id);
    return c.json({ ...record.value, progress, result: await loadComparisonResult(store, model, id) });
  });
  routes.get('/models/:model/comparisons/:id/report.html', async (c) => {
    const { model, id } = c.req.param();
    const record = await loadComparison(store, model, id);
    if (!record.ok) return errorResponse(c, record.error);
    const page = await store.get(keys.comparison(model, id, 'report.html'));
    if (page === null)
      return errorResponse(c, { kind: 'not-found', detail: `comparison ${id} has no report yet` });
    return pageResponse(c, page.bytes, 'text/html; charset=utf-8');
  });
  return routes;
}

async function startComparison(c: OperatorContext, deps: AppDeps, model: string): Promise<Response> {
  const body = await readBody(c, deps, compareSchema);
  if (!body.ok) return errorResponse(c, body.error);
  for (const version of [body.value.a, body.value.b]) {
    const manifest = await loadManifest(deps.store, model, version);
    if (!manifest.ok) return errorResponse(c, manifest.error);
  }
  const request = { ...body.value, by: actorOf(c, body.value.by) };
  const started = await callTrainer(deps, (trainer) => trainer.startComparison(model, request));
  if (started.ok) c.header('Location', `/api/models/${model}/comparisons/${started.value.comparison}`);
  return respond(c, started, 202);
}
