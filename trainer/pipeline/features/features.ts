/**
 * What heads are trained and judged on: the examples of a snapshot, as their raw inputs, or as the frozen base's
 * features of them, which step 3 has stored (`store-features.ts`).
 */
import { bytesToFloats, floatBytes, joinFloats } from '../../../shared/bytes.ts';
import { hashLarge, sha256 } from '../../../shared/digest.ts';
import type { LabelledExample } from '../data/history/join.ts';
import { loadInput } from '../../../shared/events/stored-input.ts';
import { rawSize } from '../../../shared/model/spec/input.ts';
import { createFeatureReader } from '../../../shared/model/run/predictor.ts';
import type { Constants } from '../../../shared/registry/versions/manifest.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import type { RunData } from '../../run/context.ts';
import { loadShard, type ShardRef, shardsOf, type Snapshot } from '../data/snapshot-file.ts';
import { RunFailure } from '../../run-failure.ts';

/** Examples' raw inputs, each [rawSize]; one that is missing or altered fails the run by name. */
export async function readRows(
  { store, run, spec }: RunData,
  examples: readonly LabelledExample[],
): Promise<Float32Array[]> {
  const size = rawSize(spec.input);
  return Promise.all(
    examples.map(async ({ id, input }) => {
      const raw = await loadInput(store, run.model, input, size);
      if (!raw.ok) throw new RunFailure(`example ${id}: ${raw.error}`);
      return raw.value;
    }),
  );
}

export interface Examples {
  readonly ids: readonly string[];
  /** class ids, or targets, [n] */
  readonly labels: Float64Array;
  /** raw inputs where there is no base, features where there is (see `featuresOf`), [n, size] */
  readonly values: Float32Array;
  readonly size: number;
  /** Where they were read. */
  readonly source?: { readonly snapshot: Snapshot; readonly positions: readonly number[] };
}

/** The same examples, by another base. */
export function readAgain(ctx: RunData, { source }: Examples): Promise<Examples> {
  if (source === undefined) throw new Error('expected examples of a snapshot');
  return readExamples(ctx, source.snapshot, source.positions);
}

/**
 * Reads the examples at some positions of a snapshot: their features where there is a base, else their raw inputs.
 *
 * @param positions  ascending, in the snapshot's order
 */
export async function readExamples(
  ctx: RunData,
  snapshot: Snapshot,
  positions: readonly number[],
): Promise<Examples> {
  const ids: string[] = [];
  const labels = new Float64Array(positions.length);
  let values = new Float32Array(0);
  let size = 0;
  let start = 0;
  let done = 0;
  for (const shard of shardsOf(snapshot)) {
    const end = start + shard.examples;
    const next = positions.findIndex((position, i) => i >= done && position >= end);
    const here = positions.slice(done, next === -1 ? undefined : next).map((position) => position - start);
    if (here.length > 0) {
      const examples = await loadShard(ctx.store, ctx.run.model, shard);
      const chosen = here.map((i) => examples[i] as LabelledExample);
      const part = await readShardValues(ctx, shard, here, chosen);
      size = part.length / here.length;
      if (done === 0) values = new Float32Array(positions.length * size);
      values.set(part, done * size);
      labels.set(
        chosen.map(({ label }) => label),
        done,
      );
      ids.push(...chosen.map(({ id }) => id));
      done += here.length;
    }
    start = end;
  }
  return { ids, labels, values, size, source: { snapshot, positions } };
}

/**
 * Of some examples of one shard: their features where there is a base, else their raw inputs.
 *
 * @returns [indices, size]
 */
export async function readShardValues(
  ctx: RunData,
  shard: ShardRef,
  indices: readonly number[],
  examples: readonly LabelledExample[],
): Promise<Float32Array> {
  if (ctx.base === null) return joinFloats(await readRows(ctx, examples));
  const key = keys.features(ctx.run.model, ctx.base, shard.digest);
  const object = await ctx.store.get(key);
  if (object === null) throw new RunFailure(`${key} is not there`);
  const features = await openFeatures(object.bytes);
  if (features === null)
    throw new RunFailure(`${key} was truncated or altered; delete it to compute it again`);
  const size = features.length / shard.examples;
  return joinFloats(indices.map((i) => features.subarray(i * size, (i + 1) * size)));
}

/** The rows of a matrix [n, size], as views of it. */
export function rowsOf({
  values,
  size,
  labels,
}: Pick<Examples, 'values' | 'size' | 'labels'>): Float32Array[] {
  return Array.from(labels, (_, i) => values.subarray(i * size, (i + 1) * size));
}

const DIGEST_BYTES = 32;

/** Features as they are stored: their SHA-256, then the numbers. */
export function sealFeatures(features: Float32Array): Uint8Array {
  const bytes = floatBytes(features);
  const sealed = new Uint8Array(DIGEST_BYTES + bytes.byteLength);
  sealed.set(sha256(bytes));
  sealed.set(bytes, DIGEST_BYTES);
  return sealed;
}

/** The features, or null when what is stored is not what was written. */
export async function openFeatures(sealed: Uint8Array): Promise<Float32Array | null> {
  const bytes = sealed.subarray(DIGEST_BYTES);
  const digest = await hashLarge(bytes);
  return digest.every((byte, i) => byte === sealed[i]) ? bytesToFloats(bytes) : null;
}

/**
 * What a head reads of these examples, as one matrix.
 *
 * @returns [n, size]: features are there already and are given as they are, raw inputs are encoded
 */
export function featuresOf(
  ctx: RunData,
  constants: Constants | null,
  examples: Examples,
): { readonly values: Float32Array; readonly size: number } {
  if (ctx.base !== null) return examples;
  const reader = createFeatureReader(ctx.spec.input, constants, null);
  return { values: reader.read(rowsOf(examples)), size: reader.size };
}
