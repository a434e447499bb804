/**
 * Step 3b, for a model with a base and augmentation: the base's features of augmented copies of the training examples.
 * Of nothing else: what is held out or watches the training is never augmented.
 *
 * Copies are kept by shard and number, under the digest of what makes them, and gain examples as runs draw them for
 * training: a night pays for examples that were never drawn before, a run that was killed for what it had not stored.
 */
import {
  type Augmentation,
  changesExamples,
  pictureRanges,
} from '../../../shared/model/spec/augmentation.ts';
import { sha256Hex } from '../../../shared/digest.ts';
import type { LabelledExample } from '../data/history/join.ts';
import type { Spec } from '../../../shared/model/spec/spec.ts';
import type { TrainingRecipe } from '../../../shared/model/spec/training.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { drawCopy } from '../../augment/copies.ts';
import type { RunContext, RunData } from '../../run/context.ts';
import { type Examples, openFeatures, sealFeatures } from './features.ts';
import {
  type Advance,
  runDirectly,
  type RunPart,
  type ExtractionSummary,
  extractAll,
  type ExtractionContext,
} from './portions.ts';
import { loadShard, type ShardRef, shardsOf, type Snapshot } from '../data/snapshot-file.ts';
import type { Split } from '../data/split.ts';
import { extractBatches } from './store-features.ts';
import { RunFailure } from '../../run-failure.ts';
import type { StoredRow } from '../../run/feature-backend.ts';

/** One copy of some examples of one shard, and what makes it. */
export interface CopyPart {
  readonly augmentation: Augmentation;
  readonly seed: number;
  readonly shard: ShardRef;
  /** 1, 2, … */
  readonly copy: number;
  /** Places in the shard, ascending: its training examples of this run. */
  readonly indices: readonly number[];
}

/** How many copies of each example a training learns from. */
export function copiesWanted(
  { base, input }: Pick<Spec, 'base' | 'input'>,
  { augmentation }: Pick<TrainingRecipe, 'augmentation'>,
): number {
  if (base === null || augmentation === null || !changesExamples(augmentation, input.kind)) return 0;
  return augmentation.copies;
}

/** What a training has to copy: copy by copy, each in the snapshot's order. Nothing where it asks for nothing. */
export function planCopies(
  { base, input }: Pick<Spec, 'base' | 'input'>,
  { augmentation, seed }: Pick<TrainingRecipe, 'augmentation' | 'seed'>,
  snapshot: Pick<Snapshot, 'windows'>,
  { train }: Pick<Split, 'train'>,
): CopyPart[] {
  if (augmentation === null || copiesWanted({ base, input }, { augmentation }) === 0) return [];
  let start = 0;
  const parts = shardsOf(snapshot).map((shard) => {
    const from = start;
    start += shard.examples;
    const inside = train.filter((position) => position >= from && position < from + shard.examples);
    return { augmentation, seed, shard, indices: inside.map((position) => position - from) };
  });
  const wanted = parts.filter(({ indices }) => indices.length > 0);
  return Array.from({ length: augmentation.copies }, (_, i) =>
    wanted.map((part) => ({ ...part, copy: i + 1 })),
  ).flat();
}

/** Stores the copies of a training. */
export function extractCopies(
  ctx: RunContext,
  parts: readonly CopyPart[],
  runPart: RunPart,
): Promise<ExtractionSummary> {
  const { base } = ctx;
  const [first] = parts;
  if (base === null || first === undefined) return extractAll(ctx, 'augment', [], runPart);
  const portions = parts.map((part) => ({
    name: `augment ${part.shard.digest.slice(0, 16)} ${part.copy}`,
    examples: part.indices.length,
    advance: (extraction: ExtractionContext) => storeCopies(ctx, part, extraction),
  }));
  const { fill } = pictureRanges(first.augmentation);
  return extractAll(ctx, 'augment', [{ base, fill, portions }], runPart);
}

/** Computes and stores what is missing of a part, or as much of it as the step may. */
export async function storeCopies(
  ctx: RunData,
  part: CopyPart,
  extraction: ExtractionContext,
): Promise<Advance> {
  const stored = await loadCopies(ctx, part);
  const missing = part.indices.filter((index) => !stored.has(index));
  if (missing.length === 0) return { computed: 0, left: 0 };
  const examples = pick(await loadShard(ctx.store, ctx.run.model, part.shard), missing);
  const { size } = await extraction.open();
  const known = new Map(stored);
  const computed = await extractBatches(ctx, examples, describeCopy(ctx.spec, part), {
    ...extraction,
    onBatch: (more, fresh) => extraction.onBatch(part.indices.length - missing.length + more, fresh),
    onFeatures: (features, at) => {
      for (let i = 0; i < features.length / size; i++) {
        known.set(missing[at + i] as number, features.subarray(i * size, (i + 1) * size));
      }
    },
  });
  await ctx.store.put(keyOf(ctx, part), sealFeatures(encodeRows(known)));
  return { computed, left: missing.length - computed };
}

