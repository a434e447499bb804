/**
 * The rows of a training set, in order: the training examples of the snapshot, then their augmented copies. They are
 * read a part at a time, as the model reads them, with what each counts and what the champion answers.
 */
import type { LabelledExample } from '../data/history/join.ts';
import type { TrainingRecipe } from '../../../shared/model/spec/training.ts';
import { teach } from '../../training/distillation.ts';
import type { Dataset } from '../../training/dataset.ts';
import { predict, openChampion, type LoadedVersion } from '../features/judged-model.ts';
import { type CopyPart, planCopies, readCopies } from '../features/augmented-features.ts';
import { readingBase, type RunContext, type RunData, type RunFiles } from '../../run/context.ts';
import { type Examples, featuresOf, readShardValues } from '../features/features.ts';
import { objectiveBy } from './objective.ts';
import { loadShard, type ShardRef, shardsOf, type Snapshot } from '../data/snapshot-file.ts';
import type { Split } from '../data/split.ts';
import type { TargetScale } from './target-scale.ts';
import type { Constants } from '../../../shared/registry/versions/manifest.ts';

/** Some training examples of one shard, or one copy of each. */
export interface RowPart {
  readonly shard: ShardRef;
  /** Places in the shard, ascending. */
  readonly indices: readonly number[];
  /** What makes the copies; null for the examples themselves. */
  readonly copy: CopyPart | null;
}

/**
 * All rows, in parts.
 *
 * @param most  rows of a part
 */
export function planRows(
  { spec }: Pick<RunData, 'spec'>,
  recipe: TrainingRecipe,
  snapshot: Snapshot,
  { train }: Pick<Split, 'train'>,
  most: number,
): RowPart[] {
  const originals = placesByShard(snapshot, train).map((part) => ({ ...part, copy: null }));
  const copies = planCopies(spec, recipe, snapshot, { train }).map((copy) => ({
    shard: copy.shard,
    indices: copy.indices,
    copy,
  }));
  return [...originals, ...copies].flatMap((part) => cut(part, most));
}

/** @param positions  in the snapshot, ascending */
function placesByShard(snapshot: Snapshot, positions: readonly number[]): Omit<RowPart, 'copy'>[] {
  let [start, next] = [0, 0];
  return shardsOf(snapshot).flatMap((shard) => {
    const indices: number[] = [];
    for (; next < positions.length && (positions[next] as number) < start + shard.examples; next++) {
      indices.push((positions[next] as number) - start);
    }
    start += shard.examples;
    return indices.length === 0 ? [] : [{ shard, indices }];
  });
}

function cut(part: RowPart, most: number): RowPart[] {
  if (part.indices.length <= most) return [part];
  const count = Math.ceil(part.indices.length / most);
  return Array.from({ length: count }, (_, i) => {
    const indices = part.indices.slice(i * most, (i + 1) * most);
    return { ...part, indices, copy: part.copy && { ...part.copy, indices } };
  });
}

/** What of a dataset's plan decides how its rows are read. */
export interface RowFormat {
  readonly constants: Constants | null;
  /** Of a regression's targets. */
  readonly target: TargetScale | null;
  /** What an example of each class counts; null where all count alike. */
  readonly classWeights: readonly number[] | null;
  /** Whether the champion's answers stand beside the examples. */
  readonly taught: boolean;
}

/** Reads rows as the model reads them. What it holds open, the champion, is given back by `close`. */
export interface RowReader {
  /** In the parts' order. */
  read(parts: readonly RowPart[]): Promise<Dataset>;
  close(): void;
}

/** @param recipe  what the champion's answers are softened and weighed by */
export function openRowReader(ctx: RunContext, plan: RowFormat, recipe: TrainingRecipe): RowReader {
  const objective = objectiveBy(plan.target);
  let champion: LoadedVersion | null = null;
  const ask = async (parts: readonly RowPart[], examples: Examples): Promise<Float32Array | null> => {
    if (!plan.taught) return null;
    champion ??= await openChampion(ctx, ctx.runtime);
    if (champion === null) return null;
    const reading = readingBase(ctx, champion.base);
    return predict(reading, champion, reading === ctx ? examples : await readParts(reading, parts));
  };
  return {
    async read(parts) {
      const examples = await readParts(ctx, parts);
      const labels = objective.encode(examples.labels);
      const answers = await ask(parts, examples);
      const { task } = ctx.spec;
      const teacher =
        answers && teach(ctx.kernels, objective.encodeAnswers(answers), labels, recipe.distillation, task);
      const { classWeights } = plan;
      return {
        features: featuresOf(ctx, plan.constants, examples).values,
        labels,
        ...(classWeights && {
          weights: Float32Array.from(labels, (label) => classWeights[label] as number),
        }),
        ...(teacher && { teacher }),
      };
    },
    close: () => champion?.program.dispose(),
  };
}

/** Raw inputs, or features where there is a base. */
async function readParts(ctx: RunContext, parts: readonly RowPart[]): Promise<Examples> {
  const n = parts.reduce((sum, { indices }) => sum + indices.length, 0);
  const ids: string[] = [];
  const labels = new Float64Array(n);
  let values = new Float32Array();
  let size = 0;
  for (const part of parts) {
    const chosen = await loadChosen(ctx, part);
    const own = await readValues(ctx, part, chosen);
    size = own.length / chosen.length;
    if (values.length === 0) values = new Float32Array(n * size);
    values.set(own, ids.length * size);
    labels.set(
      chosen.map(({ label }) => label),
      ids.length,
    );
    ids.push(...chosen.map(({ id }) => id));
  }
  return { ids, labels, values, size };
}

/** The examples of one part, in the order of its indices. */
export async function loadChosen(
  { store, run }: RunFiles,
  { shard, indices }: Pick<RowPart, 'shard' | 'indices'>,
): Promise<LabelledExample[]> {
  const examples = await loadShard(store, run.model, shard);
  return indices.map((index) => examples[index] as LabelledExample);
}

/** @returns [indices, size] */
async function readValues(
  ctx: RunContext,
  { shard, indices, copy }: RowPart,
  chosen: readonly LabelledExample[],
): Promise<Float32Array> {
  return copy === null ? readShardValues(ctx, shard, indices, chosen) : readCopies(ctx, copy);
}
