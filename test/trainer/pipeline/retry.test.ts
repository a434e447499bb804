import { beforeAll, describe, expect, test } from 'vitest';
import type { CheckResult } from '../../../shared/continuity/findings/check-result.ts';
import type { Verdict } from '../../../shared/continuity/gate.ts';
import { reportSchema } from '../../../trainer/report/report-schema.ts';
import { writeEvents } from '../../../shared/events/inbox.ts';
import type { ClassificationSpec } from '../../../shared/model/spec/spec.ts';
import { loadKernelModule } from '../../../trainer/kernels/kernels-node.ts';
import { type TrainingRecipe, trainingSchema } from '../../../shared/model/spec/training.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { Progress } from '../../../shared/registry/jobs/jobs.ts';
import type { RunRecord } from '../../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { listVersionNumbers } from '../../../shared/registry/versions/find-version.ts';
import { loadManifest } from '../../../shared/registry/versions/versions.ts';
import { resumeJob, runJob } from '../../../trainer/node/job.ts';
import type { RunContext } from '../../../trainer/run/context.ts';
import { loadTrainingRecord } from '../../../trainer/pipeline/fine-tune/fine-tune.ts';
import { deservesRetry } from '../../../trainer/pipeline/retry.ts';
import { startRun } from '../../../trainer/run/start.ts';
import { copyOf } from '../../support/copy-of.ts';
import { Crash, countWrites, crashAtWrite } from '../../support/faulty-store.ts';
import { blobSpec, createBlobModel } from '../../support/tabular-model.ts';
import { AFTER, HISTORY, MODEL, nightEvents, retriedSpec, retryOf } from './retry-night.ts';
import { describeRetrying } from './retry-suite.ts';

/** A champion, and the night after. */
async function openNight(spec: Partial<ClassificationSpec>, poisoned?: number): Promise<ObjectStore> {
  const store = createMemoryStore();
  await createBlobModel(store, MODEL, HISTORY, spec);
  const first = await retrain(store);
  expect(first.promoted).toBe(true);
  await writeEvents(store, MODEL, nightEvents(poisoned), new Date(AFTER));
  return store;
}

async function retrain(store: ObjectStore, onProgress?: (progress: Progress) => void): Promise<RunRecord> {
  const run = await runJob({
    store,
    model: MODEL,
    by: 'a test',
    promote: true,
    ...(onProgress && { onProgress }),
  });
  if (!run.ok) throw new Error(run.error.detail);
  return run.value;
}

/** The contexts of a run's two attempts, as far as their files need them. */
function attemptsOf(store: ObjectStore, { id }: Pick<RunRecord, 'id'>): readonly [RunContext, RunContext] {
  const first = { store, run: { id, model: MODEL } } as RunContext;
  return [first, retryOf(first)];
}

async function readText(store: ObjectStore, run: RunRecord, file: string): Promise<string> {
  return new TextDecoder().decode((await store.get(keys.run(MODEL, run.id, file)))?.bytes);
}

const RETRIED = [
  'gate',
  'retry fine-tune',
  'retry referee',
  'retry evaluate',
  'retry gate',
  'publish',
  'promote',
  'report',
];

describe('a candidate that is refused for its flips alone', () => {
  let store: ObjectStore;
  let run: RunRecord;
  const told: Progress[] = [];

  beforeAll(async () => {
    store = await openNight(retriedSpec({ strength: 8 }));
    run = await retrain(store, (progress) => told.push(progress));
  });

  test('is trained once more, promoted, and the only version of its run', async () => {
    expect(run).toMatchObject({ status: 'complete', verdict: 'promote', promoted: true, candidate: 2 });
    const names = run.steps.map(({ name }) => name);
    expect(names.slice(names.indexOf('gate'))).toEqual(RETRIED);
    expect(run.steps.find(({ name }) => name === 'gate')?.note).toMatch(
      /flips.*Flips alone: trained once more/,
    );
    expect(await listVersionNumbers(store, MODEL)).toEqual([1, 2]);
  });

  test('is told about by the names of its steps, epochs and windows included', () => {
    const retried = told.filter(({ step }) => step.startsWith('retry '));
    expect(new Set(retried.map(({ step }) => step))).toEqual(
      new Set(['retry fine-tune', 'retry referee', 'retry evaluate', 'retry gate']),
    );
    expect(retried.some(({ message }) => message.startsWith('epoch 3 of at most 12'))).toBe(true);
    expect(retried.some(({ message }) => message.startsWith('window '))).toBe(true);
  });

  test('leaves its files beside those of the second, whose recipe is told in full', async () => {
    const [first, second] = await Promise.all(attemptsOf(store, run).map(loadTrainingRecord));
    expect(first?.recipe.distillation).toMatchObject({ kind: 'none', weight: 0.5 });
    expect(second?.recipe.distillation).toMatchObject({ kind: 'focal', weight: 4 });
    expect(second).toMatchObject({ seed: first?.seed, parent: 1, examples: first?.examples });
    const manifest = await loadManifest(store, MODEL, 2);
    if (!manifest.ok) throw new Error(manifest.error.detail);
    expect(manifest.value.attempt).toBe(2);
    expect(manifest.value.files['edge.bin'].sha256).toBe(second?.digest);
    expect(second?.digest).not.toBe(first?.digest);
  });

  test('is in the report with its verdict, and so is what became of it', async () => {
    const report = reportSchema.parse(JSON.parse(await readText(store, run, 'report.json')));
    const [first] = await Promise.all(attemptsOf(store, run).map(loadTrainingRecord));
    expect(report.firstAttempt).toMatchObject({
      digest: first?.digest,
      verdict: { verdict: 'reject' },
      distillation: { first: 0, second: 4 },
    });
    expect(report.firstAttempt?.windows).toHaveLength(report.windows.length);
    expect(report.verdict.verdict).toBe('promote');
    const page = await readText(store, run, 'report.html');
    expect(page).toMatch(/Refused for its flips \(negative flips 16\.7 %, budget 10\.7 %\), trained again/);
  });

  test('of a version that was not tried twice, nothing of it is said', async () => {
    const manifest = await loadManifest(store, MODEL, 1);
    expect(manifest.ok && manifest.value).not.toHaveProperty('attempt');
  });
});

