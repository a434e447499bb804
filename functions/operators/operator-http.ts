/**
 * What the operators' routes share: who acts, bodies by schema, and results as responses.
 */
import type { Context, Hono } from 'hono';
import * as z from '../../shared/zod.ts';
import { describeIssues, type Schema } from '../../shared/registry/store/json.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { Caller } from '../http/auth.ts';
import { readJson } from '../http/body.ts';
import type { AppDeps } from '../deps.ts';
import { type AppError, invalid } from '../http/errors.ts';
import { errorResponse } from '../http/http.ts';

type Env = { Variables: { caller: Caller } };
export type OperatorApp = Hono<Env>;
export type OperatorContext = Context<Env>;

/** A value as JSON, or what is wrong. */
export function respond(
  c: OperatorContext,
  result: Result<object, AppError>,
  status: 200 | 202 = 200,
): Response {
  return result.ok ? c.json(result.value, status) : errorResponse(c, result.error);
}

/** A body by its schema; an empty body counts as `{}`. */
export async function readBody<T>(
  c: OperatorContext,
  deps: AppDeps,
  schema: Schema<T>,
): Promise<Result<T, AppError>> {
  const empty = c.req.raw.body === null || c.req.header('content-length') === '0';
  const body = empty ? ok({}) : await readJson(c.req.raw, deps.limits.maxBodyBytes);
  if (!body.ok) return body;
  const parsed = schema.safeParse(body.value);
  return parsed.success ? ok(parsed.data) : invalid(describeIssues(parsed.error));
}

/** Of a body: whom the caller acts for. */
export const byField = z.optional(z.string().check(z.minLength(1), z.maxLength(128)));

/** Who acts: the key's name, and whom it acts for where it says so. */
export function actorOf(c: OperatorContext, by: string | undefined): string {
  const key = c.get('caller').name;
  return by === undefined ? key : `${by} (${key})`;
}

/** A report is a page of its own: it may style itself, and neither load nor run anything. */
const REPORT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** A stored report, as JSON or as a page. */
export function pageResponse(c: OperatorContext, bytes: Uint8Array, type: string): Response {
  const headers = { 'Content-Type': type, 'Content-Security-Policy': REPORT_POLICY };
  return c.body(bytes as Uint8Array<ArrayBuffer>, 200, headers);
}
