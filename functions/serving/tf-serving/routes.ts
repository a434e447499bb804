/**
 * `/v1`: TF Serving's REST API, and `:feedback` beside it.
 */
import { loadServingSpec } from '../../../shared/model/spec/serving-spec.ts';
import { loadServingManifest } from '../../../shared/registry/serving.ts';
import { ok, type Result } from '../../../shared/result.ts';
import { type Ask, refuse, type Serve } from '../../http/ask.ts';
import { parseJsonBody, readBytes } from '../../http/body.ts';
import type { AppDeps } from '../../deps.ts';
import type { AppError } from '../../http/errors.ts';
import type { ReadRequest } from '../inference.ts';
import { admit, answerInference, type Target } from '../inference-http.ts';
import { readExamplesRequest } from './examples-request.ts';
import { describeMetadata } from './metadata.ts';
import { type Call, parseCall, type Verb } from './path.ts';
import { readImageBody, readPredictRequest } from './predict-request.ts';
import { available, toVersionStatuses, type VersionStatus } from './status.ts';

export function createTfServing(deps: AppDeps): Serve {
  return (ask) => {
    const call = parseCall(ask.method, ask.path);
    return call.ok ? answer(ask, deps, call.value) : refuse(ask, call.error);
  };
}

function answer(ask: Ask, deps: AppDeps, call: Call): Promise<Response> {
  switch (call.kind) {
    case 'infer':
      return predictWith(ask, deps, call.verb, call.target);
    case 'feedback':
      return feedback(ask, deps, call.model);
    case 'status':
      return showStatus(ask, deps, call.target);
    case 'metadata':
      return showMetadata(ask, deps, call.target);
  }
}

/** What predicts starts without it, and without zod. */
async function feedback(ask: Ask, deps: AppDeps, model: string): Promise<Response> {
  const { takeFeedback } = await import('../../collect/feedback-route.ts');
  return takeFeedback(ask, deps, model);
}

async function predictWith(ask: Ask, deps: AppDeps, verb: Verb, target: Target): Promise<Response> {
  const admitted = admit(ask, deps, target.model, ['predict']);
  if (!admitted.ok) return refuse(ask, admitted.error);
  const bytes = await readBytes(ask.request, deps.limits.maxBodyBytes, ask.sent);
  if (!bytes.ok) return refuse(ask, bytes.error);
  const read = toReader(verb, bytes.value, ask.headers.get('content-type') ?? '', deps.limits.maxInstances);
  return read.ok ? answerInference(ask, deps, target, read.value) : refuse(ask, read.error);
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

async function showStatus(ask: Ask, deps: AppDeps, target: Target): Promise<Response> {
  const admitted = admit(ask, deps, target.model, ['predict', 'operate']);
  if (!admitted.ok) return refuse(ask, admitted.error);
  const { model, version } = target;
  const statuses =
    version === null ? await championStatus(ask, deps, model) : await versionStatus(deps, model, version);
  return statuses.ok ? Response.json({ model_version_status: statuses.value }) : refuse(ask, statuses.error);
}

async function championStatus(
  ask: Ask,
  deps: AppDeps,
  model: string,
): Promise<Result<VersionStatus[], AppError>> {
  const status = await deps.models.inspect(model, ask.keepAlive);
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

async function showMetadata(ask: Ask, deps: AppDeps, { model, version }: Target): Promise<Response> {
  const admitted = admit(ask, deps, model, ['predict', 'operate']);
  if (!admitted.ok) return refuse(ask, admitted.error);
  const metadata = await deps.models.use(model, version, ask.keepAlive, (spec, servable) =>
    describeMetadata(spec, servable.manifest.version),
  );
  return metadata.ok ? Response.json(metadata.value) : refuse(ask, metadata.error);
}
