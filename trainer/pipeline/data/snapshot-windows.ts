/**
 * The windows of a snapshot, from the index of the history: what an earlier snapshot has of them, with what changed
 * since; or from nothing, where no earlier one will do. Both give the same shards, digest for digest.
 */
import * as z from 'zod';
import { loadJson, putJson } from '../../../shared/registry/store/json.ts';
import { createInputFiller } from './history/batches.ts';
import {
  type Entry,
  type EntryCursor,
  type EntryStream,
  filterEntries,
  mergeEntries,
  openCursor,
  readChunks,
} from './history/changes.ts';
import { collectTexts } from './history/hash-text.ts';
import { IndexDamage, type IndexPlace } from './history/index-files.ts';
import type { BatchEntry, IndexState } from './history/index-state.ts';
import { MADE } from './history/ingest.ts';
import type { LabelledExample } from './history/join.ts';
import {
  loadShard,
  loadSnapshot,
  readShardLines,
  shardsOf,
  type Snapshot,
  type SnapshotWindow,
} from './snapshot-file.ts';
import {
  type Group,
  groupShards,
  placeOf,
  type ShardSizes,
  type Writer,
  writeWindow,
  type WrittenWindow,
} from './window-writer.ts';
import { continueWindows, divideHistory, type WindowBounds, type WindowPolicy } from './windows.ts';

/** An index, read. */
export interface History {
  readonly place: IndexPlace;
  readonly state: IndexState;
  readonly batches: readonly BatchEntry[];
  readonly model: string;
  readonly sizes: ShardSizes;
  /** Between two shards. */
  readonly yieldControl?: () => Promise<void>;
}

/** What windows are made by. */
export interface WindowsWanted {
  readonly history: History;
  /** the champion's snapshot, whose windows are closed */
  readonly parent: Snapshot | null;
  readonly cutoffMs: number;
  readonly policy: WindowPolicy;
}

export interface MadeWindows {
  readonly windows: readonly SnapshotWindow[];
  /** when the first example of each shard was seen, by window */
  readonly starts: readonly (readonly number[])[];
  readonly examples: number;
  /** of the current window */
  readonly late: number;
}

/** Of which step of which index a snapshot was made, and what it would take to read it to know. */
const madeSchema = z.object({
  generation: z.string(),
  sequence: z.int().min(0),
  starts: z.array(z.array(z.number())),
});
const lastSchema = z.object({ snapshot: z.string() });

interface Base {
  readonly snapshot: Snapshot;
  readonly sequence: number;
  readonly starts: readonly (readonly number[])[];
}

/** Notes of what a snapshot was made, for those after it. */
export async function noteMade(
  { place, state }: Pick<History, 'place' | 'state'>,
  id: string,
  starts: readonly (readonly number[])[],
): Promise<void> {
  const { store, prefix } = place;
  const { generation, cutoffs } = state;
  await putJson(store, madeKey(prefix, id), { generation, sequence: cutoffs.length, starts });
  await putJson(store, `${prefix}last.json`, { snapshot: id });
}

function madeKey(prefix: string, id: string): string {
  return `${prefix}${MADE}/${id}.json`;
}

/**
 * @throws IndexDamage where the index, or a shard of an earlier snapshot that would be read, is not what it should be
 * @throws RunFailure where the parent's shards can't be read, and have to be
 */
export async function makeWindows(wanted: WindowsWanted): Promise<MadeWindows> {
  const base = await findBase(wanted);
  return base === null ? fromNothing(wanted) : fromBase(wanted, base);
}

/** What tonight's windows can be continued from, and up to which step the champion's snapshot knew the history. */
async function findBase(wanted: WindowsWanted): Promise<{ base: Base; knownTo: number } | null> {
  const { parent } = wanted;
  if (parent === null) return null;
  const own = await findMade(wanted, parent);
  if (own === null) return null;
  const last = await findLast(wanted);
  const isContinued = last !== null && last.snapshot.parent === parent.id && sameBounds(last, wanted, parent);
  return { base: isContinued ? last : own, knownTo: own.sequence };
}

