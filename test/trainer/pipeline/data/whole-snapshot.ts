/**
 * The snapshot of a history as it was made before there was an index: everything is read, joined in memory and written
 * anew. The oracle of what an index must come to.
 */
import { sha256Hex, seedFrom } from '../../../../shared/digest.ts';
import { hiddenGroup } from '../../../../shared/events/group.ts';
import { readBatch } from '../../../../shared/events/inbox.ts';
import type { Event } from '../../../../shared/events/schema.ts';
import { isLabel } from '../../../../shared/model/spec/task.ts';
import type { Spec } from '../../../../shared/model/spec/spec.ts';
import { createRandom } from '../../../../shared/random.ts';
import { keys } from '../../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { joinEvents, type LabelledExample } from '../../../../trainer/pipeline/data/history/join.ts';
import {
  loadShard,
  loadSnapshot,
  saveShard,
  type ShardRef,
  shardsOf,
  type Snapshot,
} from '../../../../trainer/pipeline/data/snapshot-file.ts';
import type { ShardSizes } from '../../../../trainer/pipeline/data/window-writer.ts';
import { continueWindows, divideHistory } from '../../../../trainer/pipeline/data/windows.ts';

export interface Whole {
  readonly snapshot: Snapshot;
  /** ids of the predictions that the run would keep, drawn by its id; null without a current window */
  readonly unlabelled: { readonly predictions: number; readonly ids: readonly string[] } | null;
}

export interface WholeRun {
  readonly id: string;
  readonly cutoffMs: number;
  /** the champion's snapshot */
  readonly parent: string | null;
}

const MOST_DRAWN = 1_000;

export async function wholeSnapshot(
  store: ObjectStore,
  spec: Spec,
  run: WholeRun,
  sizes: ShardSizes,
): Promise<Whole> {
  const model = spec.name;
  const all: Event[] = [];
  const problems: string[] = [];
  for (const key of await store.list(keys.eventsPrefix(model))) {
    const read = await readBatch(key, (await store.get(key))?.bytes ?? new Uint8Array());
    all.push(...read.events.filter(({ at }) => at <= run.cutoffMs));
    problems.push(...read.problems);
  }
  const { examples, unmatchedLabels, unlabelled } = joinEvents(all);
  const usable = examples
    .filter(({ label }) => isLabel(spec, label))
    .map((example) =>
      example.group === undefined ? example : { ...example, group: hiddenGroup(spec.salt, example.group) },
    );
  for (const { id, label } of examples)
    if (!isLabel(spec, label)) problems.push(`example ${id}: its label is not one of the model's`);
  const parent = run.parent === null ? null : await loadSnapshot(store, model, run.parent);
  const bounds =
    parent === null
      ? divideHistory(
          usable.map(({ at }) => at),
          run.cutoffMs,
          spec.window,
        )
      : continueWindows(parent.windows, run.cutoffMs, spec.window);
  const fromMs = bounds.at(-1)?.fromMs ?? 0;
  const known = new Set<string>();
  for (const shard of parent === null ? [] : shardsOf(parent))
    for (const { id } of await loadShard(store, model, shard)) known.add(id);
  const isPast = ({ at, id }: LabelledExample): boolean => at < fromMs && (parent === null || known.has(id));
  const windows = [];
  for (const [i, { fromMs: from, toMs }] of bounds.entries()) {
    const isCurrent = i === bounds.length - 1;
    const inside = usable.filter((one) =>
      isCurrent ? !isPast(one) : isPast(one) && one.at >= from && one.at < toMs,
    );
    const last = isCurrent ? inside.at(-1) : undefined;
    windows.push({
      id: `w${String(i + 1).padStart(2, '0')} ${new Date(inside[0]?.at ?? from).toISOString().slice(0, 10)}`,
      fromMs: from,
      toMs: last === undefined ? toMs : Math.max(from, last.at) + 1,
      examples: inside.length,
      shards: await cut(model, inside, sizes),
    });
  }
  const late = parent === null ? 0 : usable.filter((one) => one.at < fromMs && !isPast(one)).length;
  const id = sha256Hex(JSON.stringify(windows.map(({ fromMs, shards }) => ({ fromMs, shards })))).slice(
    0,
    32,
  );
  const snapshot: Snapshot = {
    format: 'holdfast-snapshot/1',
    id,
    model,
    cutoffMs: run.cutoffMs,
    parent: run.parent,
    windows,
    examples: usable.length,
    ...(late > 0 && { late }),
    unmatchedLabels,
    unlabelledPredictions: unlabelled.length,
    problems: { count: problems.length, first: problems.slice(0, 20) },
  };
  return { snapshot, unlabelled: drawUnlabelled(unlabelled, windows.at(-1), run.id) };
}

async function cut(
  model: string,
  examples: readonly LabelledExample[],
  sizes: ShardSizes,
): Promise<ShardRef[]> {
  const nowhere = createMemoryStore();
  const shards: ShardRef[] = [];
  for (let at = 0; at < examples.length; at += sizes.examples) {
    const part = examples.slice(at, at + sizes.examples);
    const size = part.some(({ input }) => input.base64 === undefined) ? sizes.objects : sizes.examples;
    for (let from = 0; from < part.length; from += size)
      shards.push(await saveShard(nowhere, model, part.slice(from, from + size)));
  }
  return shards;
}

function drawUnlabelled(
  all: readonly { readonly id: string; readonly at: number }[],
  window: Snapshot['windows'][number] | undefined,
  run: string,
): Whole['unlabelled'] {
  if (window === undefined || window.examples === 0) return null;
  const inside = all
    .filter(({ at }) => at >= window.fromMs && at < window.toMs)
    .sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  const random = createRandom(seedFrom('unlabelled', run));
  const kept = [...inside.keys()].slice(0, MOST_DRAWN);
  for (let i = MOST_DRAWN; i < inside.length; i++) {
    const place = random.below(i + 1);
    if (place < MOST_DRAWN) kept[place] = i;
  }
  const ids = kept.sort((a, b) => a - b).map((i) => inside[i]?.id as string);
  return { predictions: inside.length, ids };
}
