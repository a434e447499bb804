/**
 * `/api/models/{m}/live`: what became of the champion since it was promoted, as the trainer found it when it looked
 * last; and a look on demand.
 */
import { Hono } from 'hono/tiny';
import { findLive } from '../../shared/registry/live.ts';
import type { AppDeps } from '../deps.ts';
import { callTrainer } from './call-trainer.ts';
import { type OperatorApp, respond } from './operator-http.ts';

/** Mounted below `/api`, behind the check of key and model. */
export function createLiveRoutes(deps: AppDeps): OperatorApp {
  const routes: OperatorApp = new Hono();
  routes.get('/models/:model/live', async (c) =>
    respond(c, await findLive(deps.store, c.req.param('model'))),
  );
  routes.post('/models/:model/live', async (c) => {
    const model = c.req.param('model');
    return respond(c, await callTrainer(deps, (trainer) => trainer.lookAtChampion(model)), 202);
  });
  return routes;
}
