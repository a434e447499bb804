/**
 * The examples that recipes are compared on: a snapshot's, without the holdout. What judges candidates every night is
 * not used up by comparing recipes.
 */
import type { TaskSpec } from '../../shared/model/task.ts';
import { createRandom, shuffle } from '../../shared/random.ts';
import { addCopies } from '../pipeline/augmented-features.ts';
import { type RunContext, RunFailure } from '../pipeline/context.ts';
import { type Examples, readExamples } from '../pipeline/features.ts';
import { storeFeatures } from '../pipeline/store-features.ts';
import { checkRoom, readingRecipe } from '../pipeline/unfreeze.ts';
import { loadShard, shardsOf, type Snapshot } from '../pipeline/snapshot-file.ts';
import { assignSides } from '../pipeline/split.ts';
import type { Identities } from './random-split.ts';
import type { RecipeSettings } from './recipe.ts';
import type { SplitTask } from './split-bench.ts';
import type { Subject } from './train-recipe.ts';

/** Fewer leave a handful to test on. */
const LEAST_EXAMPLES = 20;

/**
 * At most so many of them, at random from the seed, with the copies that each recipe wants of them. Features
 * and copies that are missing are computed and kept.
 *
 * @throws RunFailure when there are too few
 */
export async function readTask(
  ctx: RunContext,
  snapshot: Snapshot,
  recipes: SplitTask['recipes'],
  { seed, most }: { readonly seed: number; readonly most: number },
): Promise<SplitTask> {
  const { sides } = await assignSides(ctx, snapshot);
  const free = sides.flat().flatMap((side, at) => (side === 'train' || side === 'validation' ? [at] : []));
  const positions = shuffle(free, createRandom(seed))
    .slice(0, most)
    .sort((a, b) => a - b);
  if (positions.length < LEAST_EXAMPLES) {
    throw new RunFailure(
      `snapshot ${snapshot.id}: expected at least ${LEAST_EXAMPLES} examples that are not held out, got ${positions.length}`,
    );
  }
  const identities = await identify(ctx, snapshot, positions);
  const read = async (recipe: RecipeSettings, seen?: Seen): Promise<Seen> => {
    const own = await readingRecipe(ctx, recipe.training);
    if (seen?.ctx.spec.base === own.spec.base) return { ctx: own, examples: seen.examples };
    checkRoom(own, positions.length);
    for (const shard of shardsOf(snapshot)) await storeFeatures(own, shard, async () => {});
    return { ctx: own, examples: await readExamples(own, snapshot, positions) };
  };
  const first = await read(recipes[0]);
  const second = await read(recipes[1], first);
  const toSubject = async (seen: Seen, { training }: RecipeSettings): Promise<Subject> => {
    const all = await addCopies(seen.ctx, training, snapshot, { train: positions }, seen.examples);
    return { ...subjectOf(seen, identities), copies: all.values.subarray(seen.examples.values.length) };
  };
  return {
    subjects: [await toSubject(first, recipes[0]), await toSubject(second, recipes[1])],
    recipes,
  };
}

/** Examples, and how a recipe's version reads them. */
interface Seen {
  readonly ctx: RunContext;
  readonly examples: Examples;
}

function subjectOf(
  { ctx: { spec, unfrozen }, examples }: Seen,
  identities: Identities,
): Omit<Subject, 'copies'> {
  const task: TaskSpec =
    spec.task === 'classification'
      ? { task: spec.task, labels: spec.labels }
      : { task: spec.task, target: spec.target };
  const { values, size, labels } = examples;
  const { input, base } = spec;
  const subject = { input, task, values, size, hasBase: base !== null, labels, identities };
  return { ...subject, ...(unfrozen && { unfrozen }) };
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
