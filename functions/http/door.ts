/**
 * What a request passes before its route. What asks for work (POST under `/v1` and `/v2`) needs a key, stays within the
 * key's rate, takes one of the isolate's places before its body is read, and is answered within its time budget.
 * Reading, health and the operators' API are never held up here: a rollback must get through when nothing else does.
 */
import type { Admission } from './admission.ts';
import type { Ask, WorkFacts } from './ask.ts';
import type { Authenticator } from './auth.ts';
import { type SentAs, sentAs } from './body.ts';
import { SCOPES } from '../config.ts';
import type { Cors } from './cors.ts';
import type { AppError } from './errors.ts';
import { authorize, rawPath, toErrorResponse } from './http.ts';
import type { RateLimit } from './rate-limit.ts';
import type { KeepAlive } from './single-flight.ts';
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

/** What lies behind the door. */
export interface Rooms {
  /** `/v1` and `/v2` */
  serve(ask: Ask): Promise<Response>;
  /** everything else */
  show(request: Request, context: RequestContext): Response | Promise<Response>;
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

const INFERENCE = /^\/v[12](\/|$)/;
const WORK = /^\/v[12]\//;
const HEALTH = /^\/(healthz$|v2\/health\/)/;
const KEYS_UNREAD: AppError = { kind: 'overloaded', detail: 'the key can not be looked up now' };
const OVERLOADED: AppError = { kind: 'overloaded', detail: 'too many requests are under way here' };

export function createDoor(deps: DoorDeps, rooms: Rooms): App {
  const { authenticator, admission, rateLimit, cors, now, limits } = deps;

  /** A key that lies in the bucket is read when it first comes; nobody is refused because that can't be done now. */
  const learnKey = async (headers: Headers, path: string): Promise<Response | null> => {
    const learning = authenticator.learn(headers.get('authorization'));
    return learning === null || (await learning) ? null : toErrorResponse(path, KEYS_UNREAD);
  };

  const work = async (ask: Ask): Promise<Response> => {
    const { path, headers } = ask;
    const arrivedMs = now();
    if (admission.full()) return toErrorResponse(path, OVERLOADED);
    let caller = authorize(authenticator, ask, SCOPES);
    if (!caller.ok && caller.error.kind === 'unauthenticated') {
      const refused = await learnKey(headers, path);
      if (refused !== null) return refused;
      caller = authorize(authenticator, ask, SCOPES);
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
    const answer = answerInTurn({ ...ask, work: facts }, facts);
    // A client that goes away must not take a place with it.
    ask.keepAlive(answer);
    return answer;
  };

  const answerInTurn = async (ask: Ask, { caller, deadlineMs, timeoutMs }: WorkFacts): Promise<Response> => {
    const bytes = bodyBytes(ask.sent, limits.maxBodyBytes);
    const entered = admission.enter(caller.name, bytes, deadlineMs - now());
    const place = entered instanceof Promise ? await entered : entered;
    if (place === 'refused') return toErrorResponse(ask.path, OVERLOADED);
    if (place === 'late') return toErrorResponse(ask.path, timedOut(timeoutMs));
    const looking = admission.look();
    if (looking !== null) ask.keepAlive(looking);
    try {
      return await rooms.serve(ask);
    } finally {
      admission.leave(place);
    }
  };

  /** Routes that need a key ask for it themselves; a deployment without keys refuses everything but health. */
  const mayLook = (request: Request, path: string): Response | null => {
    if (authenticator.open || HEALTH.test(path)) return null;
    const refused = authorize(authenticator, request, SCOPES);
    return refused.ok ? null : toErrorResponse(path, refused.error);
  };

  const look = async (request: Request, path: string, context: RequestContext): Promise<Response> => {
    const refused = (await learnKey(request.headers, path)) ?? mayLook(request, path);
    if (refused !== null) return refused;
    const isServed = INFERENCE.test(path) && !HEALTH.test(path);
    return isServed ? rooms.serve(toAsk(request, path, context)) : rooms.show(request, context);
  };

  return {
    async fetch(request, context) {
      const preflight = cors.preflight(request);
      if (preflight !== null) return preflight;
      const path = rawPath(request.url);
      const isWork = request.method === 'POST' && WORK.test(path);
      const response = isWork ? work(toAsk(request, path, context)) : look(request, path, context);
      return cors.expose(request, await response);
    },
  };
}

function toAsk(request: Request, path: string, context: RequestContext): Ask {
  const { method, url, headers } = request;
  const keepAlive: KeepAlive = (left) => context.waitUntil(left);
  return { request, method, url, path, headers, sent: sentAs(headers), keepAlive, work: null };
}

function overRate(key: string): AppError {
  return { kind: 'over-rate', detail: `the key ${key} asks more often than this deployment allows` };
}

/** A body of unknown length, or of unknown length once it is decompressed, counts as the largest. */
function bodyBytes({ contentLength, contentEncoding }: SentAs, maxBytes: number): number {
  if (contentEncoding !== null) return maxBytes;
  const announced = Number(contentLength ?? maxBytes);
  return announced >= 0 && announced < maxBytes ? announced : maxBytes;
}
