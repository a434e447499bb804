/**
 * What the inference routes of both protocols share: who may ask, and the way of a request through the model.
 */
import type { Servable } from '../../shared/model/run/predictor.ts';
import type { ServingSpec } from '../../shared/model/spec/serving-spec.ts';
import type { InputSpec } from '../../shared/model/spec/spec.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { type RequestContext, checkDeadline, withDeadline, refuse } from '../http/request-context.ts';
import { permit } from '../http/auth.ts';
import type { Scope } from '../config.ts';
import type { AppDeps } from '../deps.ts';
import type { AppError } from '../http/errors.ts';
import type { Groups } from './groups.ts';
import { authorize, parseModelName } from '../http/http.ts';
import { DIVIDED_WARNING, looksDivided } from './pixels.ts';
import {
  type EncodedResponse,
  areRows,
  type Example,
  type Inference,
  infer,
  type InferenceRequest,
  type RequestParser,
} from './inference.ts';

/** A version of a model; null for the champion. */
export interface ModelRef {
  readonly model: string;
  readonly version: number | null;
}

/** Admits the caller and checks the model's name. */
export function authorizeModel(
  context: RequestContext,
  deps: AppDeps,
  model: string,
  scopes: readonly Scope[],
): Result<string, AppError> {
  // Whoever calls was identified by the middleware.
  const caller =
    context.call === null
      ? authorize(deps.authenticator, context, scopes)
      : permit(context.call.caller, scopes);
  return caller.ok ? parseModelName(model) : caller;
}

/** A segment of a raw path as text, or null when its encoding is broken. */
export function decodeSegment(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}

/** A version's number from a path's digits; versions that can't exist are as unknown as those that don't. */
export function toVersion(model: string, digits: string): Result<number, AppError> {
  if (/^[1-9]\d{0,8}$/.test(digits)) return ok(Number(digits));
  return err({ kind: 'not-found', detail: `${model} has no version ${digits.slice(0, 80)}` });
}

/** Predicts, logs and answers. */
export async function answerInference(
  context: RequestContext,
  deps: AppDeps,
  { model, version }: ModelRef,
  read: RequestParser,
): Promise<Response> {
  const waited = checkDeadline(context, deps.now());
  if (!waited.ok) return refuse(context, waited.error);
  const { keepAlive } = context;
  const use = deps.models.use(model, version, keepAlive, (spec, servable) => {
    const request = read(spec);
    if (!request.ok) return request;
    const { examples, groups = null } = request.value;
    // Decoding images takes turns, and what is used here must be done with at once.
    const inference = areRows(examples) ? inferNow(deps, spec, servable, examples, groups) : null;
    return ok({ request: request.value, input: spec.input, inference });
  });
  const used = await withDeadline(context, deps.now(), use);
  const result = used.ok ? used.value : used;
  if (!result.ok) return refuse(context, result.error);
  const { request, input } = result.value;
  const inference =
    result.value.inference === null
      ? await inferImages(context, deps, { model, version }, request, input)
      : ok(result.value.inference);
  if (!inference.ok) return refuse(context, inference.error);

  deps.predictions.add(model, inference.value.logged, keepAlive);
  const response = toResponse(inference.value, request.answer(inference.value.prediction));
  if (input.kind === 'image' && request.examples.some(looksDivided))
    response.headers.set('Holdfast-Warning', DIVIDED_WARNING);
  return response;
}

function inferNow(
  deps: AppDeps,
  spec: ServingSpec,
  servable: Servable,
  rows: readonly Float32Array[],
  groups: Groups,
): Inference {
  const random = crypto.getRandomValues(new Uint8Array(8));
  return infer(spec, servable, rows, { nowMs: deps.now(), sample: deps.random(), random, groups });
}

/** Decodes, then predicts with whatever serves by then: what an input is never changes. */
async function inferImages(
  context: RequestContext,
  deps: AppDeps,
  { model, version }: ModelRef,
  { examples, groups = null }: InferenceRequest,
  input: InputSpec,
): Promise<Result<Inference, AppError>> {
  const rows = await decode(context, deps, examples, input);
  if (!rows.ok) return rows;
  const use = deps.models.use(model, version, context.keepAlive, (spec, servable) =>
    inferNow(deps, spec, servable, rows.value, groups),
  );
  return withDeadline(context, deps.now(), use);
}

async function decode(
  context: RequestContext,
  deps: AppDeps,
  examples: readonly Example[],
  input: InputSpec,
): Promise<Result<Float32Array[], AppError>> {
  const rows: Float32Array[] = [];
  for (const example of examples) {
    const waited = checkDeadline(context, deps.now());
    if (!waited.ok) return waited;
    const row = example instanceof Float32Array ? ok(example) : await deps.images.read(example, input);
    if (!row.ok) return row;
    rows.push(row.value);
  }
  return ok(rows);
}

function toResponse({ prediction, unseen }: Inference, { type, body, jsonBytes }: EncodedResponse): Response {
  const headers: Record<string, string> = {
    'Content-Type': type,
    'Holdfast-Version': String(prediction.version),
    'Holdfast-Prediction-Id': prediction.id,
  };
  if (unseen > 0) headers['Holdfast-Unseen-Values'] = String(unseen);
  if (jsonBytes !== undefined) headers['Inference-Header-Content-Length'] = String(jsonBytes);
  return new Response(body, { headers });
}
