/**
 * What the routes of both protocols share: who asks, what a path names, and how a result becomes a response.
 */
import type { Context } from 'hono';
import { MODEL_NAME } from '../../shared/registry/store/keys.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { Authenticator, Caller } from './auth.ts';
import type { Scope } from '../config.ts';
import {
  type AppError,
  type ErrorStatus,
  statusOf,
  toInferenceError,
  toProblem,
  toPublicDetail,
} from './errors.ts';
import type { KeepAlive } from './single-flight.ts';

/** Admits the caller of a request. */
export function authorize(
  authenticator: Authenticator,
  { url, headers }: Pick<Request, 'url' | 'headers'>,
  scopes: readonly Scope[],
): Result<Caller, AppError> {
  const credentials = {
    authorization: headers.get('authorization'),
    url,
    clientAddress: () => headers.get('cf-connecting-ip'),
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

/** A version's number out of a path: a whole number from 1 on without leading zeros, of nine digits at most. */
export function parseVersion(text: string): Result<number, AppError> {
  if (/^[1-9]\d{0,8}$/.test(text)) return ok(Number(text));
  return err({
    kind: 'invalid',
    detail: `expected a version (1, 2, 3, …), got ${JSON.stringify(text.slice(0, 80))}`,
  });
}

/** The one place that knows which paths speak which protocol. */
export function toErrorResponse(path: string, error: AppError): Response {
  const status = statusOf(error);
  const headers = new Headers();
  if (status === 401) headers.set('WWW-Authenticate', 'Bearer');
  const retryAfter = RETRY_AFTER_SECONDS[status];
  if (retryAfter !== undefined) headers.set('Retry-After', retryAfter);
  // The platform compresses for whoever accepts it, and Triton's client reads errors as they come.
  if (path.startsWith('/v2')) headers.set('Content-Encoding', 'identity');
  if (isInference(path)) return Response.json(toInferenceError(toPublicDetail(error)), { status, headers });
  headers.set('Content-Type', PROBLEM_TYPE);
  return Response.json(toProblem(error), { status, headers });
}

/** An error as the protocol of the request's path words it. */
export function errorResponse(c: Context, error: AppError): Response {
  return toErrorResponse(c.req.path, error);
}

/** The shorter of the two periods that the platform's limiter knows; it does not say which one is set. */
const RETRY_AFTER_SECONDS: Partial<Record<ErrorStatus, string>> = { 429: '10', 503: '1' };

/** A bug or an outage: the request id leads to the cause in the log, and nothing else does. */
export function unexpectedResponse(path: string, requestId: string): Response {
  const detail = `internal error; the log names its cause under request id ${requestId}`;
  const headers = { 'Holdfast-Request-Id': requestId };
  if (isInference(path)) return Response.json(toInferenceError(detail), { status: 500, headers });
  const problem = { type: 'urn:holdfast:internal', title: 'internal error', status: 500, detail, requestId };
  return Response.json(problem, { status: 500, headers: { ...headers, 'Content-Type': PROBLEM_TYPE } });
}

const PROBLEM_TYPE = 'application/problem+json';

function isInference(path: string): boolean {
  return /^\/v[12](\/|$)/.test(path);
}

/** The path of a URL as the client wrote it, percent-encoding and all. */
export function rawPath(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3);
  if (start === -1) return '/';
  const end = url.slice(start).search(/[?#]/);
  return end === -1 ? url.slice(start) : url.slice(start, start + end);
}
