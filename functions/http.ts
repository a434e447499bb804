/**
 * What the routes of both protocols share: who asks, what a path names, and how a result becomes a response.
 */
import type { Context } from 'hono';
import { MODEL_NAME } from '../shared/registry/keys.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { Authenticator, Caller } from './auth.ts';
import type { Scope } from './config.ts';
import { type AppError, statusOf, toInferenceError, toProblem } from './errors.ts';
import type { KeepAlive } from './single-flight.ts';

/** Admits the caller of a request. */
export function authorize(
  authenticator: Authenticator,
  request: Request,
  scopes: readonly Scope[],
): Result<Caller, AppError> {
  const credentials = {
    authorization: request.headers.get('authorization'),
    hostname: new URL(request.url).hostname,
    clientAddress: request.headers.get('cf-connecting-ip'),
  };
  return authenticator.authorize(credentials, scopes);
}

/** A request's way to keep its work going after the response. */
export function keepAliveOf(c: Context): KeepAlive {
  return (work) => c.executionCtx.waitUntil(work);
}

/** Names that can't be a model's never reach the bucket. */
export function parseModelName(name: string): Result<string, AppError> {
  if (MODEL_NAME.test(name)) return ok(name);
  const detail = `there is no model ${JSON.stringify(name.slice(0, 80))}`;
  return err({ kind: 'unknown-model', model: name, detail });
}

export function parseVersion(text: string): Result<number, AppError> {
  if (/^[1-9]\d{0,8}$/.test(text)) return ok(Number(text));
  return err({
    kind: 'invalid',
    detail: `expected a version (1, 2, 3, …), got ${JSON.stringify(text.slice(0, 80))}`,
  });
}

/** The one place that knows which paths speak which protocol. */
export function errorResponse(c: Context, error: AppError): Response {
  const status = statusOf(error);
  if (status === 401) c.header('WWW-Authenticate', 'Bearer');
  if (status === 503) c.header('Retry-After', '1');
  if (isInference(c.req.path)) return c.json(toInferenceError(error.detail), status);
  return c.json(toProblem(error), status, { 'Content-Type': PROBLEM_TYPE });
}

/** A bug or an outage: the request id leads to the cause in the log, and nothing else does. */
export function unexpectedResponse(c: Context, requestId: string): Response {
  const detail = `internal error; the log names its cause under request id ${requestId}`;
  if (isInference(c.req.path)) return c.json(toInferenceError(detail), 500);
  const problem = { type: 'urn:holdfast:internal', title: 'internal error', status: 500, detail, requestId };
  return c.json(problem, 500, { 'Content-Type': PROBLEM_TYPE });
}

const PROBLEM_TYPE = 'application/problem+json';

function isInference(path: string): boolean {
  return /^\/v[12](\/|$)/.test(path);
}
