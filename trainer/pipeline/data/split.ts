/**
 * Step 2: which examples are trained on, which watch the training, which judge.
 *
 * Membership is permanent (trainer/pipeline/data/holdout.ts); only the sample of past training examples is this run's own.
 */
import * as z from 'zod';
import { seedFrom } from '../../../shared/digest.ts';
import { readFacts, trackFirstSides } from './facts.ts';
import { type Side, sideOf } from './holdout.ts';
import type { Spec } from '../../../shared/model/spec/spec.ts';
import type { TaskSpec } from '../../../shared/model/spec/task.ts';
import { createRandom } from '../../../shared/random.ts';
import { describeReadError, encodeCompactJson, loadJson } from '../../../shared/registry/store/json.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { attemptKey, type RunContext, type RunData, type RunFiles } from '../../run/context.ts';
import { isQuarantined, type TimeRange } from './time-range.ts';
import { drawReplay, sample, smallest } from './replay.ts';
import type { Snapshot } from './snapshot-file.ts';
import { RunFailure } from '../../run-failure.ts';

const splitSchema = z.object({
  seed: z.int().min(0),
  /** Positions in the snapshot's order of examples, ascending. */
  train: z.array(z.int().min(0)),
  validation: z.array(z.int().min(0)),
  /** By window, in the snapshot's order. */
  holdout: z.array(z.array(z.int().min(0))),
  /** Those of them that judge, where fewer than all do, in the same order. */
  judged: z.array(z.array(z.int().min(0))).exactOptional(),
  /** The constant answer that the model has to beat: most frequent class id, or mean target, of the training examples. */
  constant: z.number(),
  /** How many held-out examples each class has, [classes]; of a classification. */
  heldOutByClass: z.array(z.int().min(0)).exactOptional(),
  /** How many could have been trained on, where there were more than are: `training.maxExamples`. */
  trainable: z.int().min(1).exactOptional(),
  /** Class ids without any example to learn from, where there are some: they are there, and are never predicted. */
  absent: z.array(z.int().min(0)).exactOptional(),
  /** Stretches of time whose labels were kept apart. */
  apart: z.array(z.object({ fromMs: z.int(), toMs: z.int() })).exactOptional(),
});
export type Split = z.infer<typeof splitSchema>;

/**
 * `duplicate`: the same content came before, on another side, and so this is on none. `apart`: nobody believes its label.
 */
export type SplitSide = Side | 'duplicate' | 'apart';

/** @param apart  stretches of time whose labels neither train nor judge */
export async function makeSplit(
  ctx: RunData & Pick<RunContext, 'yieldControl'>,
  snapshot: Snapshot,
  apart: readonly TimeRange[],
): Promise<Split> {
  const seed = seedFrom(ctx.spec.training.seed, snapshot.id, ctx.run.championAtStart ?? 'none');
  const assigned = await assignSides(ctx, snapshot, apart);
  const drawn = drawSplit(snapshot, assigned, ctx.spec, seed);
  const split =
    apart.length === 0 ? drawn : { ...drawn, apart: apart.map(({ fromMs, toMs }) => ({ fromMs, toMs })) };
  await ctx.store.put(keys.run(ctx.run.model, ctx.run.id, 'split.json'), encodeCompactJson(split));
  return split;
}

/** Whose split: of a run, read by whoever looks at it, or of an attempt. */
type SplitPlace = Pick<RunContext, 'store' | 'attempt'> & {
  readonly run: Pick<RunContext['run'], 'model' | 'id'>;
};

/** Positions in the run's selection, where it made one (selection.ts); of a rehearsal without what it is tried on. */
export async function loadSplit({ store, run, attempt }: SplitPlace): Promise<Split> {
  if (attempt === 'rehearsal') return readSplit(store, attemptKey({ run, attempt }, 'split.json'));
  const selected = await loadJson(store, attemptKey({ run }, SELECTED_SPLIT), splitSchema);
  if (selected.ok) return selected.value.value;
  if (selected.error.kind !== 'missing') throw new RunFailure(describeReadError(selected.error));
  return loadWholeSplit({ store, run });
}

