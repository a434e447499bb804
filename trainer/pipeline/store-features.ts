/**
 * Step 3: what the frozen base sees in every example, computed once and kept under the base's digest. A night pays for
 * new shards only. Without a base there is nothing to compute: the head reads the encoded input.
 */
import { rawSize } from '../../shared/model/input.ts';
import { type Base, createFeatureReader } from '../../shared/model/predictor.ts';
import { loadBase } from '../../shared/model/servable.ts';
import type { InputSpec } from '../../shared/model/spec.ts';
import { keys } from '../../shared/registry/keys.ts';
import { type RunContext, RunFailure } from './context.ts';
import { readRows, sealFeatures } from './features.ts';
import { loadShard, type ShardRef } from './snapshot-file.ts';

/** So many, and of pictures only what makes this many numbers. */
const BLOCK_EXAMPLES = 100;
const BLOCK_NUMBERS = 1_000_000;

/**
 * Computes and stores the features of one shard, unless they are there.
 *
 * @param onBlock  told after every block which share of the shard is done, 0 to 1
 * @returns whether they had to be computed
 */
export async function storeFeatures(
  ctx: RunContext,
  shard: ShardRef,
  onBlock: (fraction: number) => Promise<void>,
): Promise<boolean> {
  const { spec, store, run } = ctx;
  if (spec.base === null) return false;
  const key = keys.features(run.model, spec.base, shard.digest);
  // Asked for by its name: the features themselves are megabytes.
  if ((await store.list(key)).length > 0) return false;
  const base = await openBase(ctx);
  if (base === null) return false;
  try {
    await store.put(key, sealFeatures(await computeFeatures(ctx, shard, base, onBlock)));
    return true;
  } finally {
    base.program.dispose();
  }
}

/** @returns [examples, featureSize] */
async function computeFeatures(
  ctx: RunContext,
  shard: ShardRef,
  base: Base,
  onBlock: (fraction: number) => Promise<void>,
): Promise<Float32Array> {
  const examples = await loadShard(ctx.store, ctx.run.model, shard);
  const reader = createFeatureReader(ctx.spec.input, null, base);
  const features = new Float32Array(examples.length * reader.size);
  const block = blockSize(ctx.spec.input);
  for (let at = 0; at < examples.length; at += block) {
    const rows = await readRows(ctx, examples.slice(at, at + block));
    features.set(reader.read(rows), at * reader.size);
    await onBlock(Math.min(1, (at + block) / examples.length));
  }
  return features;
}

/** How many examples' inputs are held at once. */
export function blockSize(input: InputSpec): number {
  return Math.min(BLOCK_EXAMPLES, Math.ceil(BLOCK_NUMBERS / rawSize(input)));
}

/** The spec's base, loaded and verified; null when the spec has none. The caller disposes of its program. */
export async function openBase({ spec, store, runtime }: RunContext): Promise<Base | null> {
  if (spec.base === null) return null;
  const base = await loadBase(store, runtime, spec.base);
  if (!base.ok) throw new RunFailure(`base ${spec.base}: ${base.error.detail}`);
  return base.value;
}
