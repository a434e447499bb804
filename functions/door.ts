/**
 * What a request passes before its route. What asks for work (POST under `/v1` and `/v2`) needs a key, stays within the
 * key's rate, takes one of the isolate's places before its body is read, and is answered within its time budget.
 * Reading, health and the operators' API are never held up here: a rollback must get through when nothing else does.
 */
import type { Hono } from 'hono';
import type { Admission } from './admission.ts';
import type { Authenticator, Caller } from './auth.ts';
import { SCOPES } from './config.ts';
import type { Cors } from './cors.ts';
import type { AppError } from './errors.ts';
import { authorize, rawPath, toErrorResponse } from './http.ts';
import type { RateLimit } from './rate-limit.ts';
import { parseTimeout, TIMEOUT_HEADER, timedOut } from './time-budget.ts';

/** What this needs of a Worker's `ExecutionContext`. */
export interface RequestContext {
  waitUntil(work: Promise<unknown>): void;
  passThroughOnException(): void;
  readonly props: unknown;
}

export interface App {
  fetch(request: Request, context: RequestContext): Promise<Response>;
}

/** What the routes are told about a request: `c.env`. */
export interface RequestFacts {
  readonly caller: Caller;
  /** When nobody waits for the answer any longer, in milliseconds since the epoch. */
  readonly deadlineMs: number;
  readonly timeoutMs: number;
}

export interface DoorDeps {
  readonly authenticator: Authenticator;
  readonly admission: Admission;
  /** null: this deployment has no limiter bound. */
  readonly rateLimit: RateLimit | null;
  readonly cors: Cors;
  readonly now: () => number;
  readonly limits: { readonly maxBodyBytes: number; readonly timeoutMs: number };
}

const HEALTH = /^\/(healthz$|v2\/health\/)/;
const WORK = /^\/v[12]\//;
const OVERLOADED: AppError = { kind: 'overloaded', detail: 'too many requests are under way here' };

export function createDoor(deps: DoorDeps, routes: Hono): App {
  const { authenticator, admission, rateLimit, cors, now, limits } = deps;

  const work = async (request: Request, path: string, context: RequestContext): Promise<Response> => {
    const arrivedMs = now();
    if (admission.full()) return toErrorResponse(path, OVERLOADED);
    const caller = authorize(authenticator, request, SCOPES);
    if (!caller.ok) return toErrorResponse(path, caller.error);
    const timeout = parseTimeout(request.headers.get(TIMEOUT_HEADER), limits.timeoutMs);
    if (!timeout.ok) return toErrorResponse(path, timeout.error);
    if (rateLimit !== null && !(await rateLimit(caller.value.name))) {
      return toErrorResponse(path, overRate(caller.value.name));
    }
    const facts = {
      caller: caller.value,
      deadlineMs: arrivedMs + timeout.value,
      timeoutMs: timeout.value,
    };
    const answer = answerInTurn(request, path, context, facts);
    // A client that goes away must not take a place with it.
    context.waitUntil(answer);
    return answer;
  };

  /** Routes that need a key ask for it themselves; a deployment without keys refuses everything but health. */
  const look = (request: Request, path: string, context: RequestContext): Response | Promise<Response> => {
    if (authenticator.open || HEALTH.test(path)) return routes.fetch(request, {}, context);
    const refused = authorize(authenticator, request, SCOPES);
    return refused.ok ? routes.fetch(request, {}, context) : toErrorResponse(path, refused.error);
  };

  const answerInTurn = async (
    request: Request,
    path: string,
    context: RequestContext,
    facts: RequestFacts,
  ): Promise<Response> => {
    const bytes = bodyBytes(request, limits.maxBodyBytes);
    const entered = admission.enter(bytes, facts.deadlineMs - now());
    const place = entered instanceof Promise ? await entered : entered;
    if (place === 'refused') return toErrorResponse(path, OVERLOADED);
    if (place === 'late') return toErrorResponse(path, timedOut(facts.timeoutMs));
    try {
      return await routes.fetch(request, facts, context);
    } finally {
      admission.leave(place);
    }
  };

  return {
    async fetch(request, context) {
      const preflight = cors.preflight(request);
      if (preflight !== null) return preflight;
      const path = rawPath(request.url);
      const isWork = request.method === 'POST' && WORK.test(path);
      const response = isWork ? work(request, path, context) : look(request, path, context);
      return cors.expose(request, await response);
    },
  };
}

function overRate(key: string): AppError {
  return { kind: 'over-rate', detail: `the key ${key} asks more often than this deployment allows` };
}

/** A body of unknown length, or of unknown length once it is decompressed, counts as the largest. */
function bodyBytes(request: Request, maxBytes: number): number {
  if (request.headers.has('content-encoding')) return maxBytes;
  const announced = Number(request.headers.get('content-length') ?? maxBytes);
  return announced >= 0 && announced < maxBytes ? announced : maxBytes;
}
