/**
 * What came in and got no label: how many predictions, and some of them, drawn at random, with their inputs. Labels that
 * came are a selection; this is what they were selected from. `runs/<id>/unlabelled.json`, shards beside the snapshot's.
 */
import * as z from 'zod';
import { seedFrom } from '../../../shared/digest.ts';
import { createRandom } from '../../../shared/random.ts';
import { describeReadError, loadJson, putJson } from '../../../shared/registry/store/json.ts';
import { digestSchema } from '../../../shared/registry/versions/manifest.ts';
import { RunFailure } from '../../run-failure.ts';
import { attemptKey, type RunContext, type RunFiles } from '../../run/context.ts';
import { createInputFiller, type HeldExample } from './history/batches.ts';
import { mergeEntries, readChunks } from './history/changes.ts';
import { saveShard, type SnapshotWindow } from './snapshot-file.ts';
import type { History } from './snapshot-windows.ts';

/** So many are replayed at most. */
const MOST = 1_000;

const unlabelledSchema = z.object({
  format: z.literal('holdfast-unlabelled/1'),
  /** predictions without a label whose input was seen in the current window, before its newest example */
  predictions: z.int().min(0),
  shards: z.array(z.object({ digest: digestSchema, examples: z.int().min(1) })),
});
export type Unlabelled = z.infer<typeof unlabelledSchema>;

/** Those of the current window; what is newer than its newest example had no time to be labelled. */
export async function saveUnlabelled(
  ctx: RunContext,
  history: History,
  window: SnapshotWindow | undefined,
): Promise<void> {
  if (window === undefined || window.examples === 0) return;
  const { predictions, drawn } = await drawUnlabelled(history, window, seedFrom('unlabelled', ctx.run.id));
  const examples = await createInputFiller(ctx.store)(drawn);
  const shards = examples.length === 0 ? [] : [await saveShard(ctx.store, ctx.run.model, examples)];
  await putJson(ctx.store, unlabelledKey(ctx), {
    format: 'holdfast-unlabelled/1',
    predictions,
    shards,
  } satisfies Unlabelled);
}

/** Null of a run that made no snapshot of its own. */
export async function findUnlabelledOf(ctx: RunFiles): Promise<Unlabelled | null> {
  const read = await loadJson(ctx.store, unlabelledKey(ctx), unlabelledSchema);
  if (read.ok) return read.value.value;
  if (read.error.kind === 'missing') return null;
  throw new RunFailure(describeReadError(read.error));
}

/** At most `MOST` of a window's, each equally likely (reservoir sampling), in order of time. */
async function drawUnlabelled(
  { place, state, batches }: History,
  { fromMs, toMs }: Pick<SnapshotWindow, 'fromMs' | 'toMs'>,
  seed: number,
): Promise<{ readonly predictions: number; readonly drawn: readonly HeldExample[] }> {
  const random = createRandom(seed);
  const runs = state.changes.map(({ unlabelled }) => readChunks(place, unlabelled, fromMs));
  const kept: { readonly order: number; readonly held: HeldExample }[] = [];
  let predictions = 0;
  for await (const some of mergeEntries(runs)) {
    for (const { at, example, batch } of some) {
      if (example === null || at < fromMs || at >= toMs) continue;
      const chosen = predictions < MOST ? predictions : random.below(predictions + 1);
      const key = batch === null ? null : (batches[batch]?.key ?? null);
      if (chosen < MOST) kept[chosen] = { order: predictions, held: { example, batch: key } };
      predictions += 1;
    }
  }
  const drawn = kept.sort((a, b) => a.order - b.order).map(({ held }) => held);
  return { predictions, drawn };
}

function unlabelledKey({ run }: Pick<RunFiles, 'run'>): string {
  return attemptKey({ run }, 'unlabelled.json');
}
