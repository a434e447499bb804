/**
 * Raw inputs as they are stored: pixels that are whole numbers as bytes, everything else as float32. Equal numbers are
 * stored as equal bytes (-0 becomes 0, and all that is no number the same), because their digest decides which side of the split they are on.
 * Large ones are objects of their own under `inputs/`, by content, so a picture sent twice is stored once.
 */
import { bytesToFloats, floatBytes, fromBase64, toBase64 } from '../bytes.ts';
import { keys } from '../registry/store/keys.ts';
import type { ObjectStore } from '../registry/store/store.ts';
import { err, ok, type Result } from '../result.ts';
import { digestInput, digestLargeInput } from './input-digest.ts';
import type { StoredInput } from './schema.ts';

/** Above this an input is an object of its own: a batch of events stays small enough to be read in one piece. */
const MAX_INLINE_BYTES = 16_384;

/** Of the many float32 that are no number, the one that is stored: a value that is missing. */
const NO_NUMBER = 0x7fc00000;

/** The stored form of raw numbers, with the bytes inside. */
export function storeInline(raw: Float32Array): StoredInput & { readonly base64: string } {
  const { type, bytes } = pack(raw);
  return { type, digest: digestInput(type, bytes), base64: toBase64(bytes) };
}

/** What `storeInput` calls an input by, without storing it. */
export function digestOf(raw: Float32Array): string {
  const { type, bytes } = pack(raw);
  return digestInput(type, bytes);
}

/** Whether an input is small enough to lie in its event. */
export function fitsInline(raw: Float32Array): boolean {
  return raw.byteLength <= MAX_INLINE_BYTES;
}

/** As `storeInline`, for who leaves the digest to the reader. */
export function packInline(raw: Float32Array): {
  readonly type: StoredInput['type'];
  readonly base64: string;
} {
  const { type, bytes } = pack(raw);
  return { type, base64: toBase64(bytes) };
}

/** As `storeInline`, but puts large inputs under `inputs/` first. Repeating it changes nothing. */
export async function storeInput(store: ObjectStore, model: string, raw: Float32Array): Promise<StoredInput> {
  const { type, bytes } = pack(raw);
  const digest = digestInput(type, bytes);
  if (bytes.byteLength <= MAX_INLINE_BYTES) return { type, digest, base64: toBase64(bytes) };
  await store.put(keys.input(model, digest), bytes, { absent: true });
  return { type, digest };
}

/**
 * Raw numbers of a stored input.
 *
 * @param size  how many numbers the spec's input has
 * @returns an error when the bytes are missing, altered or of another size
 */
export async function loadInput(
  store: ObjectStore,
  model: string,
  input: StoredInput,
  size: number,
): Promise<Result<Float32Array, string>> {
  const opened = await openInput(input, await fetchInput(store, model, input), size);
  return opened.ok ? ok(numbersOf(opened.value)) : opened;
}

/** The bytes of an input that is an object of its own; undefined where they lie inside, or are not there. */
export async function fetchInput(
  store: ObjectStore,
  model: string,
  input: StoredInput,
): Promise<Uint8Array | undefined> {
  if (input.base64 !== undefined) return undefined;
  return (await store.get(keys.input(model, input.digest)))?.bytes;
}

/** The bytes of a stored input, found to be those that were stored. */
export interface OpenInput {
  readonly type: StoredInput['type'];
  readonly bytes: Uint8Array;
}

/** As `loadInput`, for who has fetched the bytes and reads them as they are. */
export async function openInput(
  input: StoredInput,
  fetched: Uint8Array | undefined,
  size: number,
): Promise<Result<OpenInput, string>> {
  const { type } = input;
  const bytes = input.base64 === undefined ? fetched : fromBase64(input.base64);
  if (bytes === undefined || bytes === null) return err(`input ${input.digest} is not there`);
  const digest =
    bytes.byteLength > MAX_INLINE_BYTES ? await digestLargeInput(type, bytes) : digestInput(type, bytes);
  if (digest !== input.digest) return err(`input ${input.digest} was altered`);
  const length = type === 'u8' ? bytes.byteLength : bytes.byteLength / 4;
  if (length !== size) return err(`input ${input.digest}: expected ${size} numbers, got ${length}`);
  return ok({ type, bytes });
}

/** Raw numbers, as they were before they were stored. */
export function numbersOf({ type, bytes }: OpenInput): Float32Array {
  return type === 'u8' ? new Float32Array(bytes) : bytesToFloats(bytes);
}

function pack(raw: Float32Array): { type: StoredInput['type']; bytes: Uint8Array } {
  if (isBytes(raw)) return { type: 'u8', bytes: Uint8Array.from(raw) };
  const positive = new Float32Array(raw.length);
  for (let i = 0; i < raw.length; i++) positive[i] = (raw[i] as number) + 0;
  const bits = new Uint32Array(positive.buffer);
  for (let i = 0; i < raw.length; i++) if (raw[i] !== raw[i]) bits[i] = NO_NUMBER;
  return { type: 'f32', bytes: floatBytes(positive) };
}

function isBytes(raw: Float32Array): boolean {
  // By index: an iterator makes an object for every number.
  for (let i = 0; i < raw.length; i++) {
    const value = raw[i] as number;
    if (!Number.isInteger(value) || value < 0 || value > 255) return false;
  }
  return true;
}
