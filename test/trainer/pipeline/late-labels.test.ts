/**
 * What comes after a promotion for times before it, and groups that come with predictions.
 */
import { expect, test } from 'vitest';
import { hideGroup } from '../../../shared/events/group.ts';
import { writeEvents } from '../../../shared/events/inbox.ts';
import type { Event } from '../../../shared/events/schema.ts';
import { storeInline } from '../../../shared/events/stored-input.ts';
import { loadSpec } from '../../../shared/model/spec/load-spec.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { runJob } from '../../../trainer/node/job.ts';
import { loadShard, loadSnapshot, shardsOf } from '../../../trainer/pipeline/data/snapshot-file.ts';
import { assignSides } from '../../../trainer/pipeline/data/split.ts';
import { blobEvents, createBlobModel } from '../../support/tabular-model.ts';

const MODEL = 'blobs';
const HISTORY = { n: 2_000, seed: 1, fromMs: Date.parse('2026-11-01T00:00:00Z') };
const WEEK_MS = 7 * 86_400_000;

async function retrain(store: ObjectStore) {
  const run = await runJob({ store, model: MODEL, by: 'a test', promote: true });
  if (!run.ok) throw new Error(run.error.detail);
  return run.value;
}

test('labels that come later for earlier times are new, and the run says so', async () => {
  const store = createMemoryStore();
  await createBlobModel(store, MODEL, HISTORY);
  expect(await retrain(store)).toMatchObject({ promoted: true });
  expect(await retrain(store)).toMatchObject({
    status: 'skipped',
    summary: expect.stringMatching(/^Nothing new/),
  });

  const late = { n: 900, seed: 2, fromMs: HISTORY.fromMs - WEEK_MS };
  await writeEvents(store, MODEL, blobEvents(late), new Date());
  const run = await retrain(store);
  expect(run.status).toBe('complete');
  const note = run.steps.find(({ name }) => name === 'snapshot')?.note;
  expect(note).toMatch(/^2900 examples in \d+ windows, 900 of them new \(900 of these for earlier times\)/);
});

test('the group of a prediction reaches the snapshot, hidden, and keeps its label on one side', async () => {
  const store = createMemoryStore();
  await createBlobModel(store, MODEL, HISTORY);
  const found = await loadSpec(store, MODEL);
  if (!found.ok) throw new Error(found.error.detail);
  const { spec } = found.value;
  const group = hideGroup(spec.salt, 'user 7');
  const events: Event[] = Array.from({ length: 30 }, (_, i) => i).flatMap((i): Event[] => {
    const at = HISTORY.fromMs + 2_000_000 + i;
    const input = storeInline(Float32Array.of(i + 0.25, 1));
    return [
      { kind: 'prediction', id: `p.${i}`, at, version: 1, input, predicted: 0, group },
      { kind: 'label', id: `l.${i}`, at: at + 1, prediction: `p.${i}`, label: 0 },
    ];
  });
  // One who was stored before groups were hidden.
  const old: Event = {
    kind: 'example',
    id: 'old',
    at: HISTORY.fromMs,
    label: 0,
    input: storeInline(Float32Array.of(99, 1)),
    group: 'user 7',
  };
  await writeEvents(store, MODEL, [...events, old], new Date());
  const run = await retrain(store);
  const snapshot = await loadSnapshot(store, MODEL, run.snapshot as string);
  const examples = (
    await Promise.all(shardsOf(snapshot).map((shard) => loadShard(store, MODEL, shard)))
  ).flat();
  const { sides } = await assignSides({ store, spec, base: spec.base, run }, snapshot, []);
  const own = examples.flatMap((example, i) => (example.group === group ? [sides.flat()[i]] : []));
  expect(own).toHaveLength(31);
  expect(new Set(own).size).toBe(1);
});
