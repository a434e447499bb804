/**
 * A training between two epochs, as bytes: a SHA-256 of the rest, the length of the course, the course as JSON, the
 * model's state, the best weights.
 */
import { bytesToFloats, floatBytes } from '../../shared/bytes.ts';
import { sha256 } from '../../shared/digest.ts';
import { type Course, courseSchema } from './course.ts';

export interface Checkpoint {
  readonly course: Course;
  /** `Trainable.readState` */
  readonly state: Uint8Array;
  /** `Trainable.readWeights` of the best epoch */
  readonly best: Float32Array;
}

const DIGEST_BYTES = 32;
/** Lengths of the course and of the state. */
const HEADER_BYTES = 8;

export function sealCheckpoint({ course, state, best }: Checkpoint): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(JSON.stringify(course));
  const parts = [json, state, floatBytes(best)];
  const size = parts.reduce((sum, part) => sum + part.length, DIGEST_BYTES + HEADER_BYTES);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(DIGEST_BYTES, json.length, true);
  view.setUint32(DIGEST_BYTES + 4, state.length, true);
  let at = DIGEST_BYTES + HEADER_BYTES;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  bytes.set(sha256(bytes.subarray(DIGEST_BYTES)));
  return bytes;
}

/** The checkpoint, or null when the bytes are not what was sealed. */
export function openCheckpoint(bytes: Uint8Array): Checkpoint | null {
  if (bytes.length < DIGEST_BYTES + HEADER_BYTES) return null;
  const digest = sha256(bytes.subarray(DIGEST_BYTES));
  if (!digest.every((byte, i) => byte === bytes[i])) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const start = DIGEST_BYTES + HEADER_BYTES;
  const stateAt = start + view.getUint32(DIGEST_BYTES, true);
  const bestAt = stateAt + view.getUint32(DIGEST_BYTES + 4, true);
  const json: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(start, stateAt)));
  return {
    course: courseSchema.parse(json),
    // Not by `slice`, which a Node Buffer overrides to share memory.
    state: new Uint8Array(bytes.subarray(stateAt, bestAt)),
    best: bytesToFloats(bytes.subarray(bestAt)),
  };
}
