/**
 * What a run draws of a long history, in shards of its own: so that training and evidence, which read it again and again,
 * read no other examples of the past. The current window is there whole. `runs/<id>/selected/`, gone when the run ends.
 *
 * Examples keep their order, so what is trained is what the whole snapshot would give, bit for bit. Where a model reads a
 * base nothing is selected: its features are kept by the snapshot's shards.
 */
import * as z from 'zod';
import {
  describeReadError,
  encodeCompactJson,
  loadJson,
  putJson,
} from '../../../shared/registry/store/json.ts';
import { attemptKey, type Host, type RunFiles } from '../../run/context.ts';
import { RunFailure } from '../../run-failure.ts';
import { sideBySide } from '../../side-by-side.ts';
import {
  encodeShard,
  readShardLines,
  type ShardRef,
  type Snapshot,
  type SnapshotWindow,
  snapshotWindowSchema,
} from './snapshot-file.ts';
import { SELECTED_SPLIT, type Split } from './split.ts';

const FOLDER = 'selected/';
/** As many as a shard of a snapshot has. */
const SHARD_EXAMPLES = 1_000;
/** Below this a selection would save less than it costs. */
const LEAST_SAVED = 2;
/** Requests to the store at a time. */
const READS = 6;

const selectionSchema = z.object({
  format: z.literal('holdfast-selection/1'),
  snapshot: z.string(),
  windows: z.array(snapshotWindowSchema),
  /** Where its examples stand in the snapshot, by window; null where a window is there whole. */
  positions: z.array(z.array(z.int().min(0)).nullable()),
});
type SelectionFile = z.infer<typeof selectionSchema>;

/** A snapshot as a run reads it, and where its examples stand in the one that it is of. */
export interface Selection {
  readonly snapshot: Snapshot;
  readonly positionOf: (position: number) => number;
}

/**
 * Reads each shard of the past once, writes what is drawn of it, and the split by the new positions. A repetition writes
 * the same.
 *
 * @param split  of the whole snapshot
 * @returns examples that are kept; null where nothing is selected
 */
export async function selectExamples(
  ctx: RunFiles & Pick<Host, 'yieldControl'>,
  snapshot: Snapshot,
  split: Split,
): Promise<number | null> {
  const wanted = wantedByWindow(snapshot, split);
  const past = snapshot.windows.slice(0, -1).reduce((sum, { examples }) => sum + examples, 0);
  const drawn = wanted.slice(0, -1).reduce((sum, { length }) => sum + length, 0);
  if (past < LEAST_SAVED * drawn || past - drawn < SHARD_EXAMPLES) return null;
  const windows: SnapshotWindow[] = [];
  const positions: (number[] | null)[] = [];
  let start = 0;
  for (const [i, window] of snapshot.windows.entries()) {
    const isCurrent = i === snapshot.windows.length - 1;
    const own = wanted[i] as number[];
    const shards = isCurrent ? window.shards : await copyShards(ctx, window.shards, own, start);
    windows.push({ ...window, shards, examples: isCurrent ? window.examples : own.length });
    positions.push(isCurrent ? null : own);
    start += window.examples;
  }
  const file: SelectionFile = { format: 'holdfast-selection/1', snapshot: snapshot.id, windows, positions };
  await ctx.store.put(selectionKey(ctx), encodeCompactJson(file));
  await putJson(ctx.store, attemptKey({ run: ctx.run }, SELECTED_SPLIT), renumber(split, snapshot, file));
  return windows.reduce((sum, { examples }) => sum + examples, 0);
}

/** Positions that are trained on, watch or judge, ascending, by window. */
function wantedByWindow(
  { windows }: Snapshot,
  { train, validation, holdout, judged = holdout }: Split,
): number[][] {
  const all = Float64Array.from([...train, ...validation, ...judged.flat()]).sort();
  let start = 0;
  let at = 0;
  return windows.map(({ examples }) => {
    const from = at;
    start += examples;
    while (at < all.length && (all[at] as number) < start) at += 1;
    return [...all.subarray(from, at)];
  });
}

/** @param start  position of the first example of the shards */
async function copyShards(
  { store, run, yieldControl }: RunFiles & Pick<Host, 'yieldControl'>,
  shards: readonly ShardRef[],
  wanted: readonly number[],
  start: number,
): Promise<ShardRef[]> {
  let at = start;
  let next = 0;
  const parts = shards.flatMap((shard) => {
    const own: number[] = [];
    for (; next < wanted.length && (wanted[next] as number) < at + shard.examples; next++)
      own.push((wanted[next] as number) - at);
    at += shard.examples;
    return own.length === 0 ? [] : [{ shard, own }];
  });
  const copied: ShardRef[] = [];
  let lines: string[] = [];
  const flush = async (): Promise<void> => {
    const { digest, bytes } = await encodeShard(lines);
    const key = attemptKey({ run }, `${FOLDER}${digest}`);
    await store.put(key, bytes);
    copied.push({ digest, examples: lines.length, key });
    lines = [];
  };
  for (let i = 0; i < parts.length; i += READS) {
    const some = parts.slice(i, i + READS);
    const read: string[][] = [];
    await sideBySide(some.length, READS, async (p) => {
      const { shard, own } = some[p] as (typeof parts)[number];
      const chosen = await readShardLines(store, run.model, shard, own);
      if (!chosen.ok) throw new RunFailure(chosen.error.detail);
      read[p] = chosen.value;
    });
    for (const line of read.flat()) {
      lines.push(line);
      if (lines.length === SHARD_EXAMPLES) await flush();
    }
    await yieldControl?.();
  }
  if (lines.length > 0) await flush();
  return copied;
}

/** The split with the positions that examples have in the selection. */
function renumber(split: Split, { windows }: Snapshot, { positions }: SelectionFile): Split {
  const places = new Map<number, number>();
  let start = 0;
  let place = 0;
  for (const [i, { examples }] of windows.entries()) {
    const own = positions[i] ?? Array.from({ length: examples }, (_, at) => start + at);
    for (const position of own) places.set(position, place++);
    start += examples;
  }
  const moved = (list: readonly number[]): number[] => list.map((position) => places.get(position) as number);
  const { judged = split.holdout, ...rest } = split;
  return {
    ...rest,
    train: moved(split.train),
    validation: moved(split.validation),
    holdout: judged.map(moved),
  };
}

/** What training and evidence read: the run's selection, or the snapshot where it made none. */
export async function openSelection(ctx: RunFiles, snapshot: Snapshot): Promise<Selection> {
  const loaded = await loadJson(ctx.store, selectionKey(ctx), selectionSchema);
  if (!loaded.ok && loaded.error.kind === 'missing') return { snapshot, positionOf: (position) => position };
  if (!loaded.ok) throw new RunFailure(describeReadError(loaded.error));
  const { windows, positions } = loaded.value.value;
  let start = 0;
  const all = snapshot.windows.flatMap(({ examples }, i) => {
    const own = positions[i] ?? Array.from({ length: examples }, (_, at) => start + at);
    start += examples;
    return own;
  });
  const examples = windows.reduce((sum, window) => sum + window.examples, 0);
  return {
    snapshot: { ...snapshot, windows, examples },
    positionOf: (position) => all[position] as number,
  };
}

function selectionKey({ run }: Pick<RunFiles, 'run'>): string {
  return attemptKey({ run }, 'selection.json');
}

/** Removes what a run selected, when it is over: whoever looks at the run goes by the whole snapshot again. */
export async function clearSelection({ store, run }: RunFiles): Promise<void> {
  // All of it has names that begin alike.
  for (const key of await store.list(attemptKey({ run }, 'select'))) await store.delete(key);
}
