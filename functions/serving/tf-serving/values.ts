/**
 * Values inside TF Serving's JSON, and what its requests share.
 */
import { fromBase64 } from '../../../shared/bytes.ts';
import { parseInstance } from '../../../shared/model/spec/input.ts';
import type { ServingSpec } from '../../../shared/model/spec/serving-spec.ts';
import { ok, type Result } from '../../../shared/result.ts';
import { type AppError, invalid } from '../../http/errors.ts';
import type { Example } from '../inference.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether parsed JSON is an object: neither null nor a list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `{"b64": "…"}` and nothing else: bytes, not a map of named inputs. */
export function isBase64Object(value: unknown): value is { readonly b64: string } {
  return isObject(value) && typeof value['b64'] === 'string' && hasOnly(value, 'b64');
}

/** Whether that key is all that the object has, as in `{"b64": …}`. */
export function hasOnly(object: JsonObject, key: string): boolean {
  const keys = Object.keys(object);
  return keys.length === 1 && keys[0] === key;
}

/** Bytes of a `b64` value; an error says where it stood, in TF Serving's words. */
export function decodeBase64(b64: string, where: string): Result<Uint8Array, AppError> {
  const bytes = fromBase64(b64);
  return bytes === null ? invalid(`${where}: unable to base64 decode`) : ok(bytes);
}

/** One example: numbers, values by name, or the bytes of an image. */
export function readExample(spec: ServingSpec, value: unknown, where: string): Result<Example, AppError> {
  if (isBase64Object(value) && spec.input.kind === 'image') {
    const bytes = decodeBase64(value.b64, where);
    return bytes.ok ? ok({ bytes: bytes.value, where }) : bytes;
  }
  const raw = parseInstance(spec.input, decodeStrings(spec, value), where, 'any');
  return raw.ok ? raw : invalid(raw.error);
}

/** Names of categories and dates may come as bytes; numbers never do. */
function decodeStrings(spec: ServingSpec, value: unknown): unknown {
  const { input } = spec;
  if (input.kind !== 'tabular' || input.features.every(({ type }) => type === 'number')) return value;
  if (Array.isArray(value)) return value.map(toText);
  if (!isObject(value) || isBase64Object(value)) return toText(value);
  return Object.fromEntries(Object.entries(value).map(([name, cell]) => [name, toText(cell)]));
}

function toText(value: unknown): unknown {
  if (Array.isArray(value) && value.length === 1) return toText(value[0]);
  const bytes = isBase64Object(value) ? fromBase64(value.b64) : null;
  return bytes === null ? value : new TextDecoder().decode(bytes);
}

/** @param values  what a request has one of for every example */
export function checkCount(
  values: { readonly length: number },
  where: string,
  max: number,
): Result<null, AppError> {
  const { length } = values;
  if (length === 0) return invalid(`${where}: expected at least one value, got none`);
  if (length > max) return invalid(`${where}: expected at most ${max}, got ${length}`);
  return ok(null);
}
