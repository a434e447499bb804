/**
 * What versions would have answered to what came in: the logged inputs of labelled examples, through the plans that
 * production runs, by the binary that production runs. So no traffic is mirrored, and each answer is the one that the
 * version would have given, bit for bit.
 */
import type { LabelledExample } from '../pipeline/data/history/join.ts';
import { logLosses } from '../../shared/continuity/policy/probabilities.ts';
import { UNGROUPED } from '../../shared/continuity/statistics/design-effect.ts';
import { predict, argmaxRows, type JudgedModel } from '../pipeline/features/judged-model.ts';
import type { RunData, RunFiles } from '../run/context.ts';
import { readExamples } from '../pipeline/features/features.ts';
import { isQuarantined, type TimeRange } from '../pipeline/data/time-range.ts';
import { loadShard, type Snapshot } from '../pipeline/data/snapshot-file.ts';

/** Whoever answers, under which number, and from when on: `fromMs` inclusive. */
export interface Wanted {
  readonly number: number;
  readonly judged: JudgedModel;
  readonly fromMs: number;
}

/** Examples in order of time, [n] each. */
export interface Replayed {
  /** the examples' names, and where they stand in the snapshot */
  readonly ids: readonly string[];
  readonly positions: readonly number[];
  /** when each input was seen, milliseconds */
  readonly times: Float64Array;
  /** class ids, or targets */
  readonly labels: Float64Array;
  /** the same id for the same group, UNGROUPED for an example on its own; null without groups */
  readonly groups: Int32Array | null;
  /** the same id for the same input */
  readonly contents: Int32Array;
  /** what was served, where an example was a prediction: a class id or a number; null elsewhere */
  readonly served: readonly (number | null)[];
  /** what each version's answers are, by its number: class ids or numbers; NaN before its time, and of labels it is older than */
  readonly answers: ReadonlyMap<number, Float64Array>;
  /** the log loss of each version's probabilities, likewise; empty unless the gate's metric asks for it */
  readonly logLosses: ReadonlyMap<number, Float64Array>;
}

/**
 * Everything labelled whose input was seen at `fromMs` or later, answered by those who are wanted there.
 *
 * @param apart  stretches of time whose labels nobody believes
 */
export async function replay(
  ctx: RunData,
  snapshot: Snapshot,
  wanted: readonly Wanted[],
  apart: readonly TimeRange[],
): Promise<Replayed> {
  const fromMs = Math.min(...wanted.map((each) => each.fromMs));
  const chosen: LabelledExample[] = [];
  const places: number[] = [];
  const answers = new Map<number, number[]>(wanted.map(({ number }) => [number, []]));
  const losses = new Map<number, number[]>(wanted.map(({ number }) => [number, []]));
  const wantsLosses = ctx.spec.task === 'classification' && ctx.spec.gate.metric === 'log-loss';
  for await (const { examples, positions } of shardsSince(ctx, snapshot, fromMs, apart)) {
    const read = await readExamples(ctx, snapshot, positions);
    chosen.push(...examples);
    places.push(...positions);
    for (const { number, judged, fromMs: own } of wanted) {
      const asked = examples.some(({ at }) => at >= own);
      const outputs = asked ? await predict(ctx, judged, read) : null;
      const known = answerable(ctx, judged);
      const note = (column: number[] | undefined, said: ArrayLike<number> | null): void => {
        for (const [i, { at, label }] of examples.entries())
          column?.push(said && at >= own && known(label) ? (said[i] as number) : NaN);
      };
      note(answers.get(number), outputs && decide(ctx, outputs, positions.length));
      if (wantsLosses) note(losses.get(number), outputs && logLosses(Int32Array.from(read.labels), outputs));
    }
  }
  return {
    ids: chosen.map(({ id }) => id),
    positions: places,
    times: Float64Array.from(chosen, ({ at }) => at),
    labels: Float64Array.from(chosen, ({ label }) => label),
    served: chosen.map(({ served }) => served?.predicted ?? null),
    ...identify(chosen),
    answers: toColumns(answers),
    logLosses: toColumns(wantsLosses ? losses : new Map()),
  };
}

function toColumns(columns: ReadonlyMap<number, readonly number[]>): Map<number, Float64Array> {
  return new Map([...columns].map(([number, column]) => [number, Float64Array.from(column)]));
}

/** Examples of a shard that are new enough, with their positions in the snapshot. */
async function* shardsSince(
  { store, run }: RunFiles,
  snapshot: Snapshot,
  fromMs: number,
  apart: readonly TimeRange[],
) {
  let start = 0;
  for (const { shards, toMs } of snapshot.windows) {
    for (const shard of shards) {
      const base = start;
      start += shard.examples;
      if (toMs <= fromMs) continue;
      const all = await loadShard(store, run.model, shard);
      const inside = [...all.entries()].filter(([, { at }]) => at >= fromMs && !isQuarantined(at, apart));
      if (inside.length === 0) continue;
      yield { examples: inside.map(([, example]) => example), positions: inside.map(([i]) => base + i) };
    }
  }
}

/** Whether a version could have given this label: it may be older than the label, and is not judged by it then. */
function answerable({ spec }: RunData, { program }: JudgedModel): (label: number) => boolean {
  return spec.task === 'regression' ? () => true : (label) => label < program.outputSize;
}

/** Class ids of the largest probabilities, or the numbers themselves. */
export function decide({ spec }: Pick<RunData, 'spec'>, outputs: Float32Array, n: number): ArrayLike<number> {
  return spec.task === 'classification' ? argmaxRows(outputs, n) : outputs;
}

/** Groups and inputs by numbers, in the order in which they first come. */
export function identify(examples: readonly LabelledExample[]): Pick<Replayed, 'groups' | 'contents'> {
  const groups = numbering();
  const contents = numbering();
  const groupIds = Int32Array.from(examples, ({ group }) =>
    group === undefined ? UNGROUPED : groups(group),
  );
  return {
    groups: groupIds.some((id) => id !== UNGROUPED) ? groupIds : null,
    contents: Int32Array.from(examples, ({ input }) => contents(input.digest)),
  };
}

/** Numbers names in the order in which they first come. */
function numbering(): (name: string) => number {
  const ids = new Map<string, number>();
  return (name) => {
    const known = ids.get(name);
    if (known !== undefined) return known;
    ids.set(name, ids.size);
    return ids.size - 1;
  };
}
