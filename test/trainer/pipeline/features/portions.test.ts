/**
 * A workshop whose bases see the first pixel twice, and whose time is made up: what is stored, and in how many steps, is
 * known.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import type { LabelledExample } from '../../../../trainer/pipeline/data/history/join.ts';
import { numbersOf, openInput, storeInput } from '../../../../shared/events/stored-input.ts';
import { encodeJson } from '../../../../shared/registry/store/json.ts';
import { keys } from '../../../../shared/registry/store/keys.ts';
import type { BaseManifest } from '../../../../shared/registry/versions/base-manifest.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { sha256Hex } from '../../../../shared/digest.ts';
import type { RunContext } from '../../../../trainer/run/context.ts';
import { openFeatures } from '../../../../trainer/pipeline/features/features.ts';
import {
  runDirectly,
  type RunPart,
  extractAll,
  type PartResult,
} from '../../../../trainer/pipeline/features/portions.ts';
import { saveShard, type ShardRef, type Snapshot } from '../../../../trainer/pipeline/data/snapshot-file.ts';
import { extractFeatures } from '../../../../trainer/pipeline/features/store-features.ts';
import { barSpec } from '../../../support/image-model.ts';
import type { FeatureBackend } from '../../../../trainer/run/feature-backend.ts';

const BASE = 'b'.repeat(64);
const BLOCK = 100;
const FEATURES = 2;

let store: ObjectStore;
let nowMs: number;
/** Rows that a bench saw, by id. */
let seen: string[];
let open: number;

beforeEach(async () => {
  store = createMemoryStore();
  await storeBase(BASE, FEATURES);
  nowMs = 0;
  seen = [];
  open = 0;
});

async function storeBase(digest: string, featureSize: number): Promise<void> {
  const file = new Uint8Array([1]);
  const facts = { sha256: sha256Hex(file), bytes: 1 };
  const manifest: BaseManifest = {
    format: 'holdfast-base/1',
    digest,
    source: 'a test',
    createdAt: '2026-11-01T00:00:00Z',
    output: 'x',
    pooling: 'none',
    inputShape: [8, 8, 1],
    featureSize,
    files: { 'model.json': facts, 'weights.bin': facts, 'edge.json': facts, 'edge.bin': facts },
  };
  for (const name of ['edge.json', 'edge.bin'] as const) await store.put(keys.base(digest, name), file);
  await store.put(keys.base(digest, 'manifest.json'), encodeJson(manifest));
}

/** Every block takes a second, of the clock as well. */
const backend: FeatureBackend = {
  concurrency: 1,
  open(task) {
    open += 1;
    return {
      size: task.base.manifest.featureSize,
      async extract(block) {
        nowMs += 1_000;
        seen.push(...block.map(({ id }) => id));
        const opened = await Promise.all(block.map(({ input, bytes }) => openInput(input, bytes, 64)));
        const first = opened.map((raw) => (raw.ok ? (numbersOf(raw.value)[0] as number) : Number.NaN));
        return { features: Float32Array.from(first.flatMap((x) => [x, x])), computeMs: 1_000 };
      },
      async close() {
        open -= 1;
      },
    };
  },
};

function contextOf(over: Partial<RunContext> = {}): RunContext {
  return {
    store,
    spec: barSpec('m', { base: BASE }),
    base: BASE,
    run: { id: 'r', model: 'm' } as RunContext['run'],
    now: () => new Date(nowMs),
    onProgress: () => {},
    featureBackend: backend,
    ...over,
  } as RunContext;
}

async function snapshotOf(...sizes: readonly number[]): Promise<Snapshot & { readonly shards: ShardRef[] }> {
  const shards: ShardRef[] = [];
  let next = 0;
  for (const size of sizes) {
    const examples: LabelledExample[] = [];
    for (let i = 0; i < size; i++, next++) {
      const input = await storeInput(store, 'm', new Float32Array(64).fill(next % 251));
      examples.push({ id: `e-${next}`, at: next, label: 0, input });
    }
    shards.push(await saveShard(store, 'm', examples));
  }
  return { shards, windows: [{ shards }] } as unknown as Snapshot & { readonly shards: ShardRef[] };
}

