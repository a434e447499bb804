/**
 * The paths of the Open Inference Protocol (specification/protocol/inference_rest.md). Segments are matched as they were
 * sent and decoded after.
 */
import { err, ok, type Result } from '../../../shared/result.ts';
import type { AppError } from '../../http/errors.ts';
import { decodeSegment, type Target, toVersion } from '../inference-http.ts';

export type Call =
  | { readonly kind: 'server' }
  | { readonly kind: 'models' }
  | { readonly kind: 'metadata' | 'ready' | 'infer'; readonly target: Target };

const MODEL = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(?:\/(ready|infer))?$/;

/** @param path  as it was sent */
export function parseCall(method: string, path: string): Result<Call, AppError> {
  const call = parsePath(path);
  if (call === null) return err({ kind: 'not-found', detail: `there is no ${method} ${path.slice(0, 200)}` });
  if (!call.ok) return call;
  const expected = call.value.kind === 'infer' ? 'POST' : 'GET';
  if (method === expected || (method === 'HEAD' && expected === 'GET')) return call;
  const detail = `expected ${expected} for ${path.slice(0, 200)}, got ${method}`;
  return err({ kind: 'method-not-allowed', detail });
}

function parsePath(path: string): Result<Call, AppError> | null {
  if (path === '/v2' || path === '/v2/') return ok({ kind: 'server' });
  if (path === '/v2/models' || path === '/v2/models/') return ok({ kind: 'models' });
  const match = MODEL.exec(path);
  const model = decodeSegment(match?.[1] ?? '');
  const digits = decodeSegment(match?.[2] ?? '');
  if (match === null || model === null || digits === null) return null;
  const kind = (match[3] ?? 'metadata') as 'metadata' | 'ready' | 'infer';
  if (digits === '') return ok({ kind, target: { model, version: null } });
  const version = toVersion(model, digits);
  return version.ok ? ok({ kind, target: { model, version: version.value } }) : version;
}
