/**
 * Step 3: what the frozen base sees in every example, computed once and kept under the base's digest. A night pays for
 * new shards only. Without a base there is nothing to compute: the head reads the encoded input.
 */
import { bytesToFloats, floatBytes } from '../../shared/bytes.ts';
import { sha256 } from '../../shared/digest.ts';
import type { LabelledExample } from '../../shared/events/join.ts';
import { loadInput } from '../../shared/events/stored-input.ts';
import { rawSize } from '../../shared/model/input.ts';
import { type Base, createFeatureReader, loadBase } from '../../shared/model/servable.ts';
import type { Constants } from '../../shared/registry/manifest.ts';
import { keys } from '../../shared/registry/keys.ts';
import { type RunContext, RunFailure } from './context.ts';
import { loadShard, type ShardRef, shardsOf, type Snapshot } from './snapshot-file.ts';

/** Computes and stores the features of one shard, unless they are there. Returns whether they had to be computed. */
export async function storeFeatures(ctx: RunContext, shard: ShardRef): Promise<boolean> {
  const { spec, store, run } = ctx;
  if (spec.base === null) return false;
  const key = keys.features(run.model, spec.base, shard.digest);
  if ((await store.get(key)) !== null) return false;
  const base = await openBase(ctx);
  if (base === null) return false;
  try {
    const rows = await readRows(ctx, await loadShard(store, run.model, shard));
    await store.put(key, sealFeatures(createFeatureReader(spec.input, null, base).read(rows)));
    return true;
  } finally {
    base.program.dispose();
  }
}

/** The spec's base, loaded and verified; null when the spec has none. The caller disposes of its program. */
export async function openBase({ spec, store, runtime }: RunContext): Promise<Base | null> {
  if (spec.base === null) return null;
  const base = await loadBase(store, runtime, spec.base);
  if (!base.ok) throw new RunFailure(`base ${spec.base}: ${base.error.detail}`);
  return base.value;
}

/** Examples' raw inputs; one that is missing or altered fails the run by name. */
export async function readRows(
  { store, run, spec }: RunContext,
  examples: readonly LabelledExample[],
): Promise<Float32Array[]> {
  const size = rawSize(spec.input);
  const rows: Float32Array[] = [];
  for (const { id, input } of examples) {
    const raw = await loadInput(store, run.model, input, size);
    if (!raw.ok) throw new RunFailure(`example ${id}: ${raw.error}`);
    rows.push(raw.value);
  }
  return rows;
}

export interface Examples {
  readonly ids: readonly string[];
  /** [n] */
  readonly labels: Int32Array;
  readonly times: Float64Array;
  /** raw inputs where there is no base, features where there is: see `featuresOf` */
  readonly rows: readonly Float32Array[];
}

/**
 * Reads the examples at some positions of a snapshot: their features where there is a base, else their raw inputs.
 *
 * @param positions  ascending, in the snapshot's order
 */
export async function readExamples(
  ctx: RunContext,
  snapshot: Snapshot,
  positions: readonly number[],
): Promise<Examples> {
  const ids: string[] = [];
  const labels: number[] = [];
  const times: number[] = [];
  const rows: Float32Array[] = [];
  let start = 0;
  let next = 0;
  for (const shard of shardsOf(snapshot)) {
    const end = start + shard.examples;
    const here: number[] = [];
    while (next < positions.length && (positions[next] as number) < end) {
      here.push((positions[next] as number) - start);
      next += 1;
    }
    if (here.length > 0) {
      const examples = await loadShard(ctx.store, ctx.run.model, shard);
      const chosen = here.map((i) => examples[i] as LabelledExample);
      ids.push(...chosen.map(({ id }) => id));
      labels.push(...chosen.map(({ label }) => label));
      times.push(...chosen.map(({ at }) => at));
      rows.push(...(await readShardRows(ctx, shard, here, chosen)));
    }
    start = end;
  }
  return { ids, labels: Int32Array.from(labels), times: Float64Array.from(times), rows };
}

async function readShardRows(
  ctx: RunContext,
  shard: ShardRef,
  indices: readonly number[],
  examples: readonly LabelledExample[],
): Promise<Float32Array[]> {
  if (ctx.spec.base === null) return readRows(ctx, examples);
  const key = keys.features(ctx.run.model, ctx.spec.base, shard.digest);
  const object = await ctx.store.get(key);
  if (object === null) throw new RunFailure(`${key} is not there`);
  const features = openFeatures(object.bytes);
  if (features === null)
    throw new RunFailure(`${key} was truncated or altered; delete it to compute it again`);
  const size = features.length / shard.examples;
  return indices.map((i) => features.slice(i * size, (i + 1) * size));
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
export function openFeatures(sealed: Uint8Array): Float32Array | null {
  const bytes = sealed.subarray(DIGEST_BYTES);
  const digest = sha256(bytes);
  return digest.every((byte, i) => byte === sealed[i]) ? bytesToFloats(bytes) : null;
}

/**
 * What a head reads of these examples, as one matrix.
 *
 * @returns [n, size]: rows that are features already are copied, raw inputs are encoded
 */
export function featuresOf(
  ctx: RunContext,
  constants: Constants | null,
  rows: readonly Float32Array[],
): { readonly values: Float32Array; readonly size: number } {
  if (ctx.spec.base === null) {
    const reader = createFeatureReader(ctx.spec.input, constants, null);
    return { values: reader.read(rows), size: reader.size };
  }
  const size = rows[0]?.length ?? 0;
  const values = new Float32Array(rows.length * size);
  for (const [i, row] of rows.entries()) values.set(row, i * size);
  return { values, size };
}
