/**
 * The edge's HTTP interface: TF Serving under `/v1` and the Open Inference Protocol under `/v2`, which are called often
 * and take the short way; health, the index, the contract and the operators' API under `/api` by a router.
 */
import { Hono } from 'hono/tiny';
import type { RequestContext } from './http/request-context.ts';
import type { ConfigProblem } from './config.ts';
import { createContractRoutes } from './contract/routes.ts';
import type { AppDeps } from './deps.ts';
import { type App, withMiddleware } from './http/middleware.ts';
import { createHealth } from './serving/health.ts';
import { errorResponse, keepAliveOf, unexpectedResponse } from './http/http.ts';
import { describeCause, type Log } from './log.ts';
import { createHealthRoutes, createOpenInference } from './serving/open-inference/routes.ts';
import { createTfServing } from './serving/tf-serving/routes.ts';

const INDEX = {
  name: 'holdfast',
  // What KServe's V1 clients ask of the server.
  status: 'alive',
  predict: 'POST /v1/models/{model}:predict {"instances": [...]}',
  infer: 'POST /v2/models/{model}/infer {"inputs": [...]}',
  feedback: 'POST /v1/models/{model}:feedback {"items": [{"prediction_id": "...", "label": "..."}]}',
  versions: 'GET /v1/models/{model}',
  metadata: 'GET /v2/models/{model}',
  operators: 'GET /api/models',
  health: 'GET /healthz',
  contract: 'GET /openapi.json',
  docs: 'GET /docs',
};

/**
 * The edge's HTTP interface over what it is given. It reads no environment, so that tests start it as the Worker does.
 */
export function createApp(deps: AppDeps): App {
  const routes = createRoutes(deps);
  return withMiddleware(deps, {
    inference: createServing(deps),
    fallback: (request, context) => routes.fetch(request, {}, context),
  });
}

/** The two inference protocols, without a router: what they ask is in the path, and each parses its own. */
function createServing(deps: AppDeps): (context: RequestContext) => Promise<Response> {
  const tfServing = createTfServing(deps);
  const openInference = createOpenInference(deps);
  return async (context) => {
    try {
      const response = await (context.path.startsWith('/v1') ? tfServing : openInference)(context);
      return context.method === 'HEAD' ? new Response(null, response) : response;
    } catch (cause) {
      return answerUnexpected(deps.log, context.request, context.path, cause);
    }
  };
}

function createRoutes(deps: AppDeps): Hono {
  const app = createBareApp(deps.log);
  const health = createHealth(deps);
  app.get('/healthz', async (c) => {
    const failing = await health(keepAliveOf(c));
    return failing === 0 ? c.json({ status: 'ok' }) : c.json({ status: 'not-serving', models: failing }, 503);
  });
  app.route('/v2/health', createHealthRoutes(health));
  app.get('/', (c) => {
    c.header('Vary', 'Accept');
    const isBrowser = c.req.header('accept')?.includes('text/html') === true;
    return isBrowser ? c.redirect('/docs') : c.json(INDEX);
  });
  app.route('/', createContractRoutes(deps.assets, deps.log));
  let operators: Promise<Hono> | undefined;
  app.all('/api/*', async (c) => {
    operators ??= createOperators(deps);
    return (await operators).fetch(c.req.raw, {}, c.executionCtx);
  });
  return app;
}

/** Made when an operator comes: what predicts starts without it, and without zod. */
async function createOperators(deps: AppDeps): Promise<Hono> {
  const { createOperatorRoutes } = await import('./operators/operator-routes.ts');
  const app = createBareApp(deps.log);
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
  app.onError((cause, c) => answerUnexpected(log, c.req.raw, c.req.path, cause));
  return app;
}

function answerUnexpected(log: Log, request: Request, path: string, cause: unknown): Response {
  const requestId = request.headers.get('cf-ray') ?? crypto.randomUUID();
  log.error('internal-error', { requestId, path, cause: describeCause(cause) });
  return unexpectedResponse(path, requestId);
}
