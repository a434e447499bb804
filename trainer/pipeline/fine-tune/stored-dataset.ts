/**
 * The training set as packs in the bucket, and how it comes there: an external shuffle, linear in the data.
 *
 * Where all rows fit in one pack they are read and written, in order. Otherwise they are *scattered* first, a few shards
 * at a time, into segments by the pack they belong to, and then *gathered*, a pack at a time, from all that was
 * scattered. Windows that watch the training come in packs too, in order. All of it lies under `runs/<id>/training/`
 * and goes when the training is over.
 */
import * as z from 'zod';
import { sha256Hex } from '../../../shared/digest.ts';
import { createRandom } from '../../../shared/random.ts';
import { rawSize } from '../../../shared/model/spec/input.ts';
import type { TrainingRecipe } from '../../../shared/model/spec/training.ts';
import { floatBytes } from '../../../shared/bytes.ts';
import { describeReadError, loadJson, putJson } from '../../../shared/registry/store/json.ts';
import { changesRows } from '../../augment/batch-hook.ts';
import { createFeatureMeasure } from '../../augment/row-augmenter.ts';
import { sideBySide } from '../../side-by-side.ts';
import { createFeatureCheck, describeSame } from '../../training/check-dataset.ts';
import type { LoopData } from '../../training/loop.ts';
import { countRows, type DataLoader, type Dataset } from '../../training/dataset.ts';
import { attemptKey, type RunContext, type RunData, type RunFiles } from '../../run/context.ts';
import { featuresOf, readExamples } from '../features/features.ts';
import { objectiveBy } from './objective.ts';
import {
  copyAll,
  copyRows,
  createPack,
  openPack,
  type OpenPack,
  packBytes,
  type RowShape,
  sealPack,
} from './pack-file.ts';
import { PACK_NUMBERS } from './pack-numbers.ts';
import { assignPacks, countSegments, groupWithin } from './pack-plan.ts';
import { sample } from '../data/replay.ts';
import type { Snapshot } from '../data/snapshot-file.ts';
import { loadSplit, type Split } from '../data/split.ts';
import {
  loadPlan,
  makePlan,
  mostRows,
  savePlan,
  type DatasetPlan,
  shapeOf,
  watchedShape,
  watchedWindows,
} from './dataset-plan.ts';
import { openRowReader, planRows, type RowPart, type RowReader } from './dataset-rows.ts';
import { openTrunkRunner, type TrunkRunner } from '../features/unfreeze.ts';
import { RunFailure } from '../../run-failure.ts';

/** What only the whole set tells: `training/set.json`. */
const setSchema = z.object({
  /** Of its features, where augmentation goes by them. */
  deviations: z.array(z.number()).nullable(),
});

/** How far the building has come; small enough to be a step's result. */
export type BuildProgress = {
  /** Pieces of work that are done. */
  readonly done: number;
  readonly of: number;
  /** Digest of the one row that all rows so far are; `none` before the first, `differ` where they are not all the same. */
  readonly common: string;
};

export const NOTHING_BUILT: BuildProgress = { done: 0, of: 1, common: 'none' };

/**
 * Builds on until it is done or `continues` says to leave it, which is asked after every piece of work. What a piece writes depends on
 * nothing but the snapshot, the split and the recipe: done twice, it is the same again.
 */
export async function buildDataset(
  ctx: RunContext,
  snapshot: Snapshot,
  from: BuildProgress,
  continues: (of: number) => Promise<boolean>,
): Promise<BuildProgress> {
  const work = await openBuild(ctx, snapshot, from.done === 0);
  try {
    let built: BuildProgress = { ...from, of: work.pieces.length };
    while (built.done < work.pieces.length) {
      const piece = work.pieces[built.done] as Piece;
      built = { ...built, done: built.done + 1, common: await piece(built.common) };
      if (!(await continues(work.pieces.length))) break;
    }
    return built;
  } finally {
    work.close();
  }
}

/** Whether every part is in its pack. */
export function isBuilt({ done, of }: BuildProgress): boolean {
  return done === of;
}

/** @returns what all rows have in common now */
type Piece = (common: string) => Promise<string>;

interface Build {
  readonly pieces: readonly Piece[];
  close(): void;
}

/** What the pieces share. */
interface BuildContext {
  readonly ctx: RunContext;
  readonly snapshot: Snapshot;
  readonly split: Split;
  readonly plan: DatasetPlan;
  readonly shape: RowShape;
  readonly rows: RowReader;
  /** Shows rows to a head that is trained before the end of a base; null where none is. */
  readonly trunkRunner: TrunkRunner | null;
}