/** Remembers what steps gave, as a Workflow does. */
function createHost(remembered = new Map<string, PartResult>()) {
  const names: string[] = [];
  const doPart: RunPart = async (name, body) => {
    names.push(name);
    const before = remembered.get(name);
    if (before !== undefined) return before;
    const result = await body();
    remembered.set(name, JSON.parse(JSON.stringify(result)) as PartResult);
    return result;
  };
  return { doPart, names, remembered };
}

const featuresOf = async ({ digest }: ShardRef): Promise<number[]> => {
  const object = await store.get(keys.features('m', BASE, digest));
  return [...((object && (await openFeatures(object.bytes))) ?? [])];
};

/** 0.75 of these, by three abreast: two blocks of a second. */
const TWO_BLOCKS = { stepCpuSeconds: 8 };

describe('a shard that takes longer than a step may', () => {
  test('is divided over steps, leaves its parts in the store, and ends as if it had not been', async () => {
    const snapshot = await snapshotOf(5 * BLOCK);
    const [shard] = snapshot.shards as [ShardRef];
    const host = createHost();
    const left: (number | undefined)[] = [];
    const partKey = keys.partialFeatures('m', BASE, shard.digest);
    const followed = await extractFeatures(contextOf(TWO_BLOCKS), snapshot, [BASE], async (name, body) => {
      const result = await host.doPart(name, body);
      const part = await store.get(partKey);
      left.push(part === null ? undefined : (await openFeatures(part.bytes))?.length);
      return result;
    });
    const name = `features ${shard.digest.slice(0, 16)}`;
    expect(host.names).toEqual([name, `${name} part 2`, `${name} part 3`]);
    expect(left).toEqual([2 * BLOCK * FEATURES, 4 * BLOCK * FEATURES, undefined]);
    expect(followed).toEqual({ computed: 500, portions: 1, seconds: 5 });
    expect(seen).toEqual(Array.from({ length: 500 }, (_, i) => `e-${i}`));
    expect(await featuresOf(shard)).toEqual(Array.from({ length: 500 }, (_, i) => [i % 251, i % 251]).flat());
    expect(open).toBe(0);
  });

  test('is gone on with after a kill: only the rest is computed', async () => {
    const snapshot = await snapshotOf(5 * BLOCK);
    const [shard] = snapshot.shards as [ShardRef];
    const { remembered } = createHost();
    const dying: RunPart = async (name, body) => {
      if (name.endsWith('part 2')) {
        // The step did its work, and the process was gone before anybody remembered.
        await body();
        throw new Error('killed');
      }
      return createHost(remembered).doPart(name, body);
    };
    await expect(extractFeatures(contextOf(TWO_BLOCKS), snapshot, [BASE], dying)).rejects.toThrow('killed');
    expect(open).toBe(0);
    seen = [];
    const host = createHost(remembered);
    await extractFeatures(contextOf(TWO_BLOCKS), snapshot, [BASE], host.doPart);
    expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => `e-${400 + i}`));
    expect(await featuresOf(shard)).toEqual(Array.from({ length: 500 }, (_, i) => [i % 251, i % 251]).flat());
    expect(await store.list('models/m/features/')).toEqual([keys.features('m', BASE, shard.digest)]);
  });

  test('is computed again from what is whole: a damaged part is worth no failure', async () => {
    const snapshot = await snapshotOf(3 * BLOCK);
    const [shard] = snapshot.shards as [ShardRef];
    const partKey = keys.partialFeatures('m', BASE, shard.digest);
    await store.put(partKey, new Uint8Array(40).fill(1));
    await extractFeatures(contextOf(), snapshot, [BASE], runDirectly);
    expect(seen).toHaveLength(300);
    expect(await featuresOf(shard)).toHaveLength(300 * FEATURES);
    expect(await store.get(partKey)).toBeNull();
  });

  test('gets on by a block at least, however short the steps', async () => {
    const snapshot = await snapshotOf(2 * BLOCK + 1);
    const host = createHost();
    await extractFeatures(contextOf({ stepCpuSeconds: 0 }), snapshot, [BASE], host.doPart);
    expect(host.names).toHaveLength(3);
    expect(seen).toHaveLength(201);
  });
});

