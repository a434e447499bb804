/**
 * A training that does not fit in a pack, left and taken up wherever it can be, in whatever runtime. Whoever calls this
 * has made packs small: `vi.mock('…/pack-numbers.ts', () => ({ PACK_NUMBERS: 600 }))`.
 */
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { writeEvents } from '../../../../shared/events/inbox.ts';
import { createRuntime } from '../../../../shared/model/run/runtime.ts';
import { trainingSchema } from '../../../../shared/model/spec/training.ts';
import type { WasmModules } from '../../../../shared/model/run/wasm-modules.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import { keys } from '../../../../shared/registry/store/keys.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import type { RunContext, Host } from '../../../../trainer/run/context.ts';
import { runPipeline } from '../../../../trainer/pipeline/pipeline.ts';
import { openRun } from '../../../../trainer/run/record.ts';
import { makeSnapshot } from '../../../../trainer/pipeline/data/snapshot.ts';
import type { Snapshot } from '../../../../trainer/pipeline/data/snapshot-file.ts';
import { loadSplit, makeSplit } from '../../../../trainer/pipeline/data/split.ts';
import { startRun } from '../../../../trainer/run/start.ts';
import type { StepRunner } from '../../../../trainer/run/steps.ts';
import {
  type BuildProgress,
  buildDataset,
  isBuilt,
  NOTHING_BUILT,
  openDataset,
} from '../../../../trainer/pipeline/fine-tune/stored-dataset.ts';
import { followTraining } from '../../../../trainer/pipeline/fine-tune/training-steps.ts';
import type { DataLoader } from '../../../../trainer/training/dataset.ts';
import { Crash, crashAtWrite, wrapStore } from '../../../support/faulty-store.ts';
import { blobEvents, createBlobModel } from '../../../support/tabular-model.ts';

const MODEL = 'blobs';
const FROM_MS = Date.parse('2026-11-01T00:00:00Z');
const LATER_MS = FROM_MS + 10_000_000;

/** Of the candidate, on every machine and in every runtime. */
const DIGEST = '80dfa7de6c0a313b88f4f4409a683a5a47a1d2fd095e62068261ed62bb28e8c2';

const TRAINING = trainingSchema.parse({
  epochs: 3,
  learningRate: 0.01,
  schedule: 'plateau',
  stopOn: 'worst',
  distillation: { kind: 'focal', temperature: 2, base: 1, right: 5 },
  anchor: 0.1,
  interpolation: 'validation',
  classWeights: 'balanced',
  augmentation: { noise: 0.1 },
});

/** What a host has of the steps that are done. */
type Remembered = Map<string, string>;

