/**
 * `/v2`: the Open Inference Protocol.
 */
import type { Context } from 'hono';
import { Hono } from 'hono/tiny';
import { listModels } from '../../shared/model/load-spec.ts';
import { readBytes } from '../body.ts';
import type { AppDeps } from '../deps.ts';
import { authorize, errorResponse, keepAliveOf, rawPath } from '../http.ts';
import { admit, answerInference, type Target } from '../inference-http.ts';
import { HEADER_LENGTH, parseInferBody } from './body.ts';
import { describeModel, HEALTHY, SERVER } from './metadata.ts';
import { type Call, parseCall } from './path.ts';
import { readInferRequest } from './request.ts';

/** `/v2/health`: who asks whether the server is up has no key. */
export function createHealthRoutes(): Hono {
  const routes = new Hono();
  routes.get('/live', (c) => c.json(HEALTHY));
  routes.get('/ready', (c) => c.json(HEALTHY));
  return routes;
}

export function createOpenInferenceRoutes(deps: AppDeps): Hono {
  const routes = new Hono();
  routes.all('*', (c) => {
    const call = parseCall(c.req.method, rawPath(c.req.url));
    return call.ok ? answer(c, deps, call.value) : errorResponse(c, call.error);
  });
  return routes;
}

async function answer(c: Context, deps: AppDeps, call: Call): Promise<Response> {
  switch (call.kind) {
    case 'infer':
      return inferWith(c, deps, call.target);
    case 'server':
      return showToCaller(c, deps, async () => SERVER);
    case 'models':
      return showToCaller(c, deps, async () => ({ models: await listModels(deps.store) }));
    case 'metadata':
      return showModel(c, deps, call.target, describeModel);
    case 'ready':
      return showModel(c, deps, call.target, ({ name }) => ({ name, ready: true }));
  }
}

async function showToCaller(c: Context, deps: AppDeps, show: () => Promise<object>): Promise<Response> {
  const caller = authorize(deps.authenticator, c.req.raw, ['predict']);
  return caller.ok ? c.json(await show()) : errorResponse(c, caller.error);
}

/** What is shown of a model is what would serve now: one that can't be loaded is an error. */
async function showModel(
  c: Context,
  deps: AppDeps,
  { model, version }: Target,
  describe: typeof describeModel,
): Promise<Response> {
  const admitted = admit(c, deps, model, ['predict']);
  if (!admitted.ok) return errorResponse(c, admitted.error);
  const described = await deps.models.use(model, version, keepAliveOf(c), (spec, servable) =>
    describe(spec, servable.manifest.version),
  );
  return described.ok ? c.json(described.value) : errorResponse(c, described.error);
}

async function inferWith(c: Context, deps: AppDeps, target: Target): Promise<Response> {
  const admitted = admit(c, deps, target.model, ['predict']);
  if (!admitted.ok) return errorResponse(c, admitted.error);
  const bytes = await readBytes(c.req.raw, deps.limits.maxBodyBytes);
  if (!bytes.ok) return errorResponse(c, bytes.error);
  const body = parseInferBody(
    bytes.value,
    c.req.header('content-type') ?? '',
    c.req.header(HEADER_LENGTH) ?? null,
  );
  if (!body.ok) return errorResponse(c, body.error);
  return answerInference(c, deps, target, (spec) =>
    readInferRequest(body.value, spec, deps.limits.maxInstances),
  );
}
