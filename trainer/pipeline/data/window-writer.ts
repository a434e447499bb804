/**
 * Writes the examples of a window as shards, in order of time: those of an earlier snapshot with what changed since. A
 * shard that nothing changed, and before which nothing was shifted, is kept as it is and not even read. Two groups of
 * examples are held at a time.
 */
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import type { FillInputs, HeldExample } from './history/batches.ts';
import { compareEntries, type Entry, type EntryCursor } from './history/changes.ts';
import { IndexDamage } from './history/index-files.ts';
import type { LabelledExample } from './history/join.ts';
import { readShardLines, saveShardLines, type ShardRef } from './snapshot-file.ts';

/** How many examples a shard has. */
export interface ShardSizes {
  readonly examples: number;
  /** where inputs are objects of their own */
  readonly objects: number;
}

/**
 * Small enough that one shard's features are a short step of a Workflow. Large inputs are objects of their own, a request
 * each, and a step may make a thousand.
 */
export const SHARD_SIZES: ShardSizes = { examples: 1_000, objects: 200 };

/** Shards that were cut from as many examples as make one. */
export interface Group {
  readonly shards: readonly ShardRef[];
  /** when the first example of each was seen */
  readonly starts: readonly number[];
  /** examples at its beginning that are left out */
  readonly skip: number;
}

/**
 * Shards of a window as the groups that they were cut from.
 *
 * @param starts  when the first example of each was seen
 * @param size    how many examples a group has, unless it is the last one
 * @param skip    examples at the beginning that are left out
 */
export function groupShards(
  shards: readonly ShardRef[],
  starts: readonly number[],
  size: number,
  skip = 0,
): Group[] {
  const groups: Group[] = [];
  let from = 0;
  let left = skip;
  for (let to = 1; to <= shards.length; to++) {
    const own = shards.slice(from, to);
    const examples = own.reduce((sum, shard) => sum + shard.examples, 0);
    if (examples < size && to < shards.length) continue;
    if (examples > left) groups.push({ shards: own, starts: starts.slice(from, to), skip: left });
    left = Math.max(0, left - examples);
    from = to;
  }
  return groups;
}

export interface Writer {
  readonly store: ObjectStore;
  readonly model: string;
  readonly fill: FillInputs;
  readonly sizes: ShardSizes;
  /** The key of a batch. */
  readonly batchKey: (number: number) => string;
  /** Between two shards. */
  readonly yieldControl?: () => Promise<void>;
}

export interface WrittenWindow {
  readonly shards: readonly ShardRef[];
  readonly starts: readonly number[];
  readonly examples: number;
  /** examples that were seen before a time that was asked for */
  readonly late: number;
  /** when the newest example was seen; null where there is none, or its shard was kept unread */
  readonly lastMs: number | null;
}

export interface WindowPlan {
  /** what an earlier snapshot has of it, in order */
  readonly base: readonly Group[];
  /** what changed since, in order: its entries before `untilMs` are taken */
  readonly changes: EntryCursor;
  /** exclusive */
  readonly untilMs: number;
  /** examples before count as late */
  readonly lateBeforeMs: number;
}

/** An example on its way into a shard. */
interface Row {
  readonly at: number;
  /** as it is stored already */
  readonly line: string | null;
  readonly held: HeldExample;
}

/** @throws IndexDamage where a shard that it has to read is not there, or was altered */
export async function writeWindow(writer: Writer, plan: WindowPlan): Promise<WrittenWindow> {
  const { base, changes, untilMs, lateBeforeMs } = plan;
  const out = createOutput(writer, lateBeforeMs);
  const headBefore = (entry: Entry | null): Entry | undefined => {
    const head = changes.head();
    if (head === undefined || head.at >= untilMs) return undefined;
    return entry === null || compareEntries(head, entry) <= 0 ? head : undefined;
  };
  /** Adds what changed up to a place, and says whether something is said about that very place. */
  const addChanges = async (place: Entry | null): Promise<boolean> => {
    let isSaid = false;
    for (let head = headBefore(place); head !== undefined; head = headBefore(place)) {
      isSaid = place !== null && compareEntries(head, place) === 0;
      if (head.example !== null) await out.add(rowOf(writer, head, head.example));
      const filled = changes.next();
      if (filled !== undefined) await filled;
    }
    return isSaid;
  };
  for (const [i, group] of base.entries()) {
    const nextMs = base[i + 1]?.starts[0];
    const change = headBefore(null);
    const isTouched = change !== undefined && change.at <= (nextMs ?? Number.POSITIVE_INFINITY);
    if (!isTouched && out.keep(group, nextMs)) continue;
    for (const { row, place } of await readGroup(writer, group)) {
      if (!(await addChanges(place))) await out.add(row);
    }
  }
  await addChanges(null);
  return out.end();
}