async function findMade(
  { history: { place, state } }: WindowsWanted,
  snapshot: Snapshot,
): Promise<Base | null> {
  const made = await loadJson(place.store, madeKey(place.prefix, snapshot.id), madeSchema);
  if (!made.ok || made.value.value.generation !== state.generation) return null;
  const { sequence, starts } = made.value.value;
  const isWhole = snapshot.windows.every(({ shards }, i) => starts[i]?.length === shards.length);
  return isWhole ? { snapshot, sequence, starts } : null;
}

async function findLast(wanted: WindowsWanted): Promise<Base | null> {
  const { place, model } = wanted.history;
  const last = await loadJson(place.store, `${place.prefix}last.json`, lastSchema);
  if (!last.ok) return null;
  const snapshot = await loadSnapshot(place.store, model, last.value.value.snapshot).catch(() => null);
  return snapshot && findMade(wanted, snapshot);
}

function sameBounds({ snapshot }: Base, { cutoffMs, policy }: WindowsWanted, parent: Snapshot): boolean {
  const bounds = continueWindows(parent.windows, cutoffMs, policy);
  return (
    bounds.length === snapshot.windows.length &&
    bounds.every(({ fromMs }, i) => fromMs === snapshot.windows[i]?.fromMs)
  );
}

/** What an earlier snapshot has of each window to be made, and what changed since. */
async function fromBase(
  wanted: WindowsWanted,
  { base, knownTo }: { readonly base: Base; readonly knownTo: number },
): Promise<MadeWindows> {
  const { history, cutoffMs, policy } = wanted;
  const parent = wanted.parent as Snapshot;
  const { snapshot, sequence } = base;
  const size = history.sizes.examples;
  const isParent = snapshot.id === parent.id;
  const bounds = continueWindows(parent.windows, cutoffMs, policy);
  const fromMs = bounds.at(-1)?.fromMs ?? 0;
  const isKnown = ({ at, toggles }: Entry): boolean =>
    at < fromMs && toggles.filter((step) => step <= knownTo).length % 2 === 1;
  const late = isParent ? (snapshot.late ?? 0) : 0;
  const changed = (): EntryStream[] => changesSince(history, sequence);
  const past = mergeEntries([lateOf(history, snapshot, late, knownTo), ...changed()]);
  const closed = isParent ? snapshot.windows : snapshot.windows.slice(0, -1);
  const groups = closed.map(({ shards }, i) =>
    groupShards(shards, base.starts[i] ?? [], size, i === snapshot.windows.length - 1 ? late : 0),
  );
  const current = isParent
    ? []
    : groupShards(snapshot.windows.at(-1)?.shards ?? [], base.starts.at(-1) ?? [], size);
  const made = await writeAll(history, bounds, {
    past: await openCursor(filterEntries(past, isKnown)),
    current: await openCursor(filterEntries(mergeEntries(changed()), (entry) => !isKnown(entry))),
    base: (i) => {
      if (i === bounds.length - 1) return current;
      const { fromMs: own, toMs } = bounds[i] as WindowBounds;
      return groups.filter((_, w) => isInside(closed[w] as WindowBounds, own, toMs)).flat();
    },
    late: true,
  });
  const { lastMs } = made;
  const kept = isParent ? null : (snapshot.windows.at(-1)?.toMs ?? null);
  return finish(made, bounds, lastMs ?? (made.keptLast && kept !== null ? kept - 1 : null));
}

function isInside(window: WindowBounds, fromMs: number, toMs: number): boolean {
  return window.fromMs >= fromMs && window.toMs <= toMs;
}

/** Streams of what changed after a step. */
function changesSince({ place, state }: History, sequence: number): EntryStream[] {
  return state.changes
    .filter((change) => change.sequence > sequence)
    .map(({ labelled }) => readChunks(place, labelled));
}

/** Examples at the front of a current window, which come into the windows of their time. */
async function* lateOf(
  { place, model }: History,
  { windows }: Snapshot,
  late: number,
  knownTo: number,
): EntryStream {
  let left = late;
  for (const shard of windows.at(-1)?.shards ?? []) {
    if (left <= 0) return;
    const lines = await readShardLines(place.store, model, shard);
    if (!lines.ok) throw new IndexDamage(lines.error.detail);
    const own = lines.value.slice(0, left);
    left -= own.length;
    yield own.map((line) => placeOf(JSON.parse(line) as LabelledExample, [knownTo]));
  }
}

