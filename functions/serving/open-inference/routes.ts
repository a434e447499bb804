/**
 * `/v2`: the Open Inference Protocol.
 */
import { Hono } from 'hono/tiny';
import { listModels } from '../../../shared/model/spec/find-spec.ts';
import { type Ask, refuse, type Serve } from '../../http/ask.ts';
import { readBytes } from '../../http/body.ts';
import type { AppDeps } from '../../deps.ts';
import type { Health } from '../health.ts';
import { authorize, keepAliveOf } from '../../http/http.ts';
import { admit, answerInference, type Target } from '../inference-http.ts';
import { HEADER_LENGTH, parseInferBody } from './body.ts';
import { describeModel, HEALTHY, SERVER } from './metadata.ts';
import { type Call, parseCall } from './path.ts';
import { readInferRequest } from './request.ts';

/** `/v2/health`: who asks whether the server is up has no key. It is ready when every model is that was promoted. */
export function createHealthRoutes(health: Health): Hono {
  const routes = new Hono();
  routes.get('/live', (c) => c.json(HEALTHY));
  routes.get('/ready', async (c) =>
    (await health(keepAliveOf(c))) === 0 ? c.json(HEALTHY) : c.json({ ...HEALTHY, ready: false }, 503),
  );
  return routes;
}

export function createOpenInference(deps: AppDeps): Serve {
  return (ask) => {
    const call = parseCall(ask.method, ask.path);
    return call.ok ? answer(ask, deps, call.value) : refuse(ask, call.error);
  };
}

async function answer(ask: Ask, deps: AppDeps, call: Call): Promise<Response> {
  switch (call.kind) {
    case 'infer':
      return inferWith(ask, deps, call.target);
    case 'server':
      return showToCaller(ask, deps, async () => SERVER);
    case 'models':
      return showToCaller(ask, deps, async () => ({ models: await listModels(deps.store) }));
    case 'metadata':
      return showModel(ask, deps, call.target, describeModel);
    case 'ready':
      return showModel(ask, deps, call.target, ({ name }) => ({ name, ready: true }));
  }
}

async function showToCaller(ask: Ask, deps: AppDeps, show: () => Promise<object>): Promise<Response> {
  const caller = authorize(deps.authenticator, ask, ['predict']);
  return caller.ok ? Response.json(await show()) : refuse(ask, caller.error);
}

/** What is shown of a model is what would serve now: one that can't be loaded is an error. */
async function showModel(
  ask: Ask,
  deps: AppDeps,
  { model, version }: Target,
  describe: typeof describeModel,
): Promise<Response> {
  const admitted = admit(ask, deps, model, ['predict']);
  if (!admitted.ok) return refuse(ask, admitted.error);
  const described = await deps.models.use(model, version, ask.keepAlive, (spec, servable) =>
    describe(spec, servable.manifest.version),
  );
  return described.ok ? Response.json(described.value) : refuse(ask, described.error);
}

async function inferWith(ask: Ask, deps: AppDeps, target: Target): Promise<Response> {
  const admitted = admit(ask, deps, target.model, ['predict']);
  if (!admitted.ok) return refuse(ask, admitted.error);
  const bytes = await readBytes(ask.request, deps.limits.maxBodyBytes, ask.sent);
  if (!bytes.ok) return refuse(ask, bytes.error);
  const body = parseInferBody(
    bytes.value,
    ask.headers.get('content-type') ?? '',
    ask.headers.get(HEADER_LENGTH),
  );
  if (!body.ok) return refuse(ask, body.error);
  return answerInference(ask, deps, target, (spec) =>
    readInferRequest(body.value, spec, deps.limits.maxInstances),
  );
}
