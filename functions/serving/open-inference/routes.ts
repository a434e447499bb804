/**
 * `/v2`: the Open Inference Protocol.
 */
import { Hono } from 'hono/tiny';
import { listModels } from '../../../shared/model/spec/find-spec.ts';
import type { ServingSpec } from '../../../shared/model/spec/serving-spec.ts';
import { loadChampionVersion } from '../../../shared/registry/champion/serving.ts';
import { type RequestContext, refuse, type Handler } from '../../http/request-context.ts';
import { ok, type Result } from '../../../shared/result.ts';
import { parseJsonBody, readBytes } from '../../http/body.ts';
import { type AppError, invalid } from '../../http/errors.ts';
import type { AppDeps } from '../../deps.ts';
import type { Health } from '../health.ts';
import { authorize, keepAliveOf } from '../../http/http.ts';
import { authorizeModel, answerInference, type ModelRef } from '../inference-http.ts';
import { HEADER_LENGTH, parseInferBody } from './body.ts';
import { describeConfig, describeModel, HEALTHY, SERVER } from './metadata.ts';
import { type Route, parseRoute } from './path.ts';
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

/** The handler of every path below `/v2`; one that there is not answers 404. */
export function createOpenInference(deps: AppDeps): Handler {
  return (context) => {
    const route = parseRoute(context.method, context.path);
    return route.ok ? answer(context, deps, route.value) : refuse(context, route.error);
  };
}

async function answer(context: RequestContext, deps: AppDeps, route: Route): Promise<Response> {
  switch (route.kind) {
    case 'infer':
      return handleInfer(context, deps, route.target);
    case 'server':
      return showToCaller(context, deps, async () => SERVER);
    case 'models':
      return showToCaller(context, deps, async () => ({ models: await listModels(deps.store) }));
    case 'index':
      return showIndex(context, deps);
    case 'config':
      return showModel(context, deps, route.target, describeConfig);
    case 'metadata':
      return showModel(context, deps, route.target, describeModel);
    case 'ready':
      return showModel(context, deps, route.target, ({ name }) => ({ name, ready: true }));
  }
}

/** A body may ask for what is ready alone: `{"ready": true}`. */
async function showIndex(context: RequestContext, deps: AppDeps): Promise<Response> {
  const caller = authorize(deps.authenticator, context, ['predict']);
  if (!caller.ok) return refuse(context, caller.error);
  const bytes = await readBytes(context.request, deps.limits.maxBodyBytes, context.bodyHeaders);
  if (!bytes.ok) return refuse(context, bytes.error);
  const body = bytes.value.byteLength === 0 ? ok(null) : parseJsonBody(bytes.value);
  if (!body.ok) return refuse(context, body.error);
  const ready = readReady(body.value);
  if (!ready.ok) return refuse(context, ready.error);
  const index = await listIndex(deps);
  return Response.json(ready.value ? index.filter(({ state }) => state === 'READY') : index);
}

function readReady(body: unknown): Result<boolean, AppError> {
  const ready: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'ready') : undefined;
  if (ready === undefined || ready === null) return ok(false);
  return typeof ready === 'boolean' ? ok(ready) : invalid("Invalid value for 'ready': expected a boolean");
}

/** Triton's repository index: which models there are, and which of their versions serves. */
async function listIndex({ store }: AppDeps): Promise<{ readonly state: string }[]> {
  const names = await listModels(store);
  const champions = await Promise.all(names.map((name) => loadChampionVersion(store, name)));
  return names.map((name, i) => {
    const champion = champions[i];
    const version = champion?.ok === true ? champion.value : null;
    return version === null
      ? { name, version: '', state: 'UNAVAILABLE', reason: 'it has no champion' }
      : { name, version: String(version), state: 'READY', reason: '' };
  });
}

async function showToCaller(
  context: RequestContext,
  deps: AppDeps,
  show: () => Promise<object>,
): Promise<Response> {
  const caller = authorize(deps.authenticator, context, ['predict']);
  return caller.ok ? Response.json(await show()) : refuse(context, caller.error);
}

/** What is shown of a model is what would serve now: one that can't be loaded is an error. */
async function showModel(
  context: RequestContext,
  deps: AppDeps,
  { model, version }: ModelRef,
  describe: (spec: ServingSpec, version: number) => object,
): Promise<Response> {
  const admitted = authorizeModel(context, deps, model, ['predict']);
  if (!admitted.ok) return refuse(context, admitted.error);
  const described = await deps.models.use(model, version, context.keepAlive, (spec, servable) =>
    describe(spec, servable.manifest.version),
  );
  return described.ok ? Response.json(described.value) : refuse(context, described.error);
}

async function handleInfer(context: RequestContext, deps: AppDeps, target: ModelRef): Promise<Response> {
  const admitted = authorizeModel(context, deps, target.model, ['predict']);
  if (!admitted.ok) return refuse(context, admitted.error);
  const bytes = await readBytes(context.request, deps.limits.maxBodyBytes, context.bodyHeaders);
  if (!bytes.ok) return refuse(context, bytes.error);
  const body = parseInferBody(
    bytes.value,
    context.headers.get('content-type') ?? '',
    context.headers.get(HEADER_LENGTH),
  );
  if (!body.ok) return refuse(context, body.error);
  return answerInference(context, deps, target, (spec) =>
    readInferRequest(body.value, spec, deps.limits.maxInstances),
  );
}
