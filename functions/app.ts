/**
 * The edge's HTTP interface: health and index here, the contract beside them, TF Serving under `/v1`, the Open Inference
 * Protocol under `/v2`, the operators' API under `/api`.
 */
import { Hono } from 'hono/tiny';
import type { ConfigProblem } from './config.ts';
import { createContractRoutes } from './contract/routes.ts';
import type { AppDeps } from './deps.ts';
import { type App, createDoor } from './door.ts';
import { errorResponse, unexpectedResponse } from './http.ts';
import { describeCause, type Log } from './log.ts';
import { createHealthRoutes, createOpenInferenceRoutes } from './open-inference/routes.ts';
import { createOperatorRoutes } from './operator-routes.ts';
import { createTfServingRoutes } from './tf-serving/routes.ts';

const INDEX = {
  name: 'holdfast',
  predict: 'POST /v1/models/{model}:predict {"instances": [...]}',
  infer: 'POST /v2/models/{model}/infer {"inputs": [...]}',
  feedback: 'POST /v1/models/{model}:feedback {"items": [{"prediction_id": "...", "label": "..."}]}',
  status: 'GET /v1/models/{model}',
  metadata: 'GET /v2/models/{model}',
  operators: 'GET /api/models',
  health: 'GET /healthz',
  contract: 'GET /openapi.json',
  docs: 'GET /docs',
};

export function createApp(deps: AppDeps): App {
  return createDoor(deps, createRoutes(deps));
}

function createRoutes(deps: AppDeps): Hono {
  const app = createBareApp(deps.log);
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.route('/v2/health', createHealthRoutes());
  app.get('/', (c) => {
    c.header('Vary', 'Accept');
    const isBrowser = c.req.header('accept')?.includes('text/html') === true;
    return isBrowser ? c.redirect('/docs') : c.json(INDEX);
  });
  app.route('/', createContractRoutes(deps.assets, deps.log));
  app.route('/v1', createTfServingRoutes(deps));
  app.route('/v2', createOpenInferenceRoutes(deps));
  app.route('/api', createOperatorRoutes(deps));
  return app;
}

/** A deployment whose variables can't be read serves nothing, and its health says which ones. */
export function createMisconfiguredApp(problems: readonly ConfigProblem[], log: Log): App {
  const app = createBareApp(log);
  const variables = [...new Set(problems.map(({ variable }) => variable))];
  app.get('/healthz', (c) => c.json({ status: 'misconfigured', variables }, 503));
  app.all('*', (c) =>
    errorResponse(c, {
      kind: 'misconfigured',
      detail: 'this deployment is misconfigured: /healthz names the variables',
    }),
  );
  return { fetch: async (request, context) => app.fetch(request, {}, context) };
}

function createBareApp(log: Log): Hono {
  const app = new Hono();
  app.notFound((c) =>
    errorResponse(c, { kind: 'not-found', detail: `there is no ${c.req.method} ${c.req.path}` }),
  );
  app.onError((cause, c) => {
    const requestId = c.req.header('cf-ray') ?? crypto.randomUUID();
    log.error('internal-error', { requestId, path: c.req.path, cause: describeCause(cause) });
    return unexpectedResponse(c, requestId);
  });
  return app;
}