describe('a retry that is refused as well', () => {
  test('ends the run, and the second candidate is what can be looked at', async () => {
    const store = await openNight(retriedSpec({ strength: 1.01 }, 0.01), 1_000);
    const run = await retrain(store);
    expect(run).toMatchObject({ status: 'complete', promoted: false, candidate: 2 });
    expect(run.verdict).not.toBe('promote');
    const names = run.steps.map(({ name }) => name);
    expect(names.slice(names.indexOf('gate'))).toEqual(RETRIED);
  });
});

describe('a run that is killed while it retries', () => {
  test('goes on where it was, and ends in the same version', async () => {
    const base = await openNight(retriedSpec({ strength: 8 }));
    const whole = countWrites(await copyOf(base));
    let retryFrom = 0;
    await startAndRun({
      ...whole,
      put: async (key, ...rest) => {
        const put = await whole.put(key, ...rest);
        if (retryFrom === 0 && key.includes('/retry/')) retryFrom = whole.writes();
        return put;
      },
    });
    const expected = await loadManifest(whole, MODEL, 2);
    if (!expected.ok) throw new Error(expected.error.detail);
    for (let writes = retryFrom - 2; writes < whole.writes(); writes += 5) {
      const side = writes % 2 === 0 ? 'before' : 'after';
      const store = await copyOf(base);
      await expect(startAndRun(crashAtWrite(store, writes, side))).rejects.toThrow(Crash);
      const resumed = await startAndRun(store);
      expect(resumed).toMatchObject({ status: 'complete', verdict: 'promote', promoted: true, candidate: 2 });
      const manifest = await loadManifest(store, MODEL, 2);
      expect(manifest.ok && manifest.value.files).toEqual(expected.value.files);
      expect(await listVersionNumbers(store, MODEL)).toEqual([1, 2]);
    }
  }, 120_000);

  async function startAndRun(store: ObjectStore): Promise<RunRecord> {
    // The same id whenever it is started, and after the run that made the champion.
    const now = new Date('2030-01-01T03:00:00Z');
    const started = await startRun(store, MODEL, { trigger: 'cron', by: 'a test', now, suffix: '' });
    if (!started.ok) throw new Error(started.error.detail);
    const run = await resumeJob({ store, model: MODEL }, started.value.id);
    if (!run.ok) throw new Error(run.error.detail);
    return run.value;
  }
});

describe('no retry', () => {
  const finding = {
    estimate: 0.07,
    lower: 0.06,
    upper: 0.08,
    margin: 0.05,
    passes: 'below',
    n: 2_000,
  } as const;
  const flips = { total: 140, examples: [] };
  const refused: CheckResult = {
    check: 'negative-flips',
    title: '',
    verdict: 'fail',
    detail: '',
    flips,
    ...finding,
  };
  const verdict: Verdict = { verdict: 'reject', checks: [refused], reasons: [], summary: '' };
  const contextOf = (training: object = {}, championAtStart: number | null = 1): RunContext => {
    const recipe: TrainingRecipe = trainingSchema.parse(training);
    const spec = { ...blobSpec(MODEL), training: recipe };
    return { run: { id: 'r1', model: MODEL, championAtStart }, spec } as unknown as RunContext;
  };

  test('but for flips alone, with a champion to hold on to', () => {
    expect(deservesRetry(contextOf(), verdict)).toBe(true);
  });

  test('when another check refuses or holds too', () => {
    const other: CheckResult = { ...refused, check: 'current-window' };
    expect(deservesRetry(contextOf(), { ...verdict, checks: [refused, other] })).toBe(false);
    const held: CheckResult = { ...other, verdict: 'hold' };
    expect(deservesRetry(contextOf(), { ...verdict, checks: [refused, held] })).toBe(false);
  });

  test('without a champion', () => {
    expect(deservesRetry(contextOf({}, null), verdict)).toBe(false);
  });

  test('when it is switched off', () => {
    expect(deservesRetry(contextOf({ retry: { flips: false } }), verdict)).toBe(false);
  });

  test('when the recipe holds on as firmly as it can', () => {
    expect(deservesRetry(contextOf({ distillation: { weight: 100 } }), verdict)).toBe(false);
  });

  test('twice', () => {
    const first = contextOf();
    expect(deservesRetry(retryOf(first), verdict)).toBe(false);
  });
});

describeRetrying('Node', async () => ({ wasm: await loadWasmModule(), kernels: await loadKernelModule() }));
