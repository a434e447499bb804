import { beforeAll, describe, expect, test } from 'vitest';
import { type Evidence, SAME_RECIPE } from '../../../../shared/continuity/evidence/evidence.ts';
import { decideGate } from '../../../../shared/continuity/gate.ts';
import { writeEvents } from '../../../../shared/events/inbox.ts';
import { createRuntime } from '../../../../shared/model/run/runtime.ts';
import { loadSpec, replaceSpec } from '../../../../shared/model/spec/load-spec.ts';
import { loadKernelModule } from '../../../../trainer/kernels/kernels-node.ts';
import { loadWasmModule } from '../../../../shared/model/run/wasm-node.ts';
import type { Spec } from '../../../../shared/model/spec/spec.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import { keys } from '../../../../shared/registry/store/keys.ts';
import type { RunRecord } from '../../../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { createNodeSteps, runJob } from '../../../../trainer/node/job.ts';
import { RunFailure } from '../../../../trainer/run-failure.ts';
import type { Host } from '../../../../trainer/run/context.ts';
import { loadEvidence } from '../../../../trainer/pipeline/judge/evidence-file.ts';
import { runPipeline } from '../../../../trainer/pipeline/pipeline.ts';
import type { StepRunner } from '../../../../trainer/run/steps.ts';
import { startRun } from '../../../../trainer/run/start.ts';
import { copyOf } from '../../../support/copy-of.ts';
import { blobEvents, createBlobModel } from '../../../support/tabular-model.ts';

const MODEL = 'blobs';
const FROM_MS = Date.parse('2026-11-01T00:00:00Z');
const HASTY = { epochs: 1, learningRate: 0.0001 } as const;

let base: ObjectStore;

beforeAll(async () => {
  base = createMemoryStore();
  await createBlobModel(base, MODEL, { n: 2_500, seed: 1, fromMs: FROM_MS });
  await retrain(base);
  const night = blobEvents({ n: 1_000, seed: 2, fromMs: FROM_MS + 5_000_000 });
  await writeEvents(base, MODEL, night, new Date(FROM_MS));
});

async function retrain(store: ObjectStore): Promise<RunRecord> {
  const run = await runJob({ store, model: MODEL, by: 'a test', promote: true });
  if (!run.ok) throw new Error(run.error.detail);
  return run.value;
}

async function changeSpec(store: ObjectStore, change: (spec: Spec) => Partial<Spec>): Promise<void> {
  const loaded = await loadSpec(store, MODEL);
  if (!loaded.ok) throw new Error(loaded.error.detail);
  const { spec } = loaded.value;
  await replaceSpec(store, loaded.value, { ...spec, ...change(spec) } as Spec);
}

const withTraining = (training: object) => (spec: Spec) => ({ training: { ...spec.training, ...training } });
const withSplits = (splits: object) => (spec: Spec) => ({
  gate: { ...spec.gate, splits: { ...spec.gate.splits, ...splits } },
});

async function evidenceOf(store: ObjectStore, { id }: RunRecord): Promise<Evidence> {
  return (await loadEvidence({ store, run: { id, model: MODEL } })) as Evidence;
}

const splitCheck = (evidence: Evidence, policy: Spec['gate']) =>
  decideGate(evidence, policy).checks.find(({ check }) => check === 'repeated-splits');

const noteOf = (run: RunRecord): string | undefined => run.steps.find(({ name }) => name === 'splits')?.note;

async function policyOf(store: ObjectStore): Promise<Spec['gate']> {
  const loaded = await loadSpec(store, MODEL);
  if (!loaded.ok) throw new Error(loaded.error.detail);
  return loaded.value.spec.gate;
}

test("a night with the champion's recipe has nothing to compare, and says so", async () => {
  const store = await copyOf(base);
  await changeSpec(store, withTraining({ seed: 7 }));
  const run = await retrain(store);
  expect(noteOf(run)).toBe("the champion's recipe: nothing to compare");
  const evidence = await evidenceOf(store, run);
  expect(evidence.splits).toBe(SAME_RECIPE);
  const policy = { ...(await policyOf(store)), needs: ['splits' as const] };
  expect(splitCheck(evidence, policy)).toMatchObject({
    verdict: 'skip',
    detail: "the candidate was trained by the champion's recipe: nothing to compare",
  });
});

