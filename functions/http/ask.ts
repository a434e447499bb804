/**
 * A request under `/v1` or `/v2`, as everything behind the door is told about it. Each of the platform's objects and
 * texts is asked for once a request: a request's URL and headers are made anew whenever they are read, and that costs
 * more than routing does.
 */
import { err, ok, type Result } from '../../shared/result.ts';
import type { Caller } from './auth.ts';
import type { SentAs } from './body.ts';
import type { AppError } from './errors.ts';
import { toErrorResponse } from './http.ts';
import type { KeepAlive } from './single-flight.ts';
import { settleWithin, timedOut } from './time-budget.ts';

export interface Ask {
  readonly request: Request;
  readonly method: string;
  readonly url: string;
  /** as the client wrote it, percent-encoding and all */
  readonly path: string;
  readonly headers: Headers;
  readonly sent: SentAs;
  /** Keeps the request's work going after the response. */
  readonly keepAlive: KeepAlive;
  /** What the door found out about who asks for work; null for who only looks. */
  readonly work: WorkFacts | null;
}

export interface WorkFacts {
  readonly caller: Caller;
  /** When nobody waits for the answer any longer, in milliseconds since the epoch. */
  readonly deadlineMs: number;
  readonly timeoutMs: number;
}

/** Answers what is asked under a protocol's prefix. */
export type Serve = (ask: Ask) => Response | Promise<Response>;

export function refuse(ask: Ask, error: AppError): Response {
  return toErrorResponse(ask.path, error);
}

type Refusal = { readonly ok: false; readonly error: AppError };

/**
 * What work resolves to, as long as somebody waits for it; `timed-out` afterwards, while the work itself goes on. What is
 * there already costs no timer. Who only looks is not hurried.
 */
export function inTime<T>(
  { work: facts }: Ask,
  nowMs: number,
  work: T | Promise<T>,
): T | Promise<T | Refusal> {
  if (!(work instanceof Promise) || facts === null) return work;
  const { deadlineMs, timeoutMs } = facts;
  return settleWithin<T | Refusal>(work, deadlineMs - nowMs, () => err(timedOut(timeoutMs)));
}

/** An error once nobody waits for the answer any longer: nothing is computed or logged for nobody. */
export function checkDeadline({ work }: Ask, nowMs: number): Result<null, AppError> {
  return work === null || nowMs < work.deadlineMs ? ok(null) : err(timedOut(work.timeoutMs));
}