async function openBuild(ctx: RunContext, snapshot: Snapshot, first: boolean): Promise<Build> {
  const split = await loadSplit(ctx);
  const { training } = ctx.spec;
  if (first) await savePlan(ctx, await makePlan(ctx, snapshot, split, training));
  const plan = await loadPlan(ctx);
  const rows = openRowReader(ctx, plan, training);
  const trunkRunner = plan.shownSize === null || !ctx.unfrozen ? null : openTrunkRunner(ctx, ctx.unfrozen);
  const build: BuildContext = {
    ctx,
    snapshot,
    split,
    plan,
    shape: shapeOf(ctx, plan),
    rows,
    trunkRunner,
  };
  const parts = planRows(ctx, training, snapshot, split, mostRows(plan.size));
  const trainPieces = plan.train.length === 1 ? [() => packAll(build, parts)] : planShuffle(build, parts);
  return {
    pieces: [...trainPieces, ...planWatched(build), (common) => finishDataset(build, common)],
    close: () => {
      rows.close();
      trunkRunner?.close();
    },
  };
}

async function packAll(build: BuildContext, parts: readonly RowPart[]): Promise<string> {
  const { plan, shape, rows } = build;
  const set = await rows.read(parts);
  const check = createFeatureCheck(plan.size);
  check.add(set.features);
  check.finish();
  const pack = createPack(shape, set.labels.length);
  copyAll(set, pack.set, 0);
  await savePack(build, trainKey(0), pack);
  return 'differ';
}

/** Shards that are read in one piece of work, at most: a request each. */
const GROUP_PARTS = 200;

function planShuffle(build: BuildContext, parts: readonly RowPart[]): Piece[] {
  const { plan } = build;
  const groups = groupWithin(parts, PACK_NUMBERS, ({ indices }) =>
    Math.max(indices.length * plan.size, PACK_NUMBERS / GROUP_PARTS),
  );
  const groupRows = groups.map((group) => group.reduce((sum, { indices }) => sum + indices.length, 0));
  const assigned = assignPacks(plan.train, build.split.seed);
  const counts = countSegments(assigned, groupRows, plan.train.length);
  let start = 0;
  const scatters = groups.map((group, g): Piece => {
    const own = assigned.subarray(start, start + (groupRows[g] as number));
    const before = start;
    start += own.length;
    return async (common) => {
      await scatter(build, group, { g, before, assigned: own, counts: counts[g] as Int32Array });
      return common;
    };
  });
  const gathers = plan.train.map(
    (_, pack): Piece =>
      (common) =>
        gather(build, pack, counts, common),
  );
  return [...scatters, ...gathers];
}

interface Group {
  readonly g: number;
  /** Rows of the groups before. */
  readonly before: number;
  /** The pack of each row. */
  readonly assigned: Int32Array;
  /** Rows that go into each pack. */
  readonly counts: Int32Array;
}

/** Reads some rows and writes them as one object: a segment for each pack, one after the other. */
async function scatter(
  { ctx, plan, shape, rows }: BuildContext,
  parts: readonly RowPart[],
  { g, before, assigned, counts }: Group,
): Promise<void> {
  const set = await rows.read(parts);
  createFeatureCheck(plan.size, before).add(set.features);
  const bytes = new Uint8Array(offsetOf(shape, counts, counts.length));
  for (const [pack, count] of counts.entries()) {
    if (count === 0) continue;
    const segment = createPack(shape, count);
    const chosen = Int32Array.from({ length: count });
    let at = 0;
    for (const [row, of] of assigned.entries()) if (of === pack) chosen[at++] = row;
    copyRows(set, chosen, segment.set, 0);
    bytes.set(await sealPack(segment), offsetOf(shape, counts, pack));
  }
  await ctx.store.put(attemptKey(ctx, scatterKey(g)), bytes);
}

/** Where a pack's segment begins in what a group was scattered to. */
function offsetOf(shape: RowShape, counts: Int32Array, pack: number): number {
  return counts.subarray(0, pack).reduce((sum, rows) => sum + packBytes(shape, rows), 0);
}

/** Requests to the store that are under way at once; a Worker may have six. */
const READS = 6;

/** Reads a pack's segments and writes the pack. */
async function gather(
  build: BuildContext,
  index: number,
  counts: readonly Int32Array[],
  common: string,
): Promise<string> {
  const { ctx, plan, shape } = build;
  const pack = createPack(shape, plan.train[index] as number);
  const starts = counts.map(() => 0);
  for (let g = 1; g < counts.length; g++) {
    starts[g] = (starts[g - 1] as number) + (counts[g - 1]?.[index] as number);
  }
  await sideBySide(counts.length, READS, async (g) => {
    const own = counts[g] as Int32Array;
    const rows = own[index] as number;
    if (rows === 0) return;
    const key = attemptKey(ctx, scatterKey(g));
    const bytes = await ctx.store.getRange(key, offsetOf(shape, own, index), packBytes(shape, rows));
    const segment = bytes && (await openPack(bytes, shape, rows));
    if (segment === null) throw new RunFailure(describeLost(key, bytes !== null));
    copyAll(segment, pack.set, starts[g] as number);
  });
  const same = joinCommon(common, commonRow(pack.set, plan.size));
  await savePack(build, trainKey(index), pack);
  return same;
}