async function fromNothing({ history, parent, cutoffMs, policy }: WindowsWanted): Promise<MadeWindows> {
  const all = (): EntryStream => mergeEntries(changesSince(history, 0));
  if (parent === null) {
    const bounds = divideHistory(await readTimes(all(), history.state.examples), cutoffMs, policy);
    const only = await openCursor(all());
    const made = await writeAll(history, bounds, { past: only, current: only, base: () => [], late: false });
    return finish(made, bounds, made.lastMs);
  }
  const bounds = continueWindows(parent.windows, cutoffMs, policy);
  const fromMs = bounds.at(-1)?.fromMs ?? 0;
  const members = collectTexts(parent.examples);
  for (const shard of shardsOf(parent)) {
    for (const { id } of await loadShard(history.place.store, history.model, shard)) members.add(id);
  }
  const known = members.end();
  const isKnown = ({ at, id }: Entry): boolean => at < fromMs && known.has(id);
  const made = await writeAll(history, bounds, {
    past: await openCursor(filterEntries(all(), isKnown)),
    current: await openCursor(filterEntries(all(), (entry) => !isKnown(entry))),
    base: () => [],
    late: true,
  });
  return finish(made, bounds, made.lastMs);
}

async function readTimes(entries: EntryStream, most: number): Promise<Float64Array> {
  const times = new Float64Array(most);
  let n = 0;
  for await (const some of entries) {
    for (const { at, example } of some) {
      if (example === null) continue;
      if (n === most) throw new IndexDamage(`expected ${most} examples, got more`);
      times[n++] = at;
    }
  }
  return times.subarray(0, n);
}

interface WindowSources {
  /** What belongs into windows that are closed, in order. */
  readonly past: EntryCursor;
  readonly current: EntryCursor;
  /** What an earlier snapshot has of a window. */
  readonly base: (window: number) => readonly Group[];
  /** Whether what was seen before the current window counts as late there. */
  readonly late: boolean;
}

interface WrittenWindows {
  readonly written: readonly WrittenWindow[];
  /** of the current window */
  readonly lastMs: number | null;
  /** its newest example is in a shard that was kept */
  readonly keptLast: boolean;
}

async function writeAll(
  { place, model, batches, sizes, yieldControl }: History,
  bounds: readonly WindowBounds[],
  { past, current, base, late }: WindowSources,
): Promise<WrittenWindows> {
  const { store } = place;
  const batchKey = (number: number): string => batches[number]?.key ?? '';
  const writer: Writer = {
    store,
    model,
    fill: createInputFiller(store),
    sizes,
    batchKey,
    ...(yieldControl && { yieldControl }),
  };
  const written: WrittenWindow[] = [];
  for (const [i, { fromMs, toMs }] of bounds.entries()) {
    const isCurrent = i === bounds.length - 1;
    written.push(
      await writeWindow(writer, {
        base: base(i),
        changes: isCurrent ? current : past,
        untilMs: isCurrent ? Number.POSITIVE_INFINITY : toMs,
        lateBeforeMs: isCurrent && late ? fromMs : Number.NEGATIVE_INFINITY,
      }),
    );
  }
  const last = written.at(-1);
  return {
    written,
    lastMs: last?.lastMs ?? null,
    keptLast: last !== undefined && last.examples > 0 && last.lastMs === null,
  };
}

/** @param lastMs  when the newest example of the current window was seen; null where there is none */
function finish(
  { written }: WrittenWindows,
  bounds: readonly WindowBounds[],
  lastMs: number | null,
): MadeWindows {
  const windows = bounds.map(({ fromMs, toMs }, i): SnapshotWindow => {
    const { examples, shards, starts } = written[i] as WrittenWindow;
    const isCurrent = i === bounds.length - 1;
    return {
      id: windowName(i, starts[0] ?? fromMs),
      fromMs,
      // The current window ends with its newest example: whatever is newer than that is new to the next run.
      toMs: isCurrent && lastMs !== null ? Math.max(fromMs, lastMs) + 1 : toMs,
      examples,
      shards: [...shards],
    };
  });
  return {
    windows,
    starts: written.map(({ starts }) => starts),
    examples: windows.reduce((sum, { examples }) => sum + examples, 0),
    late: written.at(-1)?.late ?? 0,
  };
}

function windowName(index: number, firstMs: number): string {
  return `w${String(index + 1).padStart(2, '0')} ${new Date(firstMs).toISOString().slice(0, 10)}`;
}
