/**
 * Step 1: the immutable set of examples that this run sees.
 *
 * Events up to the cutoff, labels joined to predictions, each counted once, in windows in time order. The id is a
 * digest of the content: the same events give the same snapshot, whoever makes it.
 */
import { sha256Hex } from '../../../shared/digest.ts';
import { hiddenGroup } from '../../../shared/events/group.ts';
import { collectInbox } from '../../../shared/events/inbox.ts';
import { joinEvents, type LabelledExample } from './join.ts';
import { isLabel } from '../../../shared/model/spec/task.ts';
import { putJson } from '../../../shared/registry/store/json.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { loadManifest } from '../../../shared/registry/versions/versions.ts';
import type { RunContext, RunData, RunFiles } from '../../run/context.ts';
import { type EventLog, openEventLog } from './event-log.ts';
import {
  loadShard,
  loadSnapshot,
  saveShard,
  type ShardRef,
  shardsOf,
  type Snapshot,
  type SnapshotWindow,
} from './snapshot-file.ts';
import { saveUnlabelled } from './unlabelled.ts';
import { continueWindows, divideHistory, rangesOf, type WindowBounds } from './windows.ts';
import { RunFailure } from '../../run-failure.ts';

/** Small enough that one shard's features are a short step of a Workflow. */
const SHARD_EXAMPLES = 1_000;
/** Large inputs are objects of their own, a request each, and a step may make a thousand. */
const SHARD_OBJECTS = 200;
const SHOWN_PROBLEMS = 20;

export async function makeSnapshot(ctx: RunContext): Promise<Snapshot> {
  const { run, store } = ctx;
  if (run.wantedSnapshot !== null) return loadSnapshot(store, run.model, run.wantedSnapshot);
  await collectInbox(store, run.model, ctx.now());
  const log = await openEventLog(ctx);
  const problems = [...log.problems];
  const { examples, unmatchedLabels, unlabelledPredictions } = joinEvents(log.events);
  const usable = examples
    .filter(({ label }) => isLabel(ctx.spec, label))
    .map((one) => withHiddenGroup(ctx, one));
  for (const { id } of examples.filter(({ label }) => !isLabel(ctx.spec, label))) {
    problems.push(`example ${id}: its label is not one of the model's`);
  }
  const parent = await loadParent(ctx);
  const bounds = boundsOf(ctx, usable, parent);
  const late = await findLate(ctx, usable, bounds, parent);
  const windows = await saveWindows(ctx, log, usable, bounds, late);
  await saveUnlabelled(ctx, log, examples, windows.at(-1));
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
    ...(late.size > 0 && { late: late.size }),
    unmatchedLabels,
    unlabelledPredictions,
    problems: { count: problems.length, first: problems.slice(0, SHOWN_PROBLEMS) },
  };
  await putJson(store, keys.snapshot(run.model, id), snapshot, { absent: true });
  return snapshot;
}

/** Older events have groups as they came: the same group is one, whenever it came. */
function withHiddenGroup({ spec }: RunData, example: LabelledExample): LabelledExample {
  const { group } = example;
  return group === undefined ? example : { ...example, group: hiddenGroup(spec.salt, group) };
}

/** The snapshot that the champion was trained on, whose windows are closed. One that came trained has closed none. */
async function loadParent({ run, store }: RunData): Promise<Snapshot | null> {
  if (run.championAtStart === null) return null;
  const manifest = await loadManifest(store, run.model, run.championAtStart);
  if (!manifest.ok) throw new RunFailure(`the champion's manifest: ${manifest.error.detail}`);
  const { snapshot } = manifest.value;
  return snapshot === null ? null : loadSnapshot(store, run.model, snapshot);
}

/**
 * What came since for times that the champion's windows span already, by id. The champion has not seen it, so it is new:
 * it joins the current window, is trained on and judges there; the next champion has it in the window of its time.
 */
async function findLate(
  { run, store }: RunFiles,
  examples: readonly LabelledExample[],
  bounds: readonly WindowBounds[],
  parent: Snapshot | null,
): Promise<ReadonlySet<string>> {
  if (parent === null) return new Set();
  const fromMs = bounds.at(-1)?.fromMs ?? 0;
  const past = examples.filter(({ at }) => at < fromMs);
  // Nothing leaves a history, so where there are not more of them there is no need to look.
  if (past.length <= parent.examples) return new Set();
  const late = new Set(past.map(({ id }) => id));
  for (const shard of shardsOf(parent)) {
    for (const { id } of await loadShard(store, run.model, shard)) late.delete(id);
  }
  return late;
}

function boundsOf(
  { run, spec }: RunData,
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
  ctx: RunFiles,
  log: EventLog,
  examples: readonly LabelledExample[],
  bounds: readonly WindowBounds[],
  late: ReadonlySet<string>,
): Promise<SnapshotWindow[]> {
  const ranges = rangesOf(
    bounds,
    examples.map(({ at }) => at),
  );
  const windows: SnapshotWindow[] = [];
  for (const [i, { fromMs, toMs }] of bounds.entries()) {
    const { start, end } = ranges[i] as { start: number; end: number };
    const isCurrent = i === bounds.length - 1;
    const own = examples.slice(start, end).filter(({ id }) => !late.has(id));
    const inside = isCurrent ? [...examples.filter(({ id }) => late.has(id)), ...own] : own;
    const last = isCurrent ? inside.at(-1) : undefined;
    windows.push({
      id: windowName(i, inside[0]?.at ?? fromMs),
      fromMs,
      // The current window ends with its newest example: whatever is newer than that is new to the next run.
      toMs: last === undefined ? toMs : Math.max(fromMs, last.at) + 1,
      examples: inside.length,
      shards: await saveShards(ctx, log, inside),
    });
  }
  return windows;
}

async function saveShards(
  ctx: RunFiles,
  log: EventLog,
  examples: readonly LabelledExample[],
): Promise<ShardRef[]> {
  const shards: ShardRef[] = [];
  for (let at = 0; at < examples.length; at += SHARD_EXAMPLES) {
    const part = await log.withInputs(examples.slice(at, at + SHARD_EXAMPLES));
    const size = part.some(({ input }) => input.base64 === undefined) ? SHARD_OBJECTS : SHARD_EXAMPLES;
    for (let from = 0; from < part.length; from += size) {
      shards.push(await saveShard(ctx.store, ctx.run.model, part.slice(from, from + size)));
    }
  }
  return shards;
}

function windowName(index: number, firstMs: number): string {
  return `w${String(index + 1).padStart(2, '0')} ${new Date(firstMs).toISOString().slice(0, 10)}`;
}