/** The run's, with positions in its snapshot. */
export function loadWholeSplit({ store, run }: Omit<SplitPlace, 'attempt'>): Promise<Split> {
  return readSplit(store, attemptKey({ run }, 'split.json'));
}

/** The file of a run's split whose positions are those in its selection. */
export const SELECTED_SPLIT = 'selected-split.json';

async function readSplit(store: RunContext['store'], key: string): Promise<Split> {
  const loaded = await loadJson(store, key, splitSchema);
  if (!loaded.ok) throw new RunFailure(describeReadError(loaded.error));
  return loaded.value.value;
}

/** What a rehearsal is trained on. */
export async function saveRehearsalSplit({ store, run }: RunFiles, split: Split): Promise<void> {
  await store.put(attemptKey({ run, attempt: 'rehearsal' }, 'split.json'), encodeCompactJson(split));
}

export interface Assigned {
  /** By window. */
  readonly sides: readonly (readonly SplitSide[])[];
  /** Class ids or targets, and what a reservoir keeps each by, in the order of the snapshot, [n]. */
  readonly labels: ArrayLike<number>;
  readonly priorities: ArrayLike<number>;
  /** Ranks of those that are held out: the smallest judge where not all do, [n]. */
  readonly ranks: ArrayLike<number>;
}

/**
 * The side of every example, window by window and in the snapshot's order.
 *
 * @param apart  times whose labels are kept apart
 */
export async function assignSides(
  ctx: RunData & Pick<RunContext, 'yieldControl'>,
  snapshot: Snapshot,
  apart: readonly TimeRange[],
): Promise<Assigned> {
  const fractions = { holdout: ctx.spec.holdout.fraction, validation: ctx.spec.training.validation };
  const n = snapshot.examples;
  const labels = new Float64Array(n);
  const priorities = new Uint32Array(n);
  const ranks = new Uint32Array(n);
  const place = placeContents(n);
  const sides: SplitSide[][] = [];
  let at = 0;
  const facts = readFacts(ctx, snapshot);
  for (const { shards } of snapshot.windows) {
    const inside: SplitSide[] = [];
    for (let i = 0; i < shards.length; i++) {
      const { value: shard } = await facts.next();
      if (shard === undefined) throw new Error('expected facts of every shard');
      labels.set(shard.labels, at);
      priorities.set(shard.priorities, at);
      for (let e = 0; e < shard.n; e++) {
        const held = shard.sides[2 * e] as number;
        const side = sideOf(held, shard.sides[2 * e + 1] as number, fractions);
        const isApart = isQuarantined(shard.seenAt[e] as number, apart);
        ranks[at + e] = held;
        inside.push(
          place(shard.contents[2 * e] as number, shard.contents[2 * e + 1] as number, side, isApart),
        );
      }
      at += shard.n;
    }
    sides.push(inside);
  }
  return { sides, labels, priorities, ranks };
}

const SIDES: readonly Side[] = ['holdout', 'validation', 'train'];

/**
 * The same content may come in two groups, or in one and without any. The side on which it came first is its side for
 * ever: whoever else has it and is on another neither trains nor judges. So nothing is judged on that was trained on
 * before it had a group, nor the other way round. Asked for one example after the other, in order of time.
 *
 * @param n  examples, at most
 * @returns takes 64 bits of a content, its side, and whether it is kept apart: then it is on none, but has its side for
 *   the day on which its label is believed
 */
export function placeContents(
  n: number,
): (low: number, high: number, side: Side, apart?: boolean) => SplitSide {
  const firstSide = trackFirstSides(n);
  return (low, high, side, apart = false) => {
    const known = SIDES[firstSide(low, high, SIDES.indexOf(side))];
    if (apart) return 'apart';
    return known === side ? side : 'duplicate';
  };
}

/**
 * Draws this run's training examples: at most `maxExamples`, of which the past may claim its share as far as it has
 * that many, so that a large night can't crowd out what the champion knows.
 */
