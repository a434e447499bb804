/**
 * JSON from anywhere, before anything is known of it.
 */
export type Json = Readonly<Record<string, unknown>>;

/** Whether parsed JSON is an object: neither null nor a list. */
export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
