/**
 * `/v1`: TF Serving's REST API, and `:feedback` beside it.
 */
import type { Context } from 'hono';
import { Hono } from 'hono/tiny';
import { loadSpec } from '../../shared/model/load-spec.ts';
import { loadManifest } from '../../shared/registry/versions.ts';
import { ok, type Result } from '../../shared/result.ts';
import { parseJsonBody, readBytes } from '../body.ts';
import type { AppDeps } from '../deps.ts';
import type { AppError } from '../errors.ts';
import { takeFeedback } from '../feedback-route.ts';
import { errorResponse, keepAliveOf, rawPath } from '../http.ts';
import type { ReadRequest } from '../inference.ts';
import { admit, answerInference, type Target } from '../inference-http.ts';
import { readExamplesRequest } from './examples-request.ts';
import { describeMetadata } from './metadata.ts';
import { type Call, parseCall, type Verb } from './path.ts';
import { readImageBody, readPredictRequest } from './predict-request.ts';
import { available, toVersionStatuses, type VersionStatus } from './status.ts';

export function createTfServingRoutes(deps: AppDeps): Hono {
  const routes = new Hono();
  routes.all('*', (c) => {
    const call = parseCall(c.req.method, rawPath(c.req.url));
    return call.ok ? answer(c, deps, call.value) : errorResponse(c, call.error);
  });
  return routes;
}

function answer(c: Context, deps: AppDeps, call: Call): Promise<Response> {
  switch (call.kind) {
    case 'infer':
      return predictWith(c, deps, call.verb, call.target);
    case 'feedback':
      return takeFeedback(c, deps, call.model);
    case 'status':
      return showStatus(c, deps, call.target);
    case 'metadata':
      return showMetadata(c, deps, call.target);
  }
}

async function predictWith(c: Context, deps: AppDeps, verb: Verb, target: Target): Promise<Response> {
  const admitted = admit(c, deps, target.model, ['predict']);
  if (!admitted.ok) return errorResponse(c, admitted.error);
  const bytes = await readBytes(c.req.raw, deps.limits.maxBodyBytes);
  if (!bytes.ok) return errorResponse(c, bytes.error);
  const read = toReader(verb, bytes.value, c.req.header('content-type') ?? '', deps.limits.maxInstances);
  return read.ok ? answerInference(c, deps, target, read.value) : errorResponse(c, read.error);
}

function toReader(
  verb: Verb,
  bytes: Uint8Array,
  contentType: string,
  max: number,
): Result<ReadRequest, AppError> {
  if (verb === 'predict' && contentType.startsWith('image/')) return ok(() => ok(readImageBody(bytes)));
  const body = parseJsonBody(bytes);
  if (!body.ok) return body;
  return ok((spec) =>
    verb === 'predict'
      ? readPredictRequest(body.value, spec, max)
      : readExamplesRequest(verb, body.value, spec, max),
  );
}

async function showStatus(c: Context, deps: AppDeps, target: Target): Promise<Response> {
  const admitted = admit(c, deps, target.model, ['predict', 'operate']);
  if (!admitted.ok) return errorResponse(c, admitted.error);
  const { model, version } = target;
  const statuses =
    version === null ? await championStatus(c, deps, model) : await versionStatus(deps, model, version);
  return statuses.ok ? c.json({ model_version_status: statuses.value }) : errorResponse(c, statuses.error);
}

async function championStatus(
  c: Context,
  deps: AppDeps,
  model: string,
): Promise<Result<VersionStatus[], AppError>> {
  const status = await deps.models.inspect(model, keepAliveOf(c));
  return status.ok ? toVersionStatuses(model, status.value) : status;
}

async function versionStatus(
  { store }: AppDeps,
  model: string,
  version: number,
): Promise<Result<VersionStatus[], AppError>> {
  const spec = await loadSpec(store, model);
  if (!spec.ok) return spec;
  const manifest = await loadManifest(store, model, version);
  return manifest.ok ? ok([available(version)]) : manifest;
}

async function showMetadata(c: Context, deps: AppDeps, { model, version }: Target): Promise<Response> {
  const admitted = admit(c, deps, model, ['predict', 'operate']);
  if (!admitted.ok) return errorResponse(c, admitted.error);
  const metadata = await deps.models.use(model, version, keepAliveOf(c), (spec, servable) =>
    describeMetadata(spec, servable.manifest.version),
  );
  return metadata.ok ? c.json(metadata.value) : errorResponse(c, metadata.error);
}