function describeLost(key: string, there: boolean): string {
  return there ? `${key} was truncated or altered` : `${key} is not there`;
}

function commonRow({ features }: Dataset, size: number): string {
  const differ = features.some((value, i) => value !== features[i % size]);
  return differ ? 'differ' : sha256Hex(floatBytes(features.subarray(0, size)));
}

function joinCommon(a: string, b: string): string {
  if (a === 'none') return b;
  return a === b ? a : 'differ';
}

/** Validation packs, as many in one piece of work as are read like one training pack. */
function planWatched(build: BuildContext): Piece[] {
  const { plan, snapshot, split } = build;
  const windows = watchedWindows(snapshot, split.validation);
  const packs = plan.watched.flatMap((window, w) => {
    let at = 0;
    return window.packs.map((rows, p) => {
      const positions = (windows[w]?.positions ?? []).slice(at, at + rows);
      at += rows;
      return { key: watchedKey(w, p), positions };
    });
  });
  const groups = groupWithin(packs, PACK_NUMBERS, ({ positions }) => positions.length * plan.size);
  return groups.map((group): Piece => async (common) => {
    for (const { key, positions } of group) await packWatched(build, key, positions);
    return common;
  });
}

async function packWatched(build: BuildContext, key: string, positions: readonly number[]): Promise<void> {
  const { ctx, snapshot, plan } = build;
  const seen = await readExamples(ctx, snapshot, positions);
  const { values: features } = featuresOf(ctx, plan.constants, seen);
  const pack = createPack(watchedShape(ctx, plan), positions.length);
  copyAll({ features, labels: objectiveBy(plan.target).encode(seen.labels) }, pack.set, 0);
  await savePack(build, key, pack);
}

/** As it is, and as the frozen end of a base shows it where a head is trained by itself first. */
async function savePack({ ctx, trunkRunner }: BuildContext, key: string, pack: OpenPack): Promise<void> {
  await ctx.store.put(attemptKey(ctx, key), await sealPack(pack));
  if (trunkRunner === null) return;
  const shown = trunkRunner.run(pack.set);
  const { task } = ctx.spec;
  const { labels, weights, teacher } = shown;
  const n = labels.length;
  const again = createPack(
    {
      task,
      size: shown.features.length / n,
      outputs: (teacher?.outputs.length ?? 0) / n,
      weighted: weights !== undefined,
      taught: teacher !== undefined,
    },
    n,
  );
  copyAll(shown, again.set, 0);
  await ctx.store.put(attemptKey(ctx, shownKey(key)), await sealPack(again));
}

/** What only the whole tells. */
async function finishDataset({ ctx, plan }: BuildContext, common: string): Promise<string> {
  const packs = openTrainPacks(ctx, plan);
  const n = countRows(packs);
  if (common !== 'differ' && n > 1) throw new RunFailure(describeSame(plan.size, n));
  const deviations = await measure(ctx, packs);
  await putJson(ctx.store, attemptKey(ctx, 'training/set.json'), { deviations });
  return common;
}

async function measure(
  { spec, base }: Pick<RunData, 'spec' | 'base'>,
  packs: DataLoader,
): Promise<number[] | null> {
  const { augmentation } = spec.training;
  const features = changesRows({ input: spec.input, hasBase: base !== null, augmentation });
  if (features === null) return null;
  // A tensor's channels come once for each of its places.
  const places = spec.input.kind === 'tensor' ? rawSize(spec.input) / features.length : 1;
  const measured = createFeatureMeasure(features, countRows(packs) * places);
  for (const pass of ['centre', 'spread'] as const) {
    for (const pack of packs.rows.keys()) measured[pass]((await packs.load(pack)).features);
  }
  return measured.deviations();
}

const SCATTERED = 'training/scattered-';
const scatterKey = (group: number): string => `${SCATTERED}${group}`;
const trainKey = (pack: number): string => `training/pack-${pack}`;
const watchedKey = (window: number, pack: number): string => `training/watched-${window}-${pack}`;
const shownKey = (key: string): string => `${key}-shown`;

/** A set that was built, to train on. */
export interface StoredDataset {
  readonly plan: DatasetPlan;
  readonly deviations: readonly number[] | null;
  readonly data: LoopData;
  /** The same as the frozen end of a base shows it, where a head is trained on that first. */
  readonly shown: LoopData | null;
}

