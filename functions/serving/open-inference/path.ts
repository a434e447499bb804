/**
 * The paths of the Open Inference Protocol (specification/protocol/inference_rest.md). Segments are matched as they were
 * sent and decoded after.
 */
import { err, ok, type Result } from '../../../shared/result.ts';
import type { AppError } from '../../http/errors.ts';
import { decodeSegment, type ModelRef, toVersion } from '../inference-http.ts';

export type Route =
  | { readonly kind: 'server' }
  | { readonly kind: 'models' }
  | { readonly kind: 'index' }
  | { readonly kind: 'metadata' | 'config' | 'ready' | 'infer'; readonly target: ModelRef };

const MODEL = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(?:\/(ready|infer|config))?$/;
/** Triton's statistics, of all models or of one. */
const STATS = /^\/v2\/models(\/[^/]+(\/versions\/[^/]+)?)?\/stats$/;

const NO_STATS =
  'there are no statistics: a deployment is many isolates, and none counts for the others; predictions are in the log';

/** @param path  as it was sent */
export function parseRoute(method: string, path: string): Result<Route, AppError> {
  const call = parsePath(path);
  if (STATS.test(path)) return err({ kind: 'not-found', detail: NO_STATS });
  if (call === null) return err({ kind: 'not-found', detail: `there is no ${method} ${path.slice(0, 200)}` });
  if (!call.ok) return call;
  const expected = call.value.kind === 'infer' || call.value.kind === 'index' ? 'POST' : 'GET';
  if (method === expected || (method === 'HEAD' && expected === 'GET')) return call;
  const detail = `expected ${expected} for ${path.slice(0, 200)}, got ${method}`;
  return err({ kind: 'method-not-allowed', detail });
}

function parsePath(path: string): Result<Route, AppError> | null {
  if (path === '/v2' || path === '/v2/') return ok({ kind: 'server' });
  if (path === '/v2/repository/index') return ok({ kind: 'index' });
  if (path === '/v2/models' || path === '/v2/models/') return ok({ kind: 'models' });
  const match = MODEL.exec(path);
  const model = decodeSegment(match?.[1] ?? '');
  const digits = decodeSegment(match?.[2] ?? '');
  if (match === null || model === null || digits === null) return null;
  const kind = (match[3] ?? 'metadata') as 'metadata' | 'config' | 'ready' | 'infer';
  if (digits === '') return ok({ kind, target: { model, version: null } });
  const version = toVersion(model, digits);
  return version.ok ? ok({ kind, target: { model, version: version.value } }) : version;
}
