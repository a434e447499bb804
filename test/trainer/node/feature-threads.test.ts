/**
 * A small convolution over bars, in one thread and in several: every bit of what is stored is the same.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { createRandom } from '../../../shared/random.ts';
import type { LabelledExample } from '../../../trainer/pipeline/data/history/join.ts';
import { storeInput } from '../../../shared/events/stored-input.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { createNodeHost } from '../../../trainer/node/node-host.ts';
import { extractCopies, planCopies } from '../../../trainer/pipeline/features/augmented-features.ts';
import type { RunContext } from '../../../trainer/run/context.ts';
import { runDirectly } from '../../../trainer/pipeline/features/portions.ts';
import { saveShard, type ShardRef, type Snapshot } from '../../../trainer/pipeline/data/snapshot-file.ts';
import { extractFeatures } from '../../../trainer/pipeline/features/store-features.ts';
import { copyOf } from '../../support/copy-of.ts';
import { importBarBase } from '../../support/bar-base.ts';
import { barSpec } from '../../support/image-model.ts';
import { RunFailure } from '../../../trainer/run-failure.ts';

const SHARDS = [330, 250, 1, 40];
const AUGMENTATION = { rotation: 20, brightness: 0.2, copies: 2 };
const EXAMPLES = SHARDS.reduce((sum, n) => sum + n, 0);

let store: ObjectStore;
let base: string;
let shards: ShardRef[];
let snapshot: Snapshot;

beforeAll(async () => {
  store = createMemoryStore();
  base = (await importBarBase(store)).digest;
  const random = createRandom(3);
  shards = [];
  let next = 0;
  for (const n of SHARDS) {
    const examples: LabelledExample[] = [];
    for (let i = 0; i < n; i++, next++) {
      const pixels = Float32Array.from({ length: 64 }, () => random.below(256));
      examples.push({
        id: `e-${next}`,
        at: next,
        label: next % 3,
        input: await storeInput(store, 'm', pixels),
      });
    }
    shards.push(await saveShard(store, 'm', examples));
  }
  snapshot = { windows: [{ shards }] } as unknown as Snapshot;
});

async function contextOf(threads: number, over: Partial<RunContext> = {}): Promise<RunContext> {
  const host = await createNodeHost({ store: await copyOf(store), threads });
  const spec = barSpec('m', { base, training: { augmentation: AUGMENTATION } });
  return { ...host, spec, base, run: { id: 'r', model: 'm' } as RunContext['run'], ...over };
}

/** Everything that was stored, by key. */
async function storedBy(ctx: RunContext): Promise<Map<string, string>> {
  const train = Array.from({ length: EXAMPLES }, (_, i) => i).filter((i) => i % 3 !== 0);
  await extractFeatures(ctx, snapshot, [base], runDirectly);
  await extractCopies(ctx, planCopies(ctx.spec, ctx.spec.training, snapshot, { train }), runDirectly);
  const stored = new Map<string, string>();
  for (const key of [
    ...(await ctx.store.list('models/m/features/')),
    ...(await ctx.store.list('models/m/copies/')),
  ])
    stored.set(key, Buffer.from((await ctx.store.get(key))?.bytes ?? []).toString('base64'));
  return stored;
}

/** Calls end at once: other numbers of steps for the same work. */
const IMPATIENT = { stepCpuSeconds: 1e-9 };

describe('what bases see in threads', () => {
  test('is the same to the bit in one, two and three, and in however many steps', async () => {
    const one = await storedBy(await contextOf(1));
    expect(one.size).toBe(SHARDS.length + 2 * 4);
    expect(await storedBy(await contextOf(2))).toEqual(one);
    expect(await storedBy(await contextOf(3))).toEqual(one);
    expect(await storedBy(await contextOf(1, IMPATIENT))).toEqual(one);
    expect(await storedBy(await contextOf(2, IMPATIENT))).toEqual(one);
  });

  test('is counted while it is computed', async () => {
    const told: { fraction: number; message: string }[] = [];
    const ctx = await contextOf(2, { onProgress: (progress) => void told.push(progress) });
    const followed = await extractFeatures(ctx, snapshot, [base], runDirectly);
    expect(followed).toMatchObject({ computed: EXAMPLES, portions: SHARDS.length });
    expect(followed.seconds).toBeGreaterThan(0);
    expect(told.at(-1)).toMatchObject({ fraction: 1 });
    expect(told.at(-1)?.message).toMatch(/^621 of 621 examples, [\d.,]+ a second$/);
    const again = await extractFeatures(ctx, snapshot, [base], runDirectly);
    expect(again).toMatchObject({ computed: 0, portions: 0 });
  });

  test('fails by the example whose input is missing or altered, and leaves nothing half-written', async () => {
    for (const threads of [1, 2]) {
      const large = await storeInput(store, 'm', new Float32Array(64).fill(9));
      const { base64: _, ...elsewhere } = large;
      const examples = [{ id: 'e-lost', at: 1, label: 0, input: elsewhere as typeof large }];
      const shard = await saveShard(store, 'm', examples);
      const ctx = await contextOf(threads);
      const lost = { windows: [{ shards: [...shards, shard] }] } as unknown as Snapshot;
      const failing = extractFeatures(ctx, lost, [base], runDirectly);
      await expect(failing).rejects.toBeInstanceOf(RunFailure);
      await expect(failing).rejects.toThrow(`example e-lost: input ${large.digest} is not there`);
      expect(await ctx.store.list(keys.features('m', base, shard.digest))).toEqual([]);
      await ctx.store.put(keys.input('m', large.digest), new Uint8Array(64).fill(8));
      await expect(extractFeatures(ctx, lost, [base], runDirectly)).rejects.toThrow('example e-lost: input');
      await ctx.store.put(keys.input('m', large.digest), new Uint8Array(64).fill(9));
      expect(await extractFeatures(ctx, lost, [base], runDirectly)).toMatchObject({
        portions: expect.any(Number),
      });
      expect(await ctx.store.list(keys.features('m', base, shard.digest))).toHaveLength(1);
    }
  });

  test('fails by the base that is missing or does not read these pictures', async () => {
    const ctx = await contextOf(2);
    await ctx.store.delete(keys.base(base, 'edge.bin'));
    await expect(extractFeatures(ctx, snapshot, [base], runDirectly)).rejects.toThrow(`base ${base}: `);
  });
});
