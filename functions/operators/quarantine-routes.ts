/**
 * `/api/models/{m}/quarantines`: labels that are kept apart, and what a person decides about them. Both decisions may be
 * repeated; each stays beside the other, with who, when and why.
 */
import { Hono } from 'hono/tiny';
import * as z from '../../shared/zod.ts';
import {
  endQuarantine,
  listQuarantines,
  parseQuarantineId,
  quarantineId,
} from '../../shared/registry/quarantine.ts';
import type { AppDeps } from '../deps.ts';
import { invalid } from '../http/errors.ts';
import { errorResponse } from '../http/http.ts';
import { actorOf, type OperatorApp, type OperatorContext, readBody } from './operator-http.ts';

export const endQuarantineSchema = z.strictObject({
  reason: z.string().check(z.minLength(1), z.maxLength(2_000)),
  by: z.optional(z.string().check(z.minLength(1), z.maxLength(128))),
});

/** Mounted below `/api`, behind the check of key and model. */
export function createQuarantineRoutes(deps: AppDeps): OperatorApp {
  const routes: OperatorApp = new Hono();
  routes.get('/models/:model/quarantines', async (c) => {
    const found = await listQuarantines(deps.store, c.req.param('model'));
    return found.ok ? c.json({ quarantines: found.value }) : errorResponse(c, found.error);
  });
  routes.post('/models/:model/quarantines/:id/release', (c) => end(c, deps, c.req.param(), 'released'));
  routes.post('/models/:model/quarantines/:id/discard', (c) => end(c, deps, c.req.param(), 'discarded'));
  return routes;
}

async function end(
  c: OperatorContext,
  deps: AppDeps,
  { model, id }: { readonly model: string; readonly id: string },
  status: 'released' | 'discarded',
): Promise<Response> {
  const body = await readBody(c, deps, endQuarantineSchema);
  if (!body.ok) return errorResponse(c, body.error);
  const stretch = parseQuarantineId(id);
  if (stretch === null) {
    return errorResponse(
      c,
      invalid(`expected <fromMs>-<toMs> of a quarantine, got ${JSON.stringify(id.slice(0, 80))}`).error,
    );
  }
  const { reason: why, by } = body.value;
  const ending = { status, why, by: actorOf(c, by), at: new Date(deps.now()) };
  const ended = await endQuarantine(deps.store, model, stretch, ending);
  if (!ended.ok) return errorResponse(c, ended.error);
  deps.log.info('quarantine-ended', { model, quarantine: quarantineId(stretch), status, by: ending.by });
  return c.json({ quarantine: ended.value });
}
