/**
 * `/v1`: TF Serving's REST API, and `:feedback` beside it.
 */
import { loadServingSpec } from '../../../shared/model/spec/serving-spec.ts';
import { loadServingManifest } from '../../../shared/registry/champion/serving.ts';
import { ok, type Result } from '../../../shared/result.ts';
import { type RequestContext, refuse, type Handler } from '../../http/request-context.ts';
import { parseJsonBody, readBytes } from '../../http/body.ts';
import type { AppDeps } from '../../deps.ts';
import type { AppError } from '../../http/errors.ts';
import type { RequestParser } from '../inference.ts';
import { authorizeModel, answerInference, type ModelRef } from '../inference-http.ts';
import { readExamplesRequest } from './examples-request.ts';
import { describeMetadata } from './metadata.ts';
import { type Route, parseRoute, type Verb } from './path.ts';
import { readImageBody, readPredictRequest } from './predict-request.ts';
import { available, toVersionStatuses, type VersionStatus } from './status.ts';

/** The handler of every path below `/v1`; one that there is not answers 404. */
export function createTfServing(deps: AppDeps): Handler {
  return (context) => {
    const route = parseRoute(context.method, context.path);
    return route.ok ? answer(context, deps, route.value) : refuse(context, route.error);
  };
}

function answer(context: RequestContext, deps: AppDeps, route: Route): Promise<Response> {
  switch (route.kind) {
    case 'infer':
      return handleInference(context, deps, route.verb, route.target);
    case 'feedback':
      return handleFeedback(context, deps, route.model);
    case 'status':
      return showStatus(context, deps, route.target);
    case 'metadata':
      return showMetadata(context, deps, route.target);
  }
}

/** What predicts starts without it, and without zod. */
async function handleFeedback(context: RequestContext, deps: AppDeps, model: string): Promise<Response> {
  const { handleFeedback: takeFeedback } = await import('../../collect/feedback-route.ts');
  return takeFeedback(context, deps, model);
}

async function handleInference(
  context: RequestContext,
  deps: AppDeps,
  verb: Verb,
  target: ModelRef,
): Promise<Response> {
  const admitted = authorizeModel(context, deps, target.model, ['predict']);
  if (!admitted.ok) return refuse(context, admitted.error);
  const bytes = await readBytes(context.request, deps.limits.maxBodyBytes, context.bodyHeaders);
  if (!bytes.ok) return refuse(context, bytes.error);
  const read = toReader(
    verb,
    bytes.value,
    context.headers.get('content-type') ?? '',
    deps.limits.maxInstances,
  );
  return read.ok ? answerInference(context, deps, target, read.value) : refuse(context, read.error);
}

function toReader(
  verb: Verb,
  bytes: Uint8Array,
  contentType: string,
  max: number,
): Result<RequestParser, AppError> {
  if (verb === 'predict' && contentType.startsWith('image/')) return ok(() => ok(readImageBody(bytes)));
  const body = parseJsonBody(bytes);
  if (!body.ok) return body;
  return ok((spec) =>
    verb === 'predict'
      ? readPredictRequest(body.value, spec, max)
      : readExamplesRequest(verb, body.value, spec, max),
  );
}

async function showStatus(context: RequestContext, deps: AppDeps, target: ModelRef): Promise<Response> {
  const admitted = authorizeModel(context, deps, target.model, ['predict', 'operate']);
  if (!admitted.ok) return refuse(context, admitted.error);
  const { model, version } = target;
  const statuses =
    version === null ? await championStatus(context, deps, model) : await versionStatus(deps, model, version);
  return statuses.ok
    ? Response.json({ model_version_status: statuses.value })
    : refuse(context, statuses.error);
}

async function championStatus(
  context: RequestContext,
  deps: AppDeps,
  model: string,
): Promise<Result<VersionStatus[], AppError>> {
  const status = await deps.models.inspect(model, context.keepAlive);
  return status.ok ? toVersionStatuses(model, status.value) : status;
}

async function versionStatus(
  { store }: AppDeps,
  model: string,
  version: number,
): Promise<Result<VersionStatus[], AppError>> {
  const spec = await loadServingSpec(store, model);
  if (!spec.ok) return spec;
  const manifest = await loadServingManifest(store, model, version);
  return manifest.ok ? ok([available(version)]) : manifest;
}

async function showMetadata(
  context: RequestContext,
  deps: AppDeps,
  { model, version }: ModelRef,
): Promise<Response> {
  const admitted = authorizeModel(context, deps, model, ['predict', 'operate']);
  if (!admitted.ok) return refuse(context, admitted.error);
  const metadata = await deps.models.use(model, version, context.keepAlive, (spec, servable) =>
    describeMetadata(spec, servable.manifest.version),
  );
  return metadata.ok ? Response.json(metadata.value) : refuse(context, metadata.error);
}
