import { beforeAll, describe, expect, test } from 'vitest';
import { loadSpec } from '../../../../shared/model/spec/load-spec.ts';
import { keys } from '../../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { loadFacts } from '../../../../trainer/pipeline/data/facts.ts';
import {
  clearSelection,
  openSelection,
  selectExamples,
} from '../../../../trainer/pipeline/data/selection.ts';
import { makeSnapshot } from '../../../../trainer/pipeline/data/snapshot.ts';
import { shardsOf, type Snapshot } from '../../../../trainer/pipeline/data/snapshot-file.ts';
import { loadSplit, loadWholeSplit, makeSplit, type Split } from '../../../../trainer/pipeline/data/split.ts';
import { readExamples } from '../../../../trainer/pipeline/features/features.ts';
import { readNeighbours } from '../../../../trainer/pipeline/judge/neighbours.ts';
import type { RunContext } from '../../../../trainer/run/context.ts';
import { createBlobModel } from '../../../support/tabular-model.ts';
import { wrapStore } from '../../../support/faulty-store.ts';

const MODEL = 'blobs';
const NOW = new Date('2026-11-20T03:00:00Z');

let store: ObjectStore;
let ctx: RunContext;
let snapshot: Snapshot;
let whole: Split;

beforeAll(async () => {
  store = createMemoryStore();
  await createBlobModel(store, MODEL, { n: 6_000, seed: 3, fromMs: NOW.getTime() - 30 * 86_400_000 });
  const found = await loadSpec(store, MODEL);
  if (!found.ok) throw new Error(found.error.detail);
  const { spec } = found.value;
  ctx = {
    store,
    spec: {
      ...spec,
      training: { ...spec.training, maxExamples: 400 },
      holdout: { ...spec.holdout, judged: 20 },
    },
    run: {
      id: 'run-1',
      model: MODEL,
      cutoffMs: NOW.getTime(),
      championAtStart: null,
      wantedSnapshot: null,
    },
    base: spec.base,
    now: () => NOW,
    onProgress: () => {},
  } as unknown as RunContext;
  snapshot = await makeSnapshot(ctx);
  whole = await makeSplit(ctx, snapshot, []);
  await selectExamples(ctx, snapshot, whole);
});

describe('what a run selects of a long history', () => {
  test('is what it draws and the current window, in the same order', async () => {
    const { snapshot: selected, positionOf } = await openSelection(ctx, snapshot);
    const split = await loadSplit(ctx);
    expect(selected.examples).toBeLessThan(snapshot.examples / 2);
    expect(selected.windows.at(-1)).toEqual(snapshot.windows.at(-1));
    expect(selected.windows.map(({ id }) => id)).toEqual(snapshot.windows.map(({ id }) => id));
    const judged = whole.judged?.flat() ?? [];
    for (const [own, all] of [
      [split.train, whole.train],
      [split.validation, whole.validation],
      [split.holdout.flat(), judged],
    ] as const) {
      expect(own.map(positionOf)).toEqual(all);
      const [one, other] = [await readExamples(ctx, selected, own), await readExamples(ctx, snapshot, all)];
      expect({ ...one, source: null }).toEqual({ ...other, source: null });
    }
  });

  test('judges by no more of a past window than the spec says, always the same ones', async () => {
    const past = whole.holdout.slice(0, -1);
    for (const [w, held] of past.entries()) {
      const judged = whole.judged?.[w] ?? [];
      expect(judged).toHaveLength(Math.min(20, held.length));
      expect(held).toEqual(expect.arrayContaining(judged));
    }
    expect(whole.judged?.at(-1)).toEqual(whole.holdout.at(-1));
    const more = await makeSplit(
      { ...ctx, spec: { ...ctx.spec, holdout: { fraction: 0.2, judged: 20 } } },
      snapshot,
      [],
    );
    expect(more.judged?.slice(0, -1)).toEqual(whole.judged?.slice(0, -1));
    await makeSplit(ctx, snapshot, []);
  });

  test('is gone with the run, which is split as it was', async () => {
    await clearSelection(ctx);
    expect((await openSelection(ctx, snapshot)).snapshot).toBe(snapshot);
    expect(await loadSplit(ctx)).toEqual(await loadWholeSplit(ctx));
    expect(await store.list(keys.run(MODEL, 'run-1', 'select'))).toEqual([]);
  });
});

describe('facts of a shard', () => {
  test('are read in place of the shard, and computed again where they are missing or damaged', async () => {
    const [shard] = shardsOf(snapshot);
    if (shard === undefined) throw new Error('expected shards');
    const key = keys.shardFacts(MODEL, shard.digest);
    const before = await loadFacts(ctx, shard);
    const bytes = (await store.get(key))?.bytes ?? new Uint8Array();
    for (const damaged of [bytes.slice(0, 100), bytes.with(50, (bytes[50] as number) ^ 1), null]) {
      if (damaged === null) await store.delete(key);
      else await store.put(key, damaged);
      expect(await loadFacts(ctx, shard)).toEqual(before);
      expect((await store.get(key))?.bytes).toEqual(bytes);
    }
  });

  test('are all that a split and neighbours read', async () => {
    const read = new Set<string>();
    const watched = {
      ...store,
      get: async (key: string) => {
        read.add(key);
        return store.get(key);
      },
    };
    await makeSplit({ ...ctx, store: wrapStore(watched, (_, call) => call()) }, snapshot, []);
    await readNeighbours({ ...ctx, store: watched }, snapshot);
    const shards = [...read].filter((key) => key.startsWith(keys.snapshotShards(MODEL)));
    expect(shards).toEqual([]);
  });
});