export function describeTrainingInPacks(
  runtime: string,
  load: () => Promise<{ readonly wasm: WasmModules; readonly kernels: WebAssembly.Module }>,
): void {
  describe(`in ${runtime}, a training that does not fit in a pack`, () => {
    let objects: ObjectStore;
    let ready: RunContext;
    let snapshot: Snapshot;

    beforeAll(async () => {
      objects = createMemoryStore();
      const { wasm, kernels } = await load();
      const host: Host = {
        store: objects,
        wasm,
        kernels,
        runtime: createRuntime(wasm),
        now: () => new Date(LATER_MS),
        stopwatch: async (work) => (work(), 1),
        onProgress: () => {},
      };
      const begin = async (atMs: number): Promise<string> => {
        const how = { trigger: 'cron', by: 'a test', now: new Date(atMs), suffix: '' } as const;
        const started = await startRun(objects, MODEL, how);
        if (!started.ok) throw new Error(started.error.detail);
        return started.value.id;
      };
      await createBlobModel(objects, MODEL, { n: 1_500, seed: 1, fromMs: FROM_MS }, { training: TRAINING });
      const first = await runPipeline(host, MODEL, await begin(LATER_MS), {
        do: (_, body) => body(),
      });
      expect(first).toMatchObject({ error: null, promoted: true });
      const night = { n: 1_500, seed: 2, fromMs: LATER_MS, drift: 0.5 };
      await writeEvents(objects, MODEL, blobEvents(night), new Date(LATER_MS));
      ready = await openRun(host, MODEL, await begin(LATER_MS + 10_000_000));
      snapshot = await makeSnapshot(ready);
      await makeSplit(ready, snapshot, []);
    });

    /** The run as it is before its training, in a bucket of its own. */
    async function begin(): Promise<RunContext> {
      const store = createMemoryStore();
      for (const key of await objects.list(''))
        await store.put(key, (await objects.get(key))?.bytes ?? new Uint8Array());
      return { ...ready, store };
    }

    /** @param tickMs  what passes between two looks at the clock */
    function ticking(ctx: RunContext, tickMs: number, stepCpuSeconds: number): RunContext {
      let nowMs = LATER_MS;
      return { ...ctx, stepCpuSeconds, now: () => new Date((nowMs += tickMs)) };
    }

    function hostOf(remembered: Remembered): StepRunner {
      return {
        async do(name, body) {
          const done = remembered.get(name) ?? JSON.stringify(await body());
          remembered.set(name, done);
          return JSON.parse(done) as Awaited<ReturnType<typeof body>>;
        },
      };
    }

    const trainingFiles = (ctx: RunContext) => ctx.store.list(keys.run(MODEL, ctx.run.id, 'training/'));

    test('ends in the same candidate everywhere, and leaves nothing behind but it', async () => {
      const ctx = await begin();
      const { digest, parent, halvings, epochs } = await followTraining(ctx, hostOf(new Map()), snapshot);
      expect({ digest, parent, halvings }).toEqual({ digest: DIGEST, parent: 1, halvings: 0 });
      expect(epochs.at(-1)?.validationAccuracy).toBeGreaterThan(0.8);
      expect(await trainingFiles(ctx)).toEqual([]);
    });

    test('does so wherever its steps end', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 900 }),
          fc.integer({ min: 1, max: 40 }),
          async (tick, s) => {
            const remembered: Remembered = new Map();
            const ctx = ticking(await begin(), tick, s / 10);
            expect(await followTraining(ctx, hostOf(remembered), snapshot)).toMatchObject({ digest: DIGEST });
          },
        ),
        { numRuns: 6 },
      );
    });

    test('goes on in the middle of an epoch, a batch at a time', async () => {
      const remembered: Remembered = new Map();
      const ctx = ticking(await begin(), 1_000, 0.1);
      const { digest, epochs } = await followTraining(ctx, hostOf(remembered), snapshot);
      expect(digest).toBe(DIGEST);
      const groups = [...remembered.keys()].filter((name) => /^fine-tune \d+$/.test(name));
      expect(groups.length).toBeGreaterThan(20 * epochs.length);
    });

    test('that is killed at any write goes on, and ends in the same candidate', async () => {
      for (const k of [1, 5, 14, 31, 60]) {
        for (const side of ['before', 'after'] as const) {
          const remembered: Remembered = new Map();
          const ctx = ticking(await begin(), 200, 1);
          const dying = { ...ctx, store: crashAtWrite(ctx.store, k, side) };
          await expect(followTraining(dying, hostOf(remembered), snapshot)).rejects.toThrow(Crash);
          const record = await followTraining(ctx, hostOf(remembered), snapshot);
          expect(record.digest, `${side} write ${k}`).toBe(DIGEST);
          expect(await trainingFiles(ctx)).toEqual([]);
        }
      }
    });

    test('is harmed by no step that goes on beside its repetition', async () => {
      const ctx = ticking(await begin(), 200, 1);
      const lagging = wrapStore(ctx.store, async (_, call) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return call();
      });
      const others: Promise<unknown>[] = [];
      // The same step twice at once, over a store that has them take turns.
      const host: StepRunner = {
        do: (_, body) => {
          others.push(body().catch(() => {}));
          return body();
        },
      };
      const record = await followTraining({ ...ctx, store: lagging }, host, snapshot);
      await Promise.all(others);
      expect(record.digest).toBe(DIGEST);
    });

    test('keeps what it may still need, and no more: two checkpoints, and no segments beside packs', async () => {
      const ctx = ticking(await begin(), 200, 1);
      const counts: number[] = [];
      let hadScattered = false;
      const inner = hostOf(new Map());
      const host: StepRunner = {
        async do(name, body) {
          const result = await inner.do(name, body);
          const files = await trainingFiles(ctx);
          counts.push(files.filter((key) => key.includes('/checkpoint-')).length);
          const scattered = files.some((key) => key.includes('/scattered-'));
          if (name.startsWith('fine-tune set')) hadScattered ||= scattered;
          else expect(scattered).toBe(false);
          return result;
        },
      };
      await followTraining(ctx, host, snapshot);
      expect(counts.length).toBeGreaterThan(5);
      expect(Math.max(...counts)).toBe(2);
      expect(hadScattered).toBe(true);
    });

    describe('in packs', () => {
      let ctx: RunContext;
      let train: DataLoader;

      beforeAll(async () => {
        ctx = await begin();
        for (let built: BuildProgress = NOTHING_BUILT; !isBuilt(built);)
          built = await buildDataset(ctx, snapshot, built, async () => false);
        train = (await openDataset(ctx)).data.train as DataLoader;
      });

      test('has every example once, and of each time in each pack', async () => {
        const seen: string[] = [];
        for (const pack of train.rows.keys()) {
          const { features, labels, weights, teacher } = await train.load(pack);
          const rows = Array.from(labels, (label, i) => `${label} ${features[2 * i]} ${features[2 * i + 1]}`);
          seen.push(...rows);
          // Batches are whole but for the last pack's.
          if (pack < train.rows.length - 1) expect(rows.length % TRAINING.batchSize).toBe(0);
          expect(weights).toHaveLength(rows.length);
          expect(teacher?.outputs).toHaveLength(3 * rows.length);
          for (const label of [0, 1, 2]) {
            const share = labels.filter((own) => own === label).length / rows.length;
            expect(Math.abs(share - 1 / 3)).toBeLessThan(0.12);
          }
        }
        expect(seen).toHaveLength((await loadSplit(ctx)).train.length);
        expect(new Set(seen).size).toBeGreaterThan(0.99 * seen.length);
        expect(train.rows.length).toBeGreaterThan(3);
      });

      test.each(['altered', 'cut', 'gone'])('that is %s is named', async (how) => {
        const key = keys.run(MODEL, ctx.run.id, 'training/pack-1');
        const { store } = ctx;
        const bytes = (await store.get(key))?.bytes as Uint8Array;
        if (how === 'gone') await store.delete(key);
        else
          await store.put(key, how === 'cut' ? bytes.subarray(4) : bytes.with(99, 1 ^ (bytes[99] as number)));
        const again = (await openDataset(ctx)).data.train as DataLoader;
        const expected = how === 'gone' ? `${key} is not there` : `${key} was truncated or altered`;
        await expect(again.load(1)).rejects.toThrow(expected);
        // Whether it was read ahead or not.
        again.prefetch?.(1);
        await expect(again.load(1)).rejects.toThrow(expected);
        await store.put(key, bytes);
        expect((await again.load(1)).labels).toHaveLength(again.rows[1] as number);
      });

      test('that is expected is read before it is asked for, and once', async () => {
        const read: string[] = [];
        const get: ObjectStore['get'] = (key) => (read.push(key), ctx.store.get(key));
        const ahead = (await openDataset({ ...ctx, store: { ...ctx.store, get } })).data.train as DataLoader;
        read.length = 0;
        const first = await ahead.load(0);
        ahead.prefetch?.(1);
        ahead.prefetch?.(1);
        ahead.prefetch?.(0);
        expect(read.map((key) => key.split('/').at(-1))).toEqual(['pack-0', 'pack-1']);
        expect(await ahead.load(0)).toBe(first);
        expect(await ahead.load(1)).toEqual(await train.load(1));
        expect(read).toHaveLength(2);
      });
    });

    test('a segment that was altered on the way to a pack is named', async () => {
      const ctx = await begin();
      const key = keys.run(MODEL, ctx.run.id, 'training/scattered-0');
      let built: BuildProgress = NOTHING_BUILT;
      while ((await ctx.store.get(key)) === null)
        built = await buildDataset(ctx, snapshot, built, async () => false);
      const bytes = (await ctx.store.get(key))?.bytes as Uint8Array;
      await ctx.store.put(key, bytes.with(50, 1 ^ (bytes[50] as number)));
      const rest = async (): Promise<void> => {
        while (!isBuilt(built)) built = await buildDataset(ctx, snapshot, built, async () => false);
      };
      await expect(rest()).rejects.toThrow(`${key} was truncated or altered`);
    });

    test.each(['checkpoint', 'state'])('a %s that was altered fails the run by its name', async (kind) => {
      const ctx = ticking(await begin(), 400, 1);
      const inner = hostOf(new Map());
      let altered = '';
      const host: StepRunner = {
        async do(name, body) {
          const result = await inner.do(name, body);
          const key = (await trainingFiles(ctx)).find((file) => file.includes(`/${kind}-`));
          if (key !== undefined && altered === '') {
            const bytes = (await ctx.store.get(key))?.bytes as Uint8Array;
            await ctx.store.put(key, bytes.with(40, 1 ^ (bytes[40] as number)));
            altered = key;
          }
          return result;
        },
      };
      await expect(followTraining(ctx, host, snapshot)).rejects.toThrow('was truncated or altered');
      expect(altered).not.toBe('');
    });
  });
}