/** Training examples with their copies behind them, [(1 + copies) n, size]. */
export async function addCopies(
  ctx: RunContext,
  recipe: TrainingRecipe,
  snapshot: Snapshot,
  split: Pick<Split, 'train'>,
  train: Examples,
): Promise<Examples> {
  const parts = planCopies(ctx.spec, recipe, snapshot, split);
  if (parts.length === 0) return train;
  const times = 1 + Math.max(...parts.map(({ copy }) => copy));
  const values = new Float32Array(times * train.values.length);
  values.set(train.values);
  let at = train.values.length;
  await extractCopies({ ...ctx, onProgress: () => {} }, parts, runDirectly);
  for (const part of parts) {
    const rows = await readCopies(ctx, part);
    values.set(rows, at);
    at += rows.length;
  }
  const labels = new Float64Array(times * train.labels.length);
  for (let i = 0; i < times; i++) labels.set(train.labels, i * train.labels.length);
  const ids = Array.from({ length: times }, () => train.ids).flat();
  return { ids, labels, values, size: train.size };
}

/**
 * The features of the copies of a part. What another run has overwritten, or a person removed since the step, is
 * computed again.
 *
 * @returns [indices, size]
 */
export async function readCopies(ctx: RunContext, part: CopyPart): Promise<Float32Array> {
  await extractCopies({ ...ctx, onProgress: () => {} }, [part], runDirectly);
  const rows = await loadCopies(ctx, part);
  const size = rows.get(part.indices[0] as number)?.length ?? 0;
  const values = new Float32Array(part.indices.length * size);
  for (const [i, index] of part.indices.entries()) {
    const row = rows.get(index);
    if (row === undefined) throw new Error(`${keyOf(ctx, part)} was overwritten; to be repeated`);
    values.set(row, i * size);
  }
  return values;
}

/** An example as a copy of it goes into the base. */
function describeCopy(
  { input }: Pick<Spec, 'input'>,
  { augmentation, seed, copy }: CopyPart,
): (example: LabelledExample) => StoredRow {
  if (input.kind !== 'image') throw new Error('expected a model of pictures');
  return ({ id, input: stored }) => ({
    id,
    input: stored,
    draw: drawCopy(augmentation, input, { seed, example: id, copy }),
  });
}

/** What is stored of a part, by place in the shard; nothing where nothing is. */
async function loadCopies(ctx: RunData, part: CopyPart): Promise<Map<number, Float32Array>> {
  const key = keyOf(ctx, part);
  const object = await ctx.store.get(key);
  if (object === null) return new Map();
  const rows = await openFeatures(object.bytes);
  if (rows === null) throw new RunFailure(`${key} was truncated or altered; delete it to compute it again`);
  return decodeRows(rows);
}

function keyOf({ run, spec, base }: RunData, { augmentation, seed, shard, copy }: CopyPart): string {
  // All that makes a copy what it is, beside the base and the example.
  const made = sha256Hex(JSON.stringify([spec.input, pictureRanges(augmentation), seed])).slice(0, 32);
  return keys.copies(run.model, base as string, made, shard.digest, copy);
}

/** How many rows, their places, then the rows one after the other: places are below the size of a shard, and exact. */
function encodeRows(rows: ReadonlyMap<number, Float32Array>): Float32Array {
  const places = [...rows.keys()].sort((a, b) => a - b);
  const size = rows.get(places[0] as number)?.length ?? 0;
  const encoded = new Float32Array(1 + places.length * (1 + size));
  encoded.set([places.length, ...places]);
  for (const [i, place] of places.entries()) {
    encoded.set(rows.get(place) as Float32Array, 1 + places.length + i * size);
  }
  return encoded;
}

function decodeRows(encoded: Float32Array): Map<number, Float32Array> {
  const count = encoded[0] as number;
  const values = encoded.subarray(1 + count);
  const size = values.length / count;
  const rows = new Map<number, Float32Array>();
  for (let i = 0; i < count; i++) {
    rows.set(encoded[1 + i] as number, values.subarray(i * size, (i + 1) * size));
  }
  return rows;
}

function pick<T>(items: readonly T[], indices: readonly number[]): T[] {
  return indices.map((index) => items[index] as T);
}
