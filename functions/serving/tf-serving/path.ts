/**
 * The paths of TF Serving's REST API (tensorflow_serving/model_servers/http_rest_api_util.cc), and `:feedback` beside
 * them. Segments are matched as they were sent and decoded after, so an encoded slash or colon is part of a name.
 */
import { ok, type Result } from '../../../shared/result.ts';
import { type AppError, invalid } from '../../http/errors.ts';
import { decodeSegment, type ModelRef, toVersion } from '../inference-http.ts';

export type Verb = 'predict' | 'classify' | 'regress';

export type Route =
  | { readonly kind: 'infer'; readonly verb: Verb; readonly target: ModelRef }
  | { readonly kind: 'feedback'; readonly model: string }
  | { readonly kind: 'status'; readonly target: ModelRef }
  | { readonly kind: 'metadata'; readonly target: ModelRef };

const VERSION = String.raw`(?:/versions/(\d+)|/labels/([^/:]+))?`;
const INFER = new RegExp(String.raw`^/v1/models/([^/:]+)${VERSION}:(classify|regress|predict)$`);
const FEEDBACK = /^\/v1\/models\/([^/:]+):feedback$/;
const SHOW = new RegExp(String.raw`^/v1/models(?:/([^/:]+))?${VERSION}(?:/(metadata))?$`);

/** The one alias of the registry; a label of TF Serving is its word for it. */
const CHAMPION = 'champion';
const MAX_INT64 = 2n ** 63n - 1n;

/** @param path  as it was sent */
export function parseRoute(method: string, path: string): Result<Route, AppError> {
  if (method === 'POST') return parsePost(path) ?? malformed(method, path);
  if (method === 'GET' || method === 'HEAD') return parseGet(path) ?? malformed(method, path);
  return malformed(method, path);
}

function parsePost(path: string): Result<Route, AppError> | null {
  const inference = INFER.exec(path);
  if (inference !== null) {
    const target = parseTarget(inference);
    return target?.ok === true
      ? ok({ kind: 'infer', verb: inference[4] as Verb, target: target.value })
      : target;
  }
  const model = decodeSegment(FEEDBACK.exec(path)?.[1] ?? '');
  return model === null || model === '' ? null : ok({ kind: 'feedback', model });
}

function parseGet(path: string): Result<Route, AppError> | null {
  const shown = SHOW.exec(path);
  if (shown === null) return null;
  if (shown[1] === undefined) return invalid('Missing model name in request.');
  const target = parseTarget(shown);
  if (target?.ok !== true) return target;
  return ok({ kind: shown[4] === undefined ? 'status' : 'metadata', target: target.value });
}

/** @returns null when the encoding is broken */
function parseTarget([, name, digits, label]: RegExpExecArray): Result<ModelRef, AppError> | null {
  const model = decodeSegment(name ?? '');
  const alias = decodeSegment(label ?? CHAMPION);
  if (model === null || alias === null) return null;
  if (alias !== CHAMPION) {
    return invalid(`Unrecognized servable version label: ${alias.slice(0, 80)}; there is ${CHAMPION}`);
  }
  if (digits === undefined) return ok({ model, version: null });
  if (BigInt(digits) > MAX_INT64) {
    return invalid(`Failed to convert version: ${digits.slice(0, 80)} to numeric.`);
  }
  const version = toVersion(model, digits);
  return version.ok ? ok({ model, version: version.value }) : version;
}

function malformed(method: string, path: string): Result<Route, AppError> {
  return invalid(`Malformed request: ${method} ${path.slice(0, 200)}`);
}