function rowOf({ batchKey }: Writer, { at, batch }: Entry, example: LabelledExample): Row {
  return { at, line: null, held: { example, batch: batch === null ? null : batchKey(batch) } };
}

async function readGroup(
  { store, model }: Writer,
  { shards, skip }: Group,
): Promise<{ readonly row: Row; readonly place: Entry }[]> {
  const rows: { readonly row: Row; readonly place: Entry }[] = [];
  for (const shard of shards) {
    const lines = await readShardLines(store, model, shard);
    if (!lines.ok) throw new IndexDamage(lines.error.detail);
    for (const line of lines.value) {
      const example = JSON.parse(line) as LabelledExample;
      const { at } = example;
      rows.push({ row: { at, line, held: { example, batch: null } }, place: placeOf(example) });
    }
  }
  return rows.slice(skip);
}

/** Where an example stands. */
export function placeOf(example: LabelledExample, toggles: readonly number[] = []): Entry {
  const { at, id, served } = example;
  return { at, id, whole: served === undefined, example, batch: null, toggles };
}

interface Output {
  readonly add: (row: Row) => Promise<void>;
  /**
   * Takes a group as it is, where it can.
   *
   * @param nextMs  when the first example after it was seen; undefined where none comes
   */
  readonly keep: (group: Group, nextMs: number | undefined) => boolean;
  readonly end: () => Promise<WrittenWindow>;
}

function createOutput(writer: Writer, lateBeforeMs: number): Output {
  const { sizes } = writer;
  const shards: ShardRef[] = [];
  const starts: number[] = [];
  let rows: Row[] = [];
  let examples = 0;
  let late = 0;
  let lastMs: number | null = null;
  const flush = async (): Promise<void> => {
    const filled = await writer.fill(rows.flatMap(({ line, held }) => (line === null ? [held] : [])));
    let next = 0;
    const all = rows.map(({ line, held: { example } }) => {
      if (line !== null) return { line, isInline: example.input.base64 !== undefined };
      const full = filled[next++] as LabelledExample;
      return { line: JSON.stringify(full), isInline: full.input.base64 !== undefined };
    });
    const size = all.some(({ isInline }) => !isInline) ? sizes.objects : sizes.examples;
    for (let from = 0; from < all.length; from += size) {
      const lines = all.slice(from, from + size).map(({ line }) => line);
      shards.push(await saveShardLines(writer.store, writer.model, lines));
      starts.push(rows[from]?.at ?? 0);
    }
    rows = [];
    await writer.yieldControl?.();
  };
  return {
    async add(row) {
      rows.push(row);
      examples += 1;
      late += Number(row.at < lateBeforeMs);
      lastMs = row.at;
      if (rows.length === sizes.examples) await flush();
    },
    keep(group, nextMs) {
      const size = group.shards.reduce((sum, shard) => sum + shard.examples, 0);
      const isWhole = group.skip === 0 && (size === sizes.examples || nextMs === undefined);
      const lateHere = countLate(group, size, nextMs, lateBeforeMs);
      if (rows.length > 0 || !isWhole || lateHere === null) return false;
      shards.push(...group.shards);
      starts.push(...group.starts);
      examples += size;
      late += lateHere;
      lastMs = null;
      return true;
    },
    async end() {
      if (rows.length > 0) await flush();
      return { shards, starts, examples, late, lastMs };
    },
  };
}

/** Null where only reading it could tell. */
function countLate(
  { starts }: Group,
  size: number,
  nextMs: number | undefined,
  beforeMs: number,
): number | null {
  if ((starts[0] ?? 0) >= beforeMs) return 0;
  return nextMs !== undefined && nextMs < beforeMs ? size : null;
}
