/**
 * A request under `/v1` or `/v2`, as every handler is given it. Each of the platform's objects and
 * texts is asked for once a request: a request's URL and headers are made anew whenever they are read, and that costs
 * more than routing does.
 */
import { err, ok, type Result } from '../../shared/result.ts';
import type { Caller } from './auth.ts';
import type { BodyHeaders } from './body.ts';
import type { AppError } from './errors.ts';
import { toErrorResponse } from './http.ts';
import type { KeepAlive } from './single-flight.ts';
import { settleWithin, timedOut } from './time-budget.ts';

export interface RequestContext {
  readonly request: Request;
  readonly method: string;
  readonly url: string;
  /** as the client wrote it, percent-encoding and all */
  readonly path: string;
  readonly headers: Headers;
  readonly bodyHeaders: BodyHeaders;
  /** Keeps the request's work going after the response. */
  readonly keepAlive: KeepAlive;
  /** Who calls and until when, of a call that was admitted (`middleware.ts`); null for one that only reads. */
  readonly call: AdmittedCall | null;
}

export interface AdmittedCall {
  readonly caller: Caller;
  /** When nobody waits for the answer any longer, in milliseconds since the epoch. */
  readonly deadlineMs: number;
  readonly timeoutMs: number;
}

/** Answers requests under a protocol's prefix. */
export type Handler = (context: RequestContext) => Response | Promise<Response>;

/** An error as the protocol of the request's path words it. */
export function refuse(context: RequestContext, error: AppError): Response {
  return toErrorResponse(context.path, error);
}

type Refusal = { readonly ok: false; readonly error: AppError };

/**
 * What work resolves to, as long as somebody waits for it; `timed-out` afterwards, while the work itself goes on. What is
 * there already costs no timer. What only reads has no deadline.
 */
export function withDeadline<T>(
  { call }: RequestContext,
  nowMs: number,
  work: T | Promise<T>,
): T | Promise<T | Refusal> {
  if (!(work instanceof Promise) || call === null) return work;
  const { deadlineMs, timeoutMs } = call;
  return settleWithin<T | Refusal>(work, deadlineMs - nowMs, () => err(timedOut(timeoutMs)));
}

/** An error once nobody waits for the answer any longer: nothing is computed or logged for nobody. */
export function checkDeadline({ call }: RequestContext, nowMs: number): Result<null, AppError> {
  return call === null || nowMs < call.deadlineMs ? ok(null) : err(timedOut(call.timeoutMs));
}
