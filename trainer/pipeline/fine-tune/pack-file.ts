/**
 * Training examples as bytes: one column after the other, of 4-byte numbers, behind a SHA-256 of the rest.
 *
 * A pack is written and read as a whole; what is scattered on the way to packs is read in segments, each of which is
 * sealed like a pack of its own.
 */
import { hashLarge } from '../../../shared/digest.ts';
import type { Teacher, Dataset } from '../../training/dataset.ts';

/** What an example is made of. */
export interface RowShape {
  readonly task: 'classification' | 'regression';
  /** Numbers the model reads of it. */
  readonly size: number;
  /** Numbers the model answers. */
  readonly outputs: number;
  /** Whether it counts other than once. */
  readonly weighted: boolean;
  /** Whether a teacher's answers stand beside it. */
  readonly taught: boolean;
}

const DIGEST_BYTES = 32;
const NUMBER_BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Of so many examples; nothing for none. */
export function packBytes(shape: RowShape, rows: number): number {
  return rows === 0 ? 0 : DIGEST_BYTES + NUMBER_BYTES * rows * numbersOf(shape);
}

function numbersOf({ size, outputs, weighted, taught }: RowShape): number {
  return size + 1 + (weighted ? 1 : 0) + (taught ? outputs + 1 : 0);
}

export interface OpenPack {
  readonly bytes: Uint8Array;
  /** Views of the bytes. */
  readonly set: Dataset;
}

/** Room for so many examples, to be filled by `copyRows` and then sealed. */
export function createPack(shape: RowShape, rows: number): OpenPack {
  const bytes = new Uint8Array(DIGEST_BYTES + NUMBER_BYTES * rows * numbersOf(shape));
  return { bytes, set: viewSet(bytes, shape, rows) };
}

/** Writes the digest in front, in place. */
export async function sealPack({ bytes }: OpenPack): Promise<Uint8Array> {
  bytes.set(await hashLarge(bytes.subarray(DIGEST_BYTES)));
  return bytes;
}

/** The examples, as views of the bytes where they are aligned; null when the bytes are not what was sealed. */
export async function openPack(bytes: Uint8Array, shape: RowShape, rows: number): Promise<Dataset | null> {
  if (rows === 0 || bytes.length !== packBytes(shape, rows)) return null;
  const digest = await hashLarge(bytes.subarray(DIGEST_BYTES));
  if (!digest.every((byte, i) => byte === bytes[i])) return null;
  // Not by `slice`, which a Node Buffer overrides to share memory.
  return viewSet(bytes.byteOffset % NUMBER_BYTES === 0 ? bytes : new Uint8Array(bytes), shape, rows);
}

function viewSet(bytes: Uint8Array, shape: RowShape, rows: number): Dataset {
  let at = bytes.byteOffset + DIGEST_BYTES;
  const floats = (length: number): Float32Array => {
    const column = new Float32Array(bytes.buffer, at, length);
    at += column.byteLength;
    return column;
  };
  const features = floats(rows * shape.size);
  const label = floats(rows);
  const labels =
    shape.task === 'classification' ? new Int32Array(label.buffer, label.byteOffset, rows) : label;
  const weights = shape.weighted ? { weights: floats(rows) } : {};
  const teacher = shape.taught
    ? { teacher: { outputs: floats(rows * shape.outputs), weights: floats(rows) } }
    : {};
  return { features, labels, ...weights, ...teacher };
}

/**
 * @param rows  which of `from`
 * @param to    of the same shape, with room from row `at` on
 */
export function copyRows(from: Dataset, rows: Int32Array, to: Dataset, at: number): void {
  const size = from.features.length / from.labels.length;
  const outputs = (from.teacher?.outputs.length ?? 0) / from.labels.length;
  for (const [i, row] of rows.entries()) {
    const target = at + i;
    to.features.set(from.features.subarray(row * size, (row + 1) * size), target * size);
    to.labels[target] = from.labels[row] as number;
    if (to.weights) to.weights[target] = from.weights?.[row] ?? 1;
    if (to.teacher) copyAnswer(from.teacher as Teacher, row, to.teacher, target, outputs);
  }
}

function copyAnswer(from: Teacher, row: number, to: Teacher, target: number, outputs: number): void {
  to.outputs.set(from.outputs.subarray(row * outputs, (row + 1) * outputs), target * outputs);
  to.weights[target] = from.weights[row] as number;
}

/** All of `from`, which has the same shape. */
export function copyAll(from: Dataset, to: Dataset, at: number): void {
  copyRows(
    from,
    Int32Array.from(from.labels, (_, row) => row),
    to,
    at,
  );
}
