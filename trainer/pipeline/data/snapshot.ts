/**
 * Step 1: the immutable set of examples that this run sees.
 *
 * Events up to the cutoff, labels joined to predictions, each counted once, in windows in time order. The id is a
 * digest of the content: the same events give the same snapshot, whoever makes it, and from whichever snapshot before.
 * What is read is what came since (ingest.ts), and what that changes.
 */
import { sha256Hex } from '../../../shared/digest.ts';
import { collectInbox } from '../../../shared/events/inbox.ts';
import { putJson } from '../../../shared/registry/store/json.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { loadManifest } from '../../../shared/registry/versions/versions.ts';
import { type RunContext, type RunData, reportProgress } from '../../run/context.ts';
import { IndexDamage, type IndexPlace } from './history/index-files.ts';
import { type IndexState, loadBatches, loadState } from './history/index-state.ts';
import { beginIndex, type Ingested, ingest, STEP_SIZES, type StepSizes } from './history/ingest.ts';
import { loadSnapshot, type Snapshot } from './snapshot-file.ts';
import { type History, makeWindows, type MadeWindows, noteMade } from './snapshot-windows.ts';
import { saveUnlabelled } from './unlabelled.ts';
import { SHARD_SIZES, type ShardSizes } from './window-writer.ts';
import { RunFailure } from '../../run-failure.ts';

const SHOWN_PROBLEMS = 20;

/** How much is done at once: the same snapshot comes of any step sizes, another of other shards. */
export interface SnapshotSizes {
  readonly shards: ShardSizes;
  /** events and batches that a step reads */
  readonly step: StepSizes;
}
const SIZES: SnapshotSizes = { shards: SHARD_SIZES, step: STEP_SIZES };

/** As much of what came since as one step of a run may read. */
export async function ingestEvents(ctx: RunContext, { step } = SIZES): Promise<Ingested> {
  const { store, run, spec } = ctx;
  const place = await findPlace(ctx);
  const source = { store, model: run.model, spec, cutoffMs: run.cutoffMs };
  const done = await ingest(place, source, step);
  if (done.madeBecause !== null) {
    ctx.log?.({ event: 'index-made-anew', model: run.model, run: run.id, why: done.madeBecause });
  }
  const { read, left } = done;
  await reportProgress(ctx, 'snapshot', read / Math.max(1, read + left), `${read} batches, ${left} left`);
  return done;
}

/**
 * The model's index; or, for a run that is taken up again after others have seen newer events, one of its own, which goes
 * when its snapshot is there.
 */
async function findPlace({ store, run }: RunData): Promise<IndexPlace> {
  const shared = { store, prefix: keys.index(run.model) };
  const known = await loadState(shared).catch(() => null);
  const newest = known?.state.cutoffs.at(-1) ?? Number.NEGATIVE_INFINITY;
  return newest > run.cutoffMs ? { store, prefix: ownPrefix(run) } : shared;
}

function ownPrefix({ model, id }: RunData['run']): string {
  return keys.run(model, id, 'index/');
}

/**
 * Makes the snapshot, or loads the one that the run was started with. Labels that are none of the model's are left out
 * and told.
 */
export async function makeSnapshot(ctx: RunContext, sizes = SIZES): Promise<Snapshot> {
  const { run, store } = ctx;
  if (run.wantedSnapshot !== null) return loadSnapshot(store, run.model, run.wantedSnapshot);
  await collectInbox(store, run.model, ctx.now());
  const parent = await loadParent(ctx);
  const { history, made } = await readHistory(ctx, parent, sizes);
  const { state, place } = history;
  const { windows, examples, late, starts } = made;
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
    windows: [...windows],
    examples,
    ...(late > 0 && { late }),
    unmatchedLabels: state.unmatchedLabels,
    unlabelledPredictions: state.unlabelledPredictions,
    problems: problemsOf(state),
  };
  await putJson(store, keys.snapshot(run.model, id), snapshot, { absent: true });
  if (place.prefix === ownPrefix(run)) {
    for (const key of await store.list(place.prefix)) await store.delete(key);
  } else {
    await noteMade(history, id, starts);
  }
  return snapshot;
}

/** The index, up to date, and all that it gives; one that turns out to be damaged is made anew. */
async function readHistory(
  ctx: RunContext,
  parent: Snapshot | null,
  sizes: SnapshotSizes,
): Promise<{ readonly history: History; readonly made: MadeWindows }> {
  const { run, spec } = ctx;
  for (let isAnew = false; ;) {
    while ((await ingestEvents(ctx, sizes)).left > 0) await ctx.yieldControl?.();
    const place = await findPlace(ctx);
    try {
      const loaded = await loadState(place);
      if (loaded === null) throw new IndexDamage(`${place.prefix} is not there`);
      const { state } = loaded;
      // Another run saw newer events meanwhile: this one goes on with an index of its own.
      if ((state.cutoffs.at(-1) ?? 0) > run.cutoffMs) continue;
      const batches = await loadBatches(place, state);
      const { yieldControl } = ctx;
      const read = { place, state, batches, model: run.model, sizes: sizes.shards };
      const history: History = yieldControl === undefined ? read : { ...read, yieldControl };
      const made = await makeWindows({ history, parent, cutoffMs: run.cutoffMs, policy: spec.window });
      if (made.examples !== state.examples) {
        throw new IndexDamage(`expected ${state.examples} examples in windows, got ${made.examples}`);
      }
      await saveUnlabelled(ctx, history, made.windows.at(-1));
      return { history, made };
    } catch (error) {
      if (!(error instanceof IndexDamage) || isAnew) throw error;
      isAnew = true;
      ctx.log?.({ event: 'index-made-anew', model: run.model, run: run.id, why: error.message });
      await beginIndex(place, error.message);
    }
  }
}

/** The snapshot that the champion was trained on, whose windows are closed. One that came trained has closed none. */
async function loadParent({ run, store }: RunData): Promise<Snapshot | null> {
  if (run.championAtStart === null) return null;
  const manifest = await loadManifest(store, run.model, run.championAtStart);
  if (!manifest.ok) throw new RunFailure(`the champion's manifest: ${manifest.error.detail}`);
  const { snapshot } = manifest.value;
  return snapshot === null ? null : loadSnapshot(store, run.model, snapshot);
}

/** The first few of what could not be read or used, and how much it is. */
function problemsOf({ troubled, strange }: IndexState): Snapshot['problems'] {
  const byKey = [...troubled].sort((a, b) => (a.key < b.key ? -1 : 1));
  const first = [
    ...byKey.flatMap(({ problems }) => problems.first),
    ...strange.first.map(({ id }) => `example ${id}: its label is not one of the model's`),
  ];
  const count = troubled.reduce((sum, { problems }) => sum + problems.count, strange.count);
  return { count, first: first.slice(0, SHOWN_PROBLEMS) };
}
