/**
 * What a request passes before its route. What asks for work (POST under `/v1` and `/v2`) needs a key, stays within the
 * key's rate, takes one of the isolate's slots before its body is read, and is answered within its time budget.
 * Reading, health and the operators' API are never held up here: a rollback must get through when nothing else does.
 */
import type { Admission } from './admission.ts';
import type { AdmittedCall, RequestContext } from './request-context.ts';
import type { Authenticator } from './auth.ts';
import { type BodyHeaders, bodyHeadersOf } from './body.ts';
import { SCOPES } from '../config.ts';
import type { Cors } from './cors.ts';
import type { AppError } from './errors.ts';
import { authorize, rawPath, toErrorResponse } from './http.ts';
import type { RateLimit } from './rate-limit.ts';
import type { KeepAlive } from './single-flight.ts';
import { parseTimeout, TIMEOUT_HEADER, timedOut } from './time-budget.ts';

/** What this needs of a Worker's `ExecutionContext`. */
export interface ExecutionContext {
  waitUntil(work: Promise<unknown>): void;
  passThroughOnException(): void;
  readonly props: unknown;
}

export interface App {
  fetch(request: Request, execution: ExecutionContext): Promise<Response>;
}

/** What answers once a request has passed. */
export interface Handlers {
  /** `/v1` and `/v2` */
  inference(context: RequestContext): Promise<Response>;
  /** everything else */
  fallback(request: Request, execution: ExecutionContext): Response | Promise<Response>;
}

export interface MiddlewareDeps {
  readonly authenticator: Authenticator;
  readonly admission: Admission;
  /** null: this deployment has no limiter bound. */
  readonly rateLimit: RateLimit | null;
  readonly cors: Cors;
  readonly now: () => number;
  readonly limits: { readonly maxBodyBytes: number; readonly timeoutMs: number };
}

const INFERENCE = /^\/v[12](\/|$)/;
const WORK = /^\/v[12]\//;
const HEALTH = /^\/(healthz$|v2\/health\/)/;
const KEYS_UNREAD: AppError = { kind: 'overloaded', detail: 'the key can not be looked up now' };
const OVERLOADED: AppError = { kind: 'overloaded', detail: 'too many requests are under way here' };

/**
 * The handlers behind admission, keys, rates, time budget and CORS. What is thrown inside answers 500 with a request
 * id, and is logged with its cause.
 */
export function withMiddleware(deps: MiddlewareDeps, handlers: Handlers): App {
  const { cors } = deps;
  return {
    async fetch(request, execution) {
      const preflight = cors.preflight(request);
      if (preflight !== null) return preflight;
      const path = rawPath(request.url);
      const isWork = request.method === 'POST' && WORK.test(path);
      const response = isWork
        ? serveCall(toContext(request, path, execution), deps, handlers)
        : serveRead(request, path, execution, deps, handlers);
      return cors.expose(request, await response);
    },
  };
}

async function serveCall(
  context: RequestContext,
  deps: MiddlewareDeps,
  handlers: Handlers,
): Promise<Response> {
  const { authenticator, admission, rateLimit, now, limits } = deps;
  const { path, headers } = context;
  const arrivedMs = now();
  if (admission.full()) return toErrorResponse(path, OVERLOADED);
  let caller = authorize(authenticator, context, SCOPES);
  if (!caller.ok && caller.error.kind === 'unauthenticated') {
    const refused = await lookUpKey(authenticator, headers, path);
    if (refused !== null) return refused;
    caller = authorize(authenticator, context, SCOPES);
  }
  if (!caller.ok) return toErrorResponse(path, caller.error);
  const timeout = parseTimeout(headers.get(TIMEOUT_HEADER), limits.timeoutMs);
  if (!timeout.ok) return toErrorResponse(path, timeout.error);
  const { name } = caller.value;
  if (rateLimit !== null && !(await rateLimit(name))) return toErrorResponse(path, overRate(name));
  const facts = {
    caller: caller.value,
    deadlineMs: arrivedMs + timeout.value,
    timeoutMs: timeout.value,
  };
  const answer = serveAdmitted({ ...context, call: facts }, facts, deps, handlers);
  // A client that goes away must not take a slot with it.
  context.keepAlive(answer);
  return answer;
}

async function serveAdmitted(
  context: RequestContext,
  { caller, deadlineMs, timeoutMs }: AdmittedCall,
  { admission, now, limits }: MiddlewareDeps,
  handlers: Handlers,
): Promise<Response> {
  const bytes = bodyBytes(context.bodyHeaders, limits.maxBodyBytes);
  const acquired = admission.acquire(caller.name, bytes, deadlineMs - now());
  const slot = acquired instanceof Promise ? await acquired : acquired;
  if (slot === 'refused') return toErrorResponse(context.path, OVERLOADED);
  if (slot === 'late') return toErrorResponse(context.path, timedOut(timeoutMs));
  const probing = admission.probe();
  if (probing !== null) context.keepAlive(probing);
  try {
    return await handlers.inference(context);
  } finally {
    admission.release(slot);
  }
}

async function serveRead(
  request: Request,
  path: string,
  execution: ExecutionContext,
  { authenticator }: MiddlewareDeps,
  handlers: Handlers,
): Promise<Response> {
  const refused =
    (await lookUpKey(authenticator, request.headers, path)) ?? refuseRead(authenticator, request, path);
  if (refused !== null) return refused;
  const isServed = INFERENCE.test(path) && !HEALTH.test(path);
  return isServed
    ? handlers.inference(toContext(request, path, execution))
    : handlers.fallback(request, execution);
}

/** A key that lies in the bucket is read when it first comes; nobody is refused because that can't be done now. */
async function lookUpKey(
  authenticator: Authenticator,
  headers: Headers,
  path: string,
): Promise<Response | null> {
  const learning = authenticator.learn(headers.get('authorization'));
  return learning === null || (await learning) ? null : toErrorResponse(path, KEYS_UNREAD);
}

/** Routes that need a key ask for it themselves; a deployment without keys refuses everything but health. */
function refuseRead(authenticator: Authenticator, request: Request, path: string): Response | null {
  if (authenticator.open || HEALTH.test(path)) return null;
  const refused = authorize(authenticator, request, SCOPES);
  return refused.ok ? null : toErrorResponse(path, refused.error);
}

function toContext(request: Request, path: string, execution: ExecutionContext): RequestContext {
  const { method, url, headers } = request;
  const keepAlive: KeepAlive = (left) => execution.waitUntil(left);
  return { request, method, url, path, headers, bodyHeaders: bodyHeadersOf(headers), keepAlive, call: null };
}

function overRate(key: string): AppError {
  return { kind: 'over-rate', detail: `the key ${key} asks more often than this deployment allows` };
}

/** A body of unknown length, or of unknown length once it is decompressed, counts as the largest. */
function bodyBytes({ contentLength, contentEncoding }: BodyHeaders, maxBytes: number): number {
  if (contentEncoding !== null) return maxBytes;
  const announced = Number(contentLength ?? maxBytes);
  return announced >= 0 && announced < maxBytes ? announced : maxBytes;
}