describe('several shards', () => {
  test('are under way at once, as many as there is room for', async () => {
    const snapshot = await snapshotOf(150, 150, 150, 150, 150);
    let now = 0;
    let most = 0;
    const counting: RunPart = async (_, body) => {
      most = Math.max(most, (now += 1));
      const result = await body();
      now -= 1;
      return result;
    };
    await extractFeatures(contextOf(), snapshot, [BASE], counting);
    expect(most).toBe(3);
    await storeBase('c'.repeat(64), 20_000);
    most = 0;
    await extractFeatures(contextOf(), snapshot, ['c'.repeat(64)], counting);
    expect(most).toBe(1);
  });

  test('of two bases are looked at base by base, and the names of their steps differ', async () => {
    const other = 'd'.repeat(64);
    await storeBase(other, FEATURES);
    const snapshot = await snapshotOf(10, 20);
    let most = 0;
    const host = createHost();
    await extractFeatures(contextOf(), snapshot, [BASE, other], async (name, body) => {
      const result = await host.doPart(name, body);
      most = Math.max(most, open);
      return result;
    });
    expect(most).toBe(1);
    expect(new Set(host.names).size).toBe(4);
    expect(host.names.filter((name) => name.endsWith(` of ${'d'.repeat(16)}`))).toHaveLength(2);
  });

  test('that are all stored open no base', async () => {
    const snapshot = await snapshotOf(10, 20);
    await extractFeatures(contextOf(), snapshot, [BASE], runDirectly);
    const refusing: FeatureBackend = {
      concurrency: 1,
      open: () => {
        throw new Error('expected no base to be opened');
      },
    };
    const again = await extractFeatures(
      contextOf({ featureBackend: refusing }),
      snapshot,
      [BASE],
      runDirectly,
    );
    expect(again).toEqual({ computed: 0, portions: 0, seconds: 0 });
  });

  test('are told as one: how many of all, how fast, how long', async () => {
    const snapshot = await snapshotOf(200, 300, 100);
    const told: [number, string][] = [];
    const ctx = contextOf({ onProgress: ({ fraction, message }) => void told.push([fraction, message]) });
    await extractFeatures(ctx, snapshot, [BASE], runDirectly);
    // Shards are under way at once: which of them ends first is nobody's to say.
    const between = told.filter(([fraction]) => fraction > 0 && fraction < 1);
    expect(between.length).toBeGreaterThan(0);
    for (const [fraction, message] of between) {
      const [, done, rate, left] =
        /^(\d+) of 600 examples, (\d+) a second, at most (\d+) s left$/.exec(message) ?? [];
      expect(Number(done)).toBe(Math.round(600 * fraction));
      expect(Number(left)).toBe(Math.ceil((600 - Number(done)) / Number(rate)));
    }
    expect(told.at(-1)).toEqual([1, '600 of 600 examples, 100 a second']);
    expect(told.map(([fraction]) => fraction)).toEqual(
      told.map(([fraction]) => fraction).toSorted((a, b) => a - b),
    );
  });

  test('are counted together for as long as any was under way, whatever lay between', async () => {
    const parts = [
      { computed: 1, left: 0, fromMs: 0, toMs: 4_000 },
      { computed: 1, left: 0, fromMs: 1_000, toMs: 6_000 },
      { computed: 0, left: 0, fromMs: 90_000, toMs: 91_000 },
    ];
    const portions = parts.map((part, i) => ({
      name: `${i}`,
      examples: 1,
      advance: () => Promise.reject(new Error('expected to be remembered')),
    }));
    const followed = await extractAll(contextOf(), 'features', [{ base: BASE, portions }], async (name) => {
      return parts[Number(name)] as PartResult;
    });
    expect(followed).toEqual({ computed: 2, portions: 2, seconds: 7 });
  });
});

test('a base that could not be read is asked for again when its step is repeated', async () => {
  const snapshot = await snapshotOf(10);
  let failures = 1;
  const flaky: ObjectStore = {
    ...store,
    get: (key) => {
      if (key === keys.base(BASE, 'edge.bin') && failures-- > 0)
        return Promise.reject(new Error('an outage'));
      return store.get(key);
    },
  };
  const retrying: RunPart = (_, body) => body().catch(() => body());
  expect(await extractFeatures(contextOf({ store: flaky }), snapshot, [BASE], retrying)).toMatchObject({
    computed: 10,
  });
});
