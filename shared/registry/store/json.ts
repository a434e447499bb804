/**
 * JSON objects in a store, parsed by their schema at the edge of the system.
 */
import { type Check, findProblem } from '../../checks.ts';
import { err, ok, type Result } from '../../result.ts';
import type { ObjectStore, PutCondition, PutOutcome } from './store.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

export type ReadError =
  | { readonly kind: 'missing'; readonly key: string }
  | { readonly kind: 'unreadable'; readonly key: string; readonly detail: string };

/** What this needs of a schema, whichever half of zod it was written with. */
export interface Schema<T> {
  safeParse(
    value: unknown,
  ): { readonly success: true; readonly data: T } | { readonly success: false; readonly error: SchemaError };
}
export interface SchemaError {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}

export type Loaded<T> = { readonly value: T; readonly etag: string };

/** Reads one JSON object; `missing` when the key is not there, `unreadable` when it is not what the schema says. */
export async function loadJson<T>(
  store: ObjectStore,
  key: string,
  schema: Schema<T>,
): Promise<Result<Loaded<T>, ReadError>> {
  return load(store, key, (bytes) => parseJson(bytes, schema));
}

/** As `loadJson`, by a check in place of a schema: for what a first prediction waits for (checks.ts). */
export async function loadChecked<T>(
  store: ObjectStore,
  key: string,
  check: Check,
): Promise<Result<Loaded<T>, ReadError>> {
  return load(store, key, (bytes) => {
    const json = decodeJson(bytes);
    if (!json.ok) return json;
    const problem = findProblem(check, json.value);
    return problem === undefined ? ok(json.value as T) : err(problem);
  });
}

async function load<T>(
  store: ObjectStore,
  key: string,
  parse: (bytes: Uint8Array) => Result<T, string>,
): Promise<Result<Loaded<T>, ReadError>> {
  const object = await store.get(key);
  if (object === null) return err({ kind: 'missing', key });
  const parsed = parse(object.bytes);
  return parsed.ok
    ? ok({ value: parsed.value, etag: object.etag })
    : err({ kind: 'unreadable', key, detail: parsed.error });
}

/** Parses bytes as UTF-8 JSON of a schema; the error names every place that does not fit. */
export function parseJson<T>(bytes: Uint8Array, schema: Schema<T>): Result<T, string> {
  const json = decodeJson(bytes);
  if (!json.ok) return json;
  const parsed = schema.safeParse(json.value);
  return parsed.success ? ok(parsed.data) : err(describeIssues(parsed.error));
}

function decodeJson(bytes: Uint8Array): Result<unknown, string> {
  try {
    return ok(JSON.parse(decoder.decode(bytes)));
  } catch {
    return err('expected JSON in UTF-8');
  }
}

/** `training.epochs: expected a number >= 1; labels: expected an array`. */
export function describeIssues(error: SchemaError): string {
  return error.issues
    .map((issue) => `${issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''}${inOurWords(issue.message)}`)
    .join('; ');
}

/** Zod's `Invalid input: expected number, received undefined` as `expected number, got nothing`. */
function inOurWords(message: string): string {
  return message
    .replace(/^(Invalid input|Invalid option|Too (small|big)): /, '')
    .replace(/, received undefined$/, ', got nothing')
    .replace(/, received (\S+)$/, ', got $1');
}

/** Writes one JSON object, indented: people read the bucket at 3 a.m. */
export function putJson(
  store: ObjectStore,
  key: string,
  value: unknown,
  condition?: PutCondition,
): Promise<PutOutcome> {
  return store.put(key, encodeJson(value), condition);
}

/** JSON in UTF-8, indented by two and with a line end: what a person may open, and what digests are taken of. */
export function encodeJson(value: unknown): Uint8Array {
  return encoder.encode(`${JSON.stringify(value, null, 2)}\n`);
}

/** One line, for files that machines read and that hold long lists of numbers. */
export function encodeCompactJson(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/** One sentence for a person. */
export function describeReadError(error: ReadError): string {
  return error.kind === 'missing' ? `${error.key} is not there` : `${error.key}: ${error.detail}`;
}