/** The set once it is built, its packs read when they are asked for. Throws a RunFailure where it is not there. */
export async function openDataset(ctx: RunData): Promise<StoredDataset> {
  const plan = await loadPlan(ctx);
  const loaded = await loadJson(ctx.store, attemptKey(ctx, 'training/set.json'), setSchema);
  if (!loaded.ok) throw new RunFailure(describeReadError(loaded.error));
  return {
    plan,
    deviations: loaded.value.value.deviations,
    data: openData(ctx, plan, plan.size, (key) => key),
    shown: plan.shownSize === null ? null : openData(ctx, plan, plan.shownSize, shownKey),
  };
}

function openData(ctx: RunData, plan: DatasetPlan, size: number, named: (key: string) => string): LoopData {
  const cache = createPackCache(ctx);
  const shape = { ...watchedShape(ctx, plan), size };
  return {
    train: openTrainPacks(ctx, plan, size, named),
    watched: plan.watched.map(({ id, past, packs }, w) => ({
      id,
      past,
      set: {
        size,
        taught: false,
        rows: packs,
        load: (pack) => cache.load(named(watchedKey(w, pack)), shape, packs[pack] as number),
      },
    })),
  };
}

function openTrainPacks(
  ctx: RunData,
  plan: DatasetPlan,
  size = plan.size,
  named = (key: string): string => key,
): DataLoader {
  const cache = createPackCache(ctx);
  const shape = { ...shapeOf(ctx, plan), size };
  return {
    size,
    taught: plan.taught,
    rows: plan.train,
    load: (pack) => cache.load(named(trainKey(pack)), shape, plan.train[pack] as number),
    prefetch: (pack) => cache.expect(named(trainKey(pack)), shape, plan.train[pack] as number),
  };
}

interface PackCache {
  readonly load: (name: string, shape: RowShape, rows: number) => Promise<Dataset>;
  /** Begins to read one pack more, unless it is there. */
  readonly expect: (name: string, shape: RowShape, rows: number) => void;
}

/**
 * Reads packs, and keeps the last ones read as far as one pack has room: a small set is read once. Beside them is room
 * for the one that is expected.
 */
function createPackCache({ store, run, attempt }: RunFiles): PackCache {
  const kept = new Map<string, Dataset>();
  let numbers = 0;
  let coming: { readonly name: string; readonly set: Promise<Dataset> } | null = null;
  const read = async (name: string, shape: RowShape, rows: number): Promise<Dataset> => {
    const key = attemptKey({ run, ...(attempt && { attempt }) }, name);
    const object = await store.get(key);
    const set = object && (await openPack(object.bytes, shape, rows));
    if (set === null) throw new RunFailure(describeLost(key, object !== null));
    return set;
  };
  return {
    async load(name, shape, rows) {
      const present = kept.get(name);
      if (present !== undefined) return present;
      for (const [key, { features }] of kept) {
        if (numbers + rows * shape.size <= PACK_NUMBERS) break;
        kept.delete(key);
        numbers -= features.length;
      }
      const expected = coming?.name === name ? coming.set : null;
      if (expected !== null) coming = null;
      const set = await (expected ?? read(name, shape, rows));
      kept.set(name, set);
      numbers += set.features.length;
      return set;
    },
    expect(name, shape, rows) {
      if (kept.has(name) || coming?.name === name) return;
      const set = read(name, shape, rows);
      // Whoever loads it hears of it; where nobody does any more, nobody need.
      set.catch(() => {});
      coming = { name, set };
    },
  };
}

/**
 * Removes what was scattered, when the packs are there and known to be: not by the step that built them, beside whose
 * repetition an earlier body may still gather.
 */
export async function clearScattered(ctx: RunFiles): Promise<void> {
  for (const key of await ctx.store.list(attemptKey(ctx, SCATTERED))) await ctx.store.delete(key);
}

/** Removes all that a training leaves on its way; again without complaint. */
export async function clearTraining(ctx: RunFiles): Promise<void> {
  for (const key of await ctx.store.list(attemptKey(ctx, 'training/'))) await ctx.store.delete(key);
}

/**
 * Training examples in memory, for who looks at no more than some of them: all where they fit in a pack, or else `most`
 * at random, with their copies.
 */
export async function readSample(
  ctx: RunContext,
  snapshot: Snapshot,
  recipe: TrainingRecipe,
  most: number,
): Promise<{ readonly plan: DatasetPlan; readonly train: Dataset }> {
  const split = await loadSplit(ctx);
  const plan = await makePlan(ctx, snapshot, split, recipe);
  const chosen =
    plan.train.length === 1
      ? split.train
      : sample(split.train, most, createRandom(split.seed)).sort((a, b) => a - b);
  const rows = openRowReader(ctx, plan, recipe);
  try {
    const parts = planRows(ctx, recipe, snapshot, { train: chosen }, Infinity);
    return { plan, train: await rows.read(parts) };
  } finally {
    rows.close();
  }
}