describe('a recipe that is not the champion’s', () => {
  test('is trained beside it on the same splits, and a worse one is refused for it', async () => {
    const store = await copyOf(base);
    await changeSpec(store, withTraining(HASTY));
    const run = await retrain(store);
    const { splits } = await evidenceOf(store, run);
    if (splits === undefined || splits === SAME_RECIPE) throw new Error('expected scores');
    expect(splits.champion.test).toHaveLength(10);
    expect(splits.candidate.test).toHaveLength(10);
    expect(splits.trained + splits.tested).toBeLessThanOrEqual(2_000);
    expect(splits.tested / (splits.trained + splits.tested)).toBeCloseTo(0.2, 1);
    expect(splits.champion.test.every((score) => score > 0.95)).toBe(true);
    expect(noteOf(run)).toMatch(/^both recipes on 10 splits of \d+ examples$/);
    expect(run).toMatchObject({ verdict: 'reject', promoted: false });
    expect(run.summary?.toLowerCase()).toContain('repeated splits');
  });

  test('is trained on as many splits and examples as the policy bounds it to, or on none', async () => {
    const store = await copyOf(base);
    await changeSpec(store, withTraining({ epochs: 11 }));
    await changeSpec(store, withSplits({ count: 5, maxExamples: 200 }));
    const few = (await evidenceOf(store, await retrain(store))).splits;
    if (few === undefined || few === SAME_RECIPE) throw new Error('expected scores');
    expect(few.champion.test).toHaveLength(5);
    expect(few.trained + few.tested).toBeLessThanOrEqual(200);

    const none = await copyOf(base);
    await changeSpec(none, withTraining({ epochs: 11 }));
    await changeSpec(none, withSplits({ count: 0 }));
    const run = await retrain(none);
    expect(noteOf(run)).toBe('left out: the policy asks for none');
    expect((await evidenceOf(none, run)).splits).toBeUndefined();
  });

  test('is held back where the policy needs splits and the champion’s recipe is not known', async () => {
    const store = await copyOf(base);
    await store.delete(keys.provenance(MODEL, 1));
    await changeSpec(store, withTraining({ epochs: 11 }));
    const run = await retrain(store);
    expect(noteOf(run)).toMatch(/^left out: the recipe of version 1 is not known/);
    const policy = { ...(await policyOf(store)), needs: ['splits' as const] };
    expect(splitCheck(await evidenceOf(store, run), policy)?.verdict).toBe('hold');
  });

  test('gives the same scores in one thread as in several, and a run that goes on trains no split again', async () => {
    const store = await copyOf(base);
    await changeSpec(store, withTraining(HASTY));
    await changeSpec(store, withSplits({ count: 5, maxExamples: 300 }));
    // The same night in two worlds: a second run in one of them would find it decided.
    const elsewhere = await copyOf(store);
    const inThreads = await evidenceOf(elsewhere, await retrain(elsewhere));
    const now = new Date(FROM_MS + 6_000_000_000);
    const started = await startRun(store, MODEL, { trigger: 'cron', by: 'a test', now, suffix: '' });
    if (!started.ok) throw new Error(started.error.detail);
    const host = await hostOf(store, now);
    const remembered = new Map<string, unknown>();
    const done: string[] = [];
    const steps = (stopsAt: string | null): StepRunner => ({
      async do(name, body) {
        if (name === stopsAt) throw new Error('killed');
        type Given = Awaited<ReturnType<typeof body>>;
        if (remembered.has(name)) return remembered.get(name) as Given;
        const result = await body();
        remembered.set(name, result);
        done.push(name);
        return result;
      },
    });
    await expect(runPipeline(host, MODEL, started.value.id, steps('evaluate'))).rejects.toThrow('killed');
    const run = await runPipeline(host, MODEL, started.value.id, steps(null));
    expect(run.status).toBe('complete');
    expect(done.filter((name) => name.startsWith('recipes on split'))).toHaveLength(5);
    expect((await evidenceOf(store, run)).splits).toEqual(inThreads.splits);
  });
});

describe('a split that fails to train', () => {
  async function night(store: ObjectStore, day: number, broken: boolean): Promise<RunRecord> {
    const now = new Date(FROM_MS + 6_000_000_000 + day * 86_400_000);
    const started = await startRun(store, MODEL, { trigger: 'cron', by: 'a test', now, suffix: '' });
    if (!started.ok) throw new Error(started.error.detail);
    const plain = await hostOf(store, now);
    const open = (): never => {
      throw new RunFailure('the disk was full');
    };
    const host = broken ? { ...plain, splitBackend: { concurrency: 1, open } } : plain;
    const steps = createNodeSteps(store, MODEL, started.value.id);
    return runPipeline(host, MODEL, started.value.id, steps);
  }

  test('holds by name, on the same labels again and again; for the third night running it fails the run', async () => {
    const store = await copyOf(base);
    await changeSpec(store, withTraining(HASTY));
    await changeSpec(store, withSplits({ count: 5 }));
    for (const day of [1, 2]) {
      const run = await night(store, day, true);
      expect(run).toMatchObject({ status: 'complete', promoted: false, broken: { 'repeated-splits': day } });
      expect(run.summary).toMatch(/^Hold: something that should be there is missing or broke/);
      expect(run.why).toContain('the disk was full');
    }
    const third = await night(store, 3, true);
    expect(third).toMatchObject({ status: 'failed', promoted: false });
    expect(third.error).toMatch(
      /^for 3 nights running something .* broke \(repeated-splits\); mend it .*: Hold: /,
    );
    const mended = await night(store, 4, false);
    expect(mended.status).toBe('complete');
    expect(mended.broken).toBeUndefined();
    expect(noteOf(mended)).toMatch(/^both recipes on 5 splits/);
  });
});

async function hostOf(store: ObjectStore, now: Date): Promise<Host> {
  const wasm = await loadWasmModule();
  return {
    store,
    wasm,
    kernels: await loadKernelModule(),
    runtime: createRuntime(wasm),
    now: () => now,
    stopwatch: async (work) => {
      work();
      return 1;
    },
    onProgress: () => {},
  };
}
