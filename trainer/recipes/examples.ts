/**
 * The examples that recipes are compared on: a snapshot's, without the holdout. What judges candidates every night is
 * not used up by comparing recipes.
 */
import type { TaskSpec } from '../../shared/model/spec/task.ts';
import { rawSize } from '../../shared/model/spec/input.ts';
import { createRandom, shuffle } from '../../shared/random.ts';
import { addCopies, copiesWanted } from '../pipeline/features/augmented-features.ts';
import type { RunContext, RunData, RunFiles } from '../run/context.ts';
import { loadFeatureSize } from '../pipeline/features/feature-size.ts';
import { type Examples, readExamples } from '../pipeline/features/features.ts';
import { runDirectly } from '../pipeline/features/portions.ts';
import { extractFeatures } from '../pipeline/features/store-features.ts';
import { checkMemory, readingRecipe } from '../pipeline/features/unfreeze.ts';
import { loadShard, shardsOf, type Snapshot } from '../pipeline/data/snapshot-file.ts';
import { assignSides } from '../pipeline/data/split.ts';
import { RunFailure } from '../run-failure.ts';
import type { Identities, RecipeSettings, SplitTask, Subject } from '../run/split-backend.ts';
import { openQuarantines } from '../pipeline/data/quarantines.ts';

/** Fewer leave a handful to test on. */
const LEAST_EXAMPLES = 20;

/**
 * What all of them may take in memory, with their copies; a training copies its part of them once more. The same on
 * every host, so that what is compared depends on the recipes and on the data alone.
 */
const ROOM_BYTES = 24_000_000;

/**
 * At most so many of them, and as many as there is room for, at random from the seed, with the copies that each recipe
 * wants of them. Features and copies that are missing are computed and kept.
 *
 * @throws RunFailure when there are too few
 */
export async function readTask(
  ctx: RunContext,
  snapshot: Snapshot,
  recipes: SplitTask['recipes'],
  { seed, most }: { readonly seed: number; readonly most: number },
): Promise<SplitTask> {
  const readers: Readers = [
    await readingRecipe(ctx, recipes[0].training),
    await readingRecipe(ctx, recipes[1].training),
  ];
  const fitting = Math.floor(ROOM_BYTES / (await bytesPerExample(readers, recipes)));
  const positions = await choosePositions(ctx, snapshot, { seed, most: Math.min(most, fitting) });
  const identities = await identify(ctx, snapshot, positions);
  const first = await readWith(readers[0], snapshot, positions);
  const second = sameBase(readers)
    ? { ctx: readers[1], examples: first.examples }
    : await readWith(readers[1], snapshot, positions);
  const toSubject = async (seen: ReadExamples, { training }: RecipeSettings): Promise<Subject> => {
    const all = await addCopies(seen.ctx, training, snapshot, { train: positions }, seen.examples);
    return { ...subjectOf(seen, identities), copies: all.values.subarray(seen.examples.values.length) };
  };
  return {
    subjects: [await toSubject(first, recipes[0]), await toSubject(second, recipes[1])],
    recipes,
  };
}

/** How each recipe's version reads an example. */
type Readers = readonly [RunContext, RunContext];

function sameBase([first, second]: Readers): boolean {
  return first.base === second.base;
}

/** Of both recipes together: the base's features, or the input, and the copies; what they share counts once. */
async function bytesPerExample(readers: Readers, recipes: SplitTask['recipes']): Promise<number> {
  let rows = 0;
  for (const [i, { store, spec, base }] of readers.entries()) {
    const size = base === null ? rawSize(spec.input) : await loadFeatureSize(store, base);
    const own = i === 0 || !sameBase(readers) ? 1 : 0;
    rows += size * (own + copiesWanted(spec, (recipes[i] as RecipeSettings).training));
  }
  return rows * Float32Array.BYTES_PER_ELEMENT;
}

/** Ascending. */
async function choosePositions(
  ctx: RunData,
  snapshot: Snapshot,
  { seed, most }: { readonly seed: number; readonly most: number },
): Promise<number[]> {
  const { sides } = await assignSides(ctx, snapshot, await openQuarantines(ctx));
  const free = sides.flat().flatMap((side, at) => (side === 'train' || side === 'validation' ? [at] : []));
  if (Math.min(most, free.length) >= LEAST_EXAMPLES) {
    return shuffle(free, createRandom(seed))
      .slice(0, most)
      .sort((a, b) => a - b);
  }
  const found =
    free.length < LEAST_EXAMPLES ? `got ${free.length}` : `of ${free.length} there is room for ${most}`;
  throw new RunFailure(
    `snapshot ${snapshot.id}: expected at least ${LEAST_EXAMPLES} examples that are not held out, ${found}`,
  );
}

async function readWith(
  ctx: RunContext,
  snapshot: Snapshot,
  positions: readonly number[],
): Promise<ReadExamples> {
  checkMemory(ctx, positions.length);
  await extractFeatures({ ...ctx, onProgress: () => {} }, snapshot, [ctx.base], runDirectly);
  return { ctx, examples: await readExamples(ctx, snapshot, positions) };
}

/** Examples, and how a recipe's version reads them. */
interface ReadExamples {
  readonly ctx: RunContext;
  readonly examples: Examples;
}

function subjectOf(
  { ctx: { spec, base, unfrozen }, examples }: ReadExamples,
  identities: Identities,
): Omit<Subject, 'copies'> {
  const task: TaskSpec =
    spec.task === 'classification'
      ? { task: spec.task, labels: spec.labels }
      : { task: spec.task, target: spec.target };
  const { values, size, labels } = examples;
  const subject = { input: spec.input, task, values, size, hasBase: base !== null, labels, identities };
  return { ...subject, ...(unfrozen && { unfrozen }) };
}

async function identify(
  { store, run }: RunFiles,
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
