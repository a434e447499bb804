/**
 * What recipes are compared on has a room of 24 MB, whatever the snapshot holds.
 */
import { describe, expect, test } from 'vitest';
import type { ExampleEvent } from '../../../shared/events/schema.ts';
import { writeEvents } from '../../../shared/events/inbox.ts';
import { storeInput } from '../../../shared/events/stored-input.ts';
import { createModel } from '../../../shared/model/spec/load-spec.ts';
import { specSchema } from '../../../shared/model/spec/spec.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { readTask } from '../../../trainer/recipes/examples.ts';
import type { RunContext } from '../../../trainer/run/context.ts';
import { openRun } from '../../../trainer/run/record.ts';
import { makeSnapshot } from '../../../trainer/pipeline/data/snapshot.ts';
import { startRun } from '../../../trainer/run/start.ts';
import type { RecipeSettings } from '../../../trainer/run/split-backend.ts';

const MODEL = 'skies';
const START = new Date('2026-11-01T00:00:00Z');
const ROOM_BYTES = 24_000_000;

/** So many pictures of one grey each, in a snapshot. */
async function collect(pictures: number, side: number) {
  const store = createMemoryStore();
  const spec = specSchema.parse({
    format: 'holdfast-spec/1',
    name: MODEL,
    task: 'classification',
    salt: 'ab'.repeat(32),
    labels: ['dark', 'light'],
    input: { kind: 'image', height: side, width: side, channels: 3 },
    head: [{ units: 4 }],
  });
  await createModel(store, spec);
  const events: ExampleEvent[] = [];
  for (let i = 0; i < pictures; i++) {
    const raw = new Float32Array(side * side * 3).fill(i % 256);
    raw[0] = i >> 8;
    const input = await storeInput(store, MODEL, raw);
    events.push({ kind: 'example', id: `p-${i}`, at: START.getTime() + i, label: i % 2, input });
  }
  await writeEvents(store, MODEL, events, START);
  const now = new Date(START.getTime() + 86_400_000);
  const started = await startRun(store, MODEL, { trigger: 'cli', by: 'a test', now, suffix: '' });
  if (!started.ok) throw new Error(started.error.detail);
  const host = { store, now: () => now, onProgress: () => {} } as unknown as RunContext;
  const ctx = await openRun(host, MODEL, started.value.id);
  const recipe = { training: spec.training } as RecipeSettings;
  return { ctx, snapshot: await makeSnapshot(ctx), recipes: [recipe, recipe] as const };
}

describe('the examples of a comparison', () => {
  test('are as many as there is room for, from all over the snapshot', async () => {
    const { ctx, snapshot, recipes } = await collect(900, 64);
    const { subjects } = await readTask(ctx, snapshot, recipes, { seed: 1, most: 5_000 });
    const [{ values, labels }] = subjects;
    expect(values.byteLength).toBeLessThanOrEqual(ROOM_BYTES);
    expect(labels).toHaveLength(Math.floor(ROOM_BYTES / (64 * 64 * 3 * 4)));
    expect(values.at(-1)).toBeGreaterThan(100);
    // What both read alike is there once.
    expect(subjects[1].values).toBe(values);
  });

  test('are no more than was asked for', async () => {
    const { ctx, snapshot, recipes } = await collect(120, 8);
    const { subjects } = await readTask(ctx, snapshot, recipes, { seed: 1, most: 50 });
    expect(subjects[0].labels).toHaveLength(50);
  });

  test('fail by name where there is room for a handful', async () => {
    const { ctx, snapshot, recipes } = await collect(60, 512);
    const reading = readTask(ctx, snapshot, recipes, { seed: 1, most: 5_000 });
    await expect(reading).rejects.toThrow(
      /expected at least 20 examples that are not held out, of \d+ there is room for 7$/,
    );
  });
});
