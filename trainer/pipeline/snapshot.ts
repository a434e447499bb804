/**
 * Step 1: the immutable set of examples that this run sees.
 *
 * Events up to the cutoff, labels joined to predictions, each counted once, in windows in time order. The id is a
 * digest of the content: the same events give the same snapshot, whoever makes it.
 */
import { sha256Hex } from '../../shared/digest.ts';
import { collectInbox, readBatch } from '../../shared/events/inbox.ts';
import { joinEvents, type LabelledExample } from '../../shared/events/join.ts';
import type { Event } from '../../shared/events/schema.ts';
import { putJson } from '../../shared/registry/json.ts';
import { keys } from '../../shared/registry/keys.ts';
import { loadManifest } from '../../shared/registry/versions.ts';
import { type RunContext, RunFailure, tell } from './context.ts';
import {
  loadSnapshot,
  saveShard,
  type ShardRef,
  type Snapshot,
  type SnapshotWindow,
} from './snapshot-file.ts';
import { continueWindows, divideHistory, rangesOf, type WindowBounds } from './windows.ts';

/** Small enough that one shard's features are a short step of a Workflow. */
const SHARD_EXAMPLES = 1_000;
/** Large inputs are objects of their own, a request each, and a step may make a thousand. */
const SHARD_OBJECTS = 200;
const SHOWN_PROBLEMS = 20;

export async function makeSnapshot(ctx: RunContext): Promise<Snapshot> {
  const { run, store } = ctx;
  if (run.wantedSnapshot !== null) return loadSnapshot(store, run.model, run.wantedSnapshot);
  await collectInbox(store, run.model, ctx.now());
  const { events, problems } = await readEvents(ctx);
  const { examples, unmatchedLabels, unlabelledPredictions } = joinEvents(events);
  const usable = examples.filter(({ label }) => label < ctx.spec.labels.length);
  for (const { id } of examples.filter(({ label }) => label >= ctx.spec.labels.length)) {
    problems.push(`example ${id}: its label is not one of the model's`);
  }
  const parent = await loadParent(ctx);
  const windows = await saveWindows(ctx, usable, boundsOf(ctx, usable, parent));
  const id = sha256Hex(JSON.stringify(windows.map(({ fromMs, shards }) => ({ fromMs, shards })))).slice(
    0,
    32,
  );
  const snapshot: Snapshot = {
    format: 'holdfast-snapshot/1',
    id,
    model: run.model,
    cutoffMs: run.cutoffMs,
    parent: parent?.id ?? null,
    windows,
    examples: usable.length,
    unmatchedLabels,
    unlabelledPredictions,
    problems: { count: problems.length, first: problems.slice(0, SHOWN_PROBLEMS) },
  };
  await putJson(store, keys.snapshot(run.model, id), snapshot, { absent: true });
  return snapshot;
}

async function readEvents({
  run,
  store,
  ...ctx
}: RunContext): Promise<{ events: Event[]; problems: string[] }> {
  const batches = await store.list(keys.eventsPrefix(run.model));
  const events: Event[] = [];
  const problems: string[] = [];
  for (const [i, key] of batches.entries()) {
    const object = await store.get(key);
    if (object === null) continue;
    const batch = await readBatch(key, object.bytes);
    for (const event of batch.events) if (event.at <= run.cutoffMs) events.push(event);
    problems.push(...batch.problems);
    await tell(
      { run, store, ...ctx },
      'snapshot',
      (i + 1) / batches.length,
      `${i + 1} of ${batches.length} batches`,
    );
  }
  return { events, problems };
}

/** The snapshot that the champion was trained on, whose windows are closed. */
async function loadParent({ run, store }: RunContext): Promise<Snapshot | null> {
  if (run.championAtStart === null) return null;
  const manifest = await loadManifest(store, run.model, run.championAtStart);
  if (!manifest.ok) throw new RunFailure(`the champion's manifest: ${manifest.error.detail}`);
  return loadSnapshot(store, run.model, manifest.value.snapshot);
}

function boundsOf(
  { run, spec }: RunContext,
  examples: readonly LabelledExample[],
  parent: Snapshot | null,
): WindowBounds[] {
  if (parent !== null) return continueWindows(parent.windows, run.cutoffMs, spec.window);
  return divideHistory(
    examples.map(({ at }) => at),
    run.cutoffMs,
    spec.window,
  );
}

async function saveWindows(
  ctx: RunContext,
  examples: readonly LabelledExample[],
  bounds: readonly WindowBounds[],
): Promise<SnapshotWindow[]> {
  const ranges = rangesOf(
    bounds,
    examples.map(({ at }) => at),
  );
  const windows: SnapshotWindow[] = [];
  for (const [i, { fromMs, toMs }] of bounds.entries()) {
    const { start, end } = ranges[i] as { start: number; end: number };
    const inside = examples.slice(start, end);
    const last = i === bounds.length - 1 ? inside.at(-1) : undefined;
    windows.push({
      id: windowName(i, inside[0]?.at ?? fromMs),
      fromMs,
      // The current window ends with its newest example: whatever is newer than that is new to the next run.
      toMs: last === undefined ? toMs : last.at + 1,
      examples: inside.length,
      shards: await saveShards(ctx, inside),
    });
  }
  return windows;
}

async function saveShards(ctx: RunContext, examples: readonly LabelledExample[]): Promise<ShardRef[]> {
  const shards: ShardRef[] = [];
  const size = examples.some(({ input }) => input.base64 === undefined) ? SHARD_OBJECTS : SHARD_EXAMPLES;
  for (let at = 0; at < examples.length; at += size) {
    shards.push(await saveShard(ctx.store, ctx.run.model, examples.slice(at, at + size)));
  }
  return shards;
}

function windowName(index: number, firstMs: number): string {
  return `w${String(index + 1).padStart(2, '0')} ${new Date(firstMs).toISOString().slice(0, 10)}`;
}
