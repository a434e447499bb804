/**
 * What came in and got no label: how many predictions, and some of them, drawn at random, with their inputs. Labels that
 * came are a selection; this is what they were selected from. `runs/<id>/unlabelled.json`, shards beside the snapshot's.
 */
import * as z from 'zod';
import { seedFrom } from '../../../shared/digest.ts';
import type { Event, PredictionEvent } from '../../../shared/events/schema.ts';
import { createRandom } from '../../../shared/random.ts';
import { describeReadError, loadJson, putJson } from '../../../shared/registry/store/json.ts';
import { digestSchema } from '../../../shared/registry/versions/manifest.ts';
import { RunFailure } from '../../run-failure.ts';
import { attemptKey, type RunContext, type RunFiles } from '../../run/context.ts';
import type { EventLog } from './event-log.ts';
import type { LabelledExample } from './join.ts';
import { saveShard, type SnapshotWindow } from './snapshot-file.ts';

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
  log: EventLog,
  labelled: readonly LabelledExample[],
  window: SnapshotWindow | undefined,
): Promise<void> {
  if (window === undefined || window.examples === 0) return;
  const all = findUnlabelled(log.events, labelled, window);
  const drawn = drawFrom(all, seedFrom('unlabelled', ctx.run.id));
  const examples = await log.withInputs(drawn.map(asExample));
  const shards = examples.length === 0 ? [] : [await saveShard(ctx.store, ctx.run.model, examples)];
  await putJson(ctx.store, unlabelledKey(ctx), {
    format: 'holdfast-unlabelled/1',
    predictions: all.length,
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

function findUnlabelled(
  events: readonly Event[],
  labelled: readonly LabelledExample[],
  { fromMs, toMs }: Pick<SnapshotWindow, 'fromMs' | 'toMs'>,
): PredictionEvent[] {
  const known = new Set(labelled.map(({ id }) => id));
  const found = new Map<string, PredictionEvent>();
  for (const event of events) {
    if (event.kind !== 'prediction' || event.at < fromMs || event.at >= toMs || known.has(event.id)) continue;
    found.set(event.id, event);
  }
  return [...found.values()].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
}

/** At most `MOST`, each equally likely (reservoir sampling), in order of time. */
function drawFrom(all: readonly PredictionEvent[], seed: number): PredictionEvent[] {
  const random = createRandom(seed);
  const kept = [...all.keys()].slice(0, MOST);
  for (let i = MOST; i < all.length; i++) {
    const place = random.below(i + 1);
    if (place < MOST) kept[place] = i;
  }
  return kept.sort((a, b) => a - b).map((i) => all[i] as PredictionEvent);
}

/** In the form of a shard; nobody reads the label. */
function asExample({ id, at, input, version, predicted }: PredictionEvent): LabelledExample {
  return { id, at, label: 0, input, served: { version, predicted } };
}

function unlabelledKey({ run }: Pick<RunFiles, 'run'>): string {
  return attemptKey({ run }, 'unlabelled.json');
}
