/**
 * The examples that recipes are compared on: a snapshot's, without the holdout. What judges candidates every night is
 * not used up by comparing recipes.
 */
import { createRandom, shuffle } from '../../shared/random.ts';
import type { RunContext } from '../pipeline/context.ts';
import { type Examples, readExamples, storeFeatures } from '../pipeline/features.ts';
import { loadShard, shardsOf, type Snapshot } from '../pipeline/snapshot-file.ts';
import { assignSides } from '../pipeline/split.ts';
import type { Identities } from './random-split.ts';

export interface ComparedExamples {
  /** Where they stand in the snapshot, ascending. */
  readonly positions: readonly number[];
  readonly examples: Examples;
  readonly identities: Identities;
}

/**
 * At most as many examples as a run may train on and watch, at random from the seed; features are computed where they
 * are missing.
 *
 * @param onProgress  told which share of the shards is ready, 0 to 1
 */
export async function readCompared(
  ctx: RunContext,
  snapshot: Snapshot,
  seed: number,
  onProgress: (fraction: number) => void,
): Promise<ComparedExamples> {
  const { sides } = await assignSides(ctx, snapshot);
  const free = sides.flat().flatMap((side, at) => (side === 'train' || side === 'validation' ? [at] : []));
  const positions = shuffle(free, createRandom(seed))
    .slice(0, ctx.spec.training.maxExamples)
    .sort((a, b) => a - b);
  await storeAll(ctx, snapshot, onProgress);
  return {
    positions,
    examples: await readExamples(ctx, snapshot, positions),
    identities: await identify(ctx, snapshot, positions),
  };
}

/** Features of all examples, where they are missing. */
export async function storeAll(
  ctx: RunContext,
  snapshot: Snapshot,
  onProgress: (fraction: number) => void,
): Promise<void> {
  const shards = shardsOf(snapshot);
  for (const [i, shard] of shards.entries()) {
    await storeFeatures(ctx, shard, async (within) => onProgress((i + within) / shards.length));
  }
}

async function identify(
  { store, run }: RunContext,
  snapshot: Snapshot,
  positions: readonly number[],
): Promise<Identities> {
  const units = createNumbering();
  const contents = createNumbering();
  const all: { readonly unit: number; readonly content: number }[] = [];
  for (const shard of shardsOf(snapshot)) {
    for (const { group, input } of await loadShard(store, run.model, shard)) {
      const unit = units(group === undefined ? `input:${input.digest}` : `group:${group}`);
      all.push({ unit, content: contents(input.digest) });
    }
  }
  const chosen = positions.map((position) => all[position] as (typeof all)[number]);
  return { units: chosen.map(({ unit }) => unit), contents: chosen.map(({ content }) => content) };
}

/** Numbers names in order of first appearance. */
function createNumbering(): (name: string) => number {
  const numbers = new Map<string, number>();
  return (name) => {
    const number = numbers.get(name) ?? numbers.size;
    numbers.set(name, number);
    return number;
  };
}
