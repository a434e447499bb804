/**
 * Step 2: which examples are trained on, which watch the training, which judge.
 *
 * Membership is permanent (shared/events/holdout.ts); only the sample of past training examples is this run's own.
 */
import * as z from 'zod';
import { seedFrom } from '../../shared/digest.ts';
import { assignSide, type Side } from '../../shared/events/holdout.ts';
import type { LabelledExample } from '../../shared/events/join.ts';
import type { Spec } from '../../shared/model/spec.ts';
import { createRandom, type Random, shuffle } from '../../shared/random.ts';
import { describeReadError, encodeCompactJson, loadJson } from '../../shared/registry/json.ts';
import { keys } from '../../shared/registry/keys.ts';
import { type RunContext, RunFailure } from './context.ts';
import { loadShard, type Snapshot } from './snapshot-file.ts';

const splitSchema = z.object({
  seed: z.int().min(0),
  /** Positions in the snapshot's order of examples, ascending. */
  train: z.array(z.int().min(0)),
  validation: z.array(z.int().min(0)),
  /** By window, in the snapshot's order. */
  holdout: z.array(z.array(z.int().min(0))),
  /** The most frequent label among the training examples: what the model has to beat. */
  majority: z.int().min(0),
});
export type Split = z.infer<typeof splitSchema>;

/** `duplicate`: the same content as a held-out example, and so on no side. */
export type SplitSide = Side | 'duplicate';

export async function makeSplit(ctx: RunContext, snapshot: Snapshot): Promise<Split> {
  const seed = seedFrom(ctx.spec.training.seed, snapshot.id, ctx.run.championAtStart ?? 'none');
  const { sides, labels } = await assignSides(ctx, snapshot);
  const split = drawSplit(snapshot, sides, labels, ctx.spec, seed);
  await ctx.store.put(keys.run(ctx.run.model, ctx.run.id, 'split.json'), encodeCompactJson(split));
  return split;
}

export async function loadSplit({ store, run }: RunContext): Promise<Split> {
  const loaded = await loadJson(store, keys.run(run.model, run.id, 'split.json'), splitSchema);
  if (!loaded.ok) throw new RunFailure(describeReadError(loaded.error));
  return loaded.value.value;
}

/** Which side every example is on, by window, and the class ids in the order of the snapshot. */
export async function assignSides(
  ctx: RunContext,
  snapshot: Snapshot,
): Promise<{ sides: SplitSide[][]; labels: number[] }> {
  const fractions = { holdout: ctx.spec.holdout.fraction, validation: ctx.spec.training.validation };
  const labels: number[] = [];
  const assigned: { readonly side: Side; readonly digest: string }[][] = [];
  for (const window of snapshot.windows) {
    const inside: { readonly side: Side; readonly digest: string }[] = [];
    for (const shard of window.shards) {
      for (const example of await loadShard(ctx.store, ctx.run.model, shard)) {
        const side = assignSide(ctx.spec.salt, identityOf(example), fractions);
        inside.push({ side, digest: example.input.digest });
        labels.push(example.label);
      }
    }
    assigned.push(inside);
  }
  return { sides: withoutDuplicates(assigned), labels };
}

/**
 * The same content may come in two groups, of which one is held out. It judges; it is not learned from.
 */
export function withoutDuplicates(
  assigned: readonly (readonly { readonly side: Side; readonly digest: string }[])[],
): SplitSide[][] {
  const held = new Set(assigned.flat().flatMap(({ side, digest }) => (side === 'holdout' ? [digest] : [])));
  return assigned.map((window) =>
    window.map(({ side, digest }) => (side !== 'holdout' && held.has(digest) ? 'duplicate' : side)),
  );
}

/** A group stays on one side; without one, the same content does. */
export function identityOf({ group, input }: LabelledExample): string {
  return group === undefined ? `input:${input.digest}` : `group:${group}`;
}

/**
 * Draws this run's training examples: at most `maxExamples`, half of them reserved for the past as far as it has that
 * many, so that a large night can't crowd out what the champion knows.
 *
 * @param sides   by window, in the snapshot's order
 * @param labels  class ids in the snapshot's order, [n]
 */
export function drawSplit(
  snapshot: Pick<Snapshot, 'windows'>,
  sides: readonly (readonly SplitSide[])[],
  labels: readonly number[],
  spec: Pick<Spec, 'training' | 'labels'>,
  seed: number,
): Split {
  const positions = (wanted: Side): number[][] => {
    let at = 0;
    return sides.map((window) => window.flatMap((side) => (at++, side === wanted ? [at - 1] : [])));
  };
  const random = createRandom(seed);
  const train = sampleTrain(positions('train'), spec.training.maxExamples, random);
  const validation = sampleTrain(
    positions('validation'),
    Math.ceil(spec.training.maxExamples * spec.training.validation),
    random,
  );
  return {
    seed,
    train,
    validation,
    holdout: positions('holdout'),
    majority: majorityOf(train, labels, spec.labels.length),
  };
}

function sampleTrain(byWindow: readonly number[][], most: number, random: Random): number[] {
  const current = byWindow.at(-1) ?? [];
  const past = byWindow.slice(0, -1).flat();
  const pastQuota = Math.min(past.length, Math.max(Math.floor(most / 2), most - current.length));
  const currentQuota = Math.min(current.length, most - pastQuota);
  return [...sample(past, pastQuota, random), ...sample(current, currentQuota, random)].sort((a, b) => a - b);
}

function sample(items: readonly number[], n: number, random: Random): number[] {
  return n >= items.length ? [...items] : shuffle([...items], random).slice(0, n);
}

function majorityOf(train: readonly number[], labels: readonly number[], classes: number): number {
  const counts = Array.from({ length: classes }, () => 0);
  for (const position of train) {
    const label = labels[position] as number;
    counts[label] = (counts[label] ?? 0) + 1;
  }
  return counts.indexOf(Math.max(...counts));
}
