/**
 * Values on their way out, and JSON on its way in.
 */

/** Bytes of an encoded image. */
export type Bytes = Blob | ArrayBuffer | Uint8Array;
/** Numbers that are sent as a list. */
export type Numbers = Float32Array | Float64Array | Int32Array;

/** null: a value that is missing, where the model lets it be. */
export type Value = number | string | boolean | null | Bytes | Numbers | readonly Value[];
/** A list in the order of the features, an object by feature name, an image, or a bare value. */
export type Instance = Value | { readonly [feature: string]: Value };

/** Images as `{"b64"}`, typed arrays as lists, at the top of an instance and one level below; deeper lists as they are. */
export async function encodeInstance(instance: Instance): Promise<unknown> {
  if (!isPlainObject(instance)) return encodeValue(instance);
  const entries = Object.entries(instance).map(async ([name, value]) => [name, await encodeValue(value)]);
  return Object.fromEntries((await Promise.all(entries)) as [string, unknown][]);
}

async function encodeValue(value: Value): Promise<unknown> {
  if (value instanceof Blob) return { b64: toBase64(new Uint8Array(await value.arrayBuffer())) };
  if (value instanceof ArrayBuffer) return { b64: toBase64(new Uint8Array(value)) };
  if (value instanceof Uint8Array) return { b64: toBase64(value) };
  return ArrayBuffer.isView(value) ? [...value] : value;
}

function isPlainObject(instance: Instance): instance is { readonly [feature: string]: Value } {
  const isBytes = instance instanceof Blob || instance instanceof ArrayBuffer || ArrayBuffer.isView(instance);
  return typeof instance === 'object' && instance !== null && !Array.isArray(instance) && !isBytes;
}

/** So many arguments a call takes everywhere. */
const CHUNK = 0x8000;

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(text);
}

/** A string of JSON, or one of the bare tokens that answers may hold. */
const STRING_OR_TOKEN = /"(?:[^"\\]|\\.)*"|-?(?:NaN|Infinity)/g;
/** No JSON number means NaN. Labels are the only strings in answers, and none of them begins so. */
const TOKEN = '\u0000';

/** JSON with bare NaN, Infinity and -Infinity, as TensorFlow Serving writes them. */
export function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const spelled = text.replaceAll(STRING_OR_TOKEN, (found) =>
      found.startsWith('"') ? found : JSON.stringify(TOKEN + found),
    );
    return JSON.parse(spelled, (_, value: unknown) =>
      typeof value === 'string' && value.startsWith(TOKEN) ? Number(value.slice(1)) : value,
    );
  }
}
