import { beforeAll, describe, expect, test } from 'vitest';
import { loadSpec, replaceSpec } from '../../../shared/model/spec/load-spec.ts';
import { loadKernelModule } from '../../../trainer/kernels/kernels-node.ts';
import { createRuntime } from '../../../shared/model/run/runtime.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import {
  comparisonJob,
  type ComparisonRecord,
  loadComparisonResult,
} from '../../../shared/registry/jobs/comparisons.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { loadJob, type Progress } from '../../../shared/registry/jobs/jobs.ts';
import { compareRecipes } from '../../../trainer/compare/compare.ts';
import { comparisonSchema, concludeComparison } from '../../../trainer/recipes/recipe-comparison.ts';
import { runComparison, startComparison } from '../../../trainer/compare/comparison-run.ts';
import type { Host } from '../../../trainer/run/context.ts';
import { runJob } from '../../../trainer/node/job.ts';
import type { StepRunner } from '../../../trainer/run/steps.ts';
import { createBlobModel } from '../../support/tabular-model.ts';

const MODEL = 'blobs';
const store = createMemoryStore();
const progress: Progress[] = [];
let host: Host;

beforeAll(async () => {
  await createBlobModel(store, MODEL, { n: 600, seed: 1, fromMs: Date.parse('2026-11-01T00:00:00Z') });
  await runJob({ store, model: MODEL, by: 'a test', promote: false });
  const loaded = await loadSpec(store, MODEL);
  if (!loaded.ok) throw new Error(loaded.error.detail);
  const { spec } = loaded.value;
  const training = { ...spec.training, epochs: 1, learningRate: 0.0001 };
  await replaceSpec(store, loaded.value, { ...spec, training });
  await runJob({ store, model: MODEL, by: 'a test', promote: false });
  const wasm = await loadWasmModule();
  host = {
    store,
    wasm,
    kernels: await loadKernelModule(),
    runtime: createRuntime(wasm),
    now: () => new Date('2026-11-20T03:00:30Z'),
    stopwatch: () => Promise.reject(new Error('nothing is timed here')),
    onProgress: (told) => void progress.push(told),
  };
});

const started = { now: new Date('2026-11-20T03:00:00.000Z'), suffix: 'abc' };
const request = { a: 2, b: 1, splits: 3, seed: 7, by: 'ann' };

async function start(suffix: string): Promise<ComparisonRecord> {
  const record = await startComparison(store, MODEL, request, { ...started, suffix });
  if (!record.ok) throw new Error(record.error.detail);
  return record.value;
}

/** Remembers results like a Workflow; stops before one step where it is told to. */
function hostThat(remembered: Map<string, unknown>, done: string[], stopsAt?: string): StepRunner {
  return {
    async do(name, body) {
      if (name === stopsAt) throw new Error('killed');
      type Given = Awaited<ReturnType<typeof body>>;
      if (remembered.has(name)) return remembered.get(name) as Given;
      const result = await body();
      remembered.set(name, result);
      done.push(name);
      return result;
    },
  };
}

describe('a comparison as steps', () => {
  test('goes on where it was killed, and finds what one process finds', async () => {
    const { id } = await start('abc');
    expect(id).toBe('20261120T030000000-2-1-abc');
    const [remembered, done]: [Map<string, unknown>, string[]] = [new Map(), []];
    const killed = runComparison(host, MODEL, id, hostThat(remembered, done, 'split 3'));
    await expect(killed).rejects.toThrow('killed');
    expect(await loadJob(store, comparisonJob, MODEL, id)).toMatchObject({ value: { status: 'running' } });
    const record = await runComparison(host, MODEL, id, hostThat(remembered, done));
    expect(done).toEqual(['split 1', 'split 2', 'split 3', 'finish']);
    expect(record).toMatchObject({ status: 'complete', by: 'ann', finishedAt: '2026-11-20T03:00:30.000Z' });
    expect(progress.at(-1)).toMatchObject({ step: 'splits', fraction: 1, message: '3 of 3 splits' });

    const result = comparisonSchema.parse(await loadComparisonResult(store, MODEL, id));
    const here = await compareRecipes({ store, model: MODEL, versions: [2, 1], splits: 3, seed: 7 });
    if (!here.ok) throw new Error(here.error);
    expect(record.summary).toBe(concludeComparison(result));
    expect({ ...result, seconds: 0 }).toEqual({ ...here.value, seconds: 0 });
    const page = await store.get(keys.job('comparison', MODEL, id, 'report.html'));
    expect(new TextDecoder().decode(page?.bytes)).toContain('<!doctype html>');
  });

  test('takes as many steps as its time takes, and comes to the same where the process ends in between', async () => {
    const { id } = await start('whole');
    await runComparison(host, MODEL, id, hostThat(new Map(), []));
    const whole = comparisonSchema.parse(await loadComparisonResult(store, MODEL, id));
    let nowMs = Date.parse('2026-11-20T04:00:00Z');
    const hurried = { ...host, stepCpuSeconds: 0.5, now: () => new Date((nowMs += 200)) };
    const again = await startComparison(store, MODEL, request, { ...started, suffix: 'def' });
    if (!again.ok) throw new Error(again.error.detail);
    const [remembered, done]: [Map<string, unknown>, string[]] = [new Map(), []];
    const run = (stopsAt?: string) =>
      runComparison(hurried, MODEL, again.value.id, hostThat(remembered, done, stopsAt));
    await expect(run('split 2 part 3')).rejects.toThrow('killed');
    expect(await run()).toMatchObject({ status: 'complete' });
    expect(done.filter((name) => name.startsWith('split 3')).length).toBeGreaterThan(2);
    const result = comparisonSchema.parse(await loadComparisonResult(store, MODEL, again.value.id));
    expect({ ...result, seconds: 0 }).toEqual({ ...whole, seconds: 0 });
  });

  test('that is complete is not run again', async () => {
    const done: string[] = [];
    const { id } = await start('complete');
    await runComparison(host, MODEL, id, hostThat(new Map(), done));
    done.length = 0;
    expect(await runComparison(host, MODEL, id, hostThat(new Map(), done))).toMatchObject({
      status: 'complete',
    });
    expect(done).toEqual([]);
  });

  test('is not started with a version whose recipe is not known', async () => {
    expect(await startComparison(store, MODEL, { ...request, b: 9 }, started)).toMatchObject({
      ok: false,
      error: { kind: 'unknown-recipe', detail: expect.stringContaining('no version 9') as string },
    });
  });

  test('that cannot be done says why, and is not repeated', async () => {
    const record = await start('lost');
    await store.delete(keys.snapshot(MODEL, record.snapshot));
    const failed = await runComparison(host, MODEL, record.id, hostThat(new Map(), []));
    expect(failed).toMatchObject({ status: 'failed', error: expect.stringContaining('snapshot') as string });
  });
});