export function drawSplit(
  snapshot: Pick<Snapshot, 'windows'>,
  { sides, labels, priorities, ranks }: Assigned,
  spec: Pick<Spec, 'training' | 'holdout'> & TaskSpec,
  seed: number,
): Split {
  const { training } = spec;
  const positions = (wanted: Side): number[][] => {
    let at = 0;
    return sides.map((window) => window.flatMap((side) => (at++, side === wanted ? [at - 1] : [])));
  };
  const random = createRandom(seed);
  const draw = (byWindow: readonly number[][], most: number, strategy: Strategy): number[] => {
    const { current, past } = divide(byWindow, most, training.replay.share);
    const windows = byWindow.slice(0, -1);
    const labelOf = labelAt(labels);
    const priorityOf = (position: number) => priorities[position] as number;
    const replayed = drawReplay({ windows, labelOf, priorityOf }, past, strategy, random);
    return [...replayed, ...sample(byWindow.at(-1) ?? [], current, random)].sort((a, b) => a - b);
  };
  const trainable = positions('train').flat();
  const train = draw(positions('train'), training.maxExamples, training.replay.strategy);
  const watched = Math.ceil(training.maxExamples * training.validation);
  const absent = absentClasses(trainable.map(labelAt(labels)), spec);
  const holdout = positions('holdout');
  const judged = chooseJudged(holdout, ranks, spec.holdout.judged ?? MOST_JUDGED);
  return {
    seed,
    train,
    validation: draw(positions('validation'), watched, 'uniform'),
    holdout,
    ...(judged !== null && { judged }),
    ...(spec.task === 'classification' && {
      heldOutByClass: countClasses(holdout.flat().map(labelAt(labels)), spec.labels.length),
    }),
    constant: constantAnswer(
      train.map((position) => labels[position] as number),
      spec,
    ),
    ...(trainable.length > train.length && { trainable: trainable.length }),
    ...(absent.length > 0 && { absent }),
  };
}

/** Held-out examples of a past window that judge, unless the spec says how many. */
const MOST_JUDGED = 2_000;

/**
 * Those of smallest rank of each past window, and all of the current one: the same every night, as long as the window is
 * the same. Null where that is everybody.
 */
function chooseJudged(
  holdout: readonly (readonly number[])[],
  ranks: ArrayLike<number>,
  most: number,
): number[][] | null {
  if (holdout.slice(0, -1).every(({ length }) => length <= most)) return null;
  const rankOf = (position: number): number => ranks[position] as number;
  return holdout.map((positions, i) =>
    i === holdout.length - 1 ? [...positions] : smallest(positions, most, rankOf).sort((a, b) => a - b),
  );
}

function labelAt(labels: ArrayLike<number>): (position: number) => number {
  return (position) => labels[position] as number;
}

/** @param labels  of all examples that may be learned from, drawn tonight or not */
function absentClasses(labels: readonly number[], spec: TaskSpec): number[] {
  if (spec.task === 'regression') return [];
  const present = new Set(labels);
  return [...spec.labels.keys()].filter((id) => !present.has(id));
}

type Strategy = Spec['training']['replay']['strategy'];

/** How many of the current window and of the past. */
function divide(
  byWindow: readonly number[][],
  most: number,
  share: number,
): { readonly current: number; readonly past: number } {
  const current = byWindow.at(-1)?.length ?? 0;
  const all = byWindow.slice(0, -1).flat().length;
  const past = Math.min(all, Math.max(Math.floor(most * share), most - current));
  return { past, current: Math.min(current, most - past) };
}

/** @param labels  of the training examples, [n] */
function constantAnswer(labels: readonly number[], spec: TaskSpec): number {
  return spec.task === 'classification' ? majorityOf(labels, spec.labels.length) : meanOf(labels);
}

function majorityOf(labels: readonly number[], classes: number): number {
  const counts = countClasses(labels, classes);
  return counts.indexOf(Math.max(...counts));
}

function countClasses(labels: readonly number[], classes: number): number[] {
  const counts = Array.from({ length: classes }, () => 0);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

/** 0 when there are none: the training fails by name. */
function meanOf(targets: readonly number[]): number {
  return targets.length === 0 ? 0 : targets.reduce((sum, target) => sum + target, 0) / targets.length;
}
