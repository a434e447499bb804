/**
 * `/api/models/{m}/versions/{n}/reproduce` and `/reproductions`: a version trained again, in the trainer. Its record is
 * handed on as the trainer wrote it.
 */
import { Hono } from 'hono/tiny';
import * as z from '../../shared/zod.ts';
import { describeReadError, loadJson } from '../../shared/registry/json.ts';
import { keys } from '../../shared/registry/keys.ts';
import type { ObjectStore } from '../../shared/registry/store.ts';
import { loadManifest } from '../../shared/registry/versions.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { callTrainer } from './call-trainer.ts';
import type { AppDeps } from '../deps.ts';
import type { AppError } from '../http/errors.ts';
import { errorResponse, parseVersion } from '../http/http.ts';
import {
  actorOf,
  describeNewest,
  type OperatorApp,
  type OperatorContext,
  readBody,
  recordId,
  respond,
} from './operator-http.ts';
import { startSchema } from './run-routes.ts';

export const reproduceSchema = z.extend(startSchema, {
  /** Compute features anew, instead of using those that are kept. */
  recompute: z.withDefault(z.boolean(), false),
  /** A reproduction that was left, to go on with. */
  resume: z.withDefault(z.nullable(recordId), null),
});

const recordSchema = z.record(z.string(), z.unknown());

export function createReproductionRoutes(deps: AppDeps): OperatorApp {
  const routes: OperatorApp = new Hono();
  const { store } = deps;
  routes.post('/models/:model/versions/:version/reproduce', (c) =>
    startReproduction(c, deps, c.req.param('model'), c.req.param('version')),
  );
  routes.get('/models/:model/reproductions', async (c) => {
    const { model } = c.req.param();
    const { total, records } = await describeNewest(store, keys.reproductions(model), (id) =>
      loadRecord(store, model, id),
    );
    return c.json({ total, reproductions: records });
  });
  routes.get('/models/:model/reproductions/:id', async (c) => {
    const { model, id } = c.req.param();
    const record = await loadRecord(store, model, id);
    if (!record.ok) return errorResponse(c, record.error);
    const progress = await loadJson(store, keys.reproduction(model, id, 'progress.json'), recordSchema);
    return c.json({ ...record.value, progress: progress.ok ? progress.value.value : null });
  });
  return routes;
}

async function startReproduction(
  c: OperatorContext,
  deps: AppDeps,
  model: string,
  number: string,
): Promise<Response> {
  const version = parseVersion(number);
  if (!version.ok) return errorResponse(c, version.error);
  const body = await readBody(c, deps, reproduceSchema);
  if (!body.ok) return errorResponse(c, body.error);
  const manifest = await loadManifest(deps.store, model, version.value);
  if (!manifest.ok) return errorResponse(c, manifest.error);
  const { recompute, resume } = body.value;
  const request = { version: version.value, recompute, resume, by: actorOf(c, body.value.by) };
  const started = await callTrainer(deps, (trainer) => trainer.reproduceVersion(model, request));
  if (started.ok) c.header('Location', `/api/models/${model}/reproductions/${started.value.reproduction}`);
  return respond(c, started, 202);
}

async function loadRecord(
  store: ObjectStore,
  model: string,
  id: string,
): Promise<Result<Record<string, unknown>, AppError>> {
  const detail = `${model} has no reproduction ${JSON.stringify(id.slice(0, 80))}`;
  if (!recordId.safeParse(id).success) return err({ kind: 'unknown-reproduction', detail });
  const loaded = await loadJson(store, keys.reproduction(model, id, 'reproduction.json'), recordSchema);
  if (loaded.ok) return ok(loaded.value.value);
  return err(
    loaded.error.kind === 'missing'
      ? { kind: 'unknown-reproduction', detail }
      : { kind: 'reproduction-unreadable', detail: describeReadError(loaded.error) },
  );
}
