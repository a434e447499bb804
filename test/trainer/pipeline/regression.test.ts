import { beforeAll, describe, expect, test } from 'vitest';
import {
  type AnyEvidence,
  isRegression,
  type RegressionEvidence,
} from '../../../shared/continuity/evidence/evidence.ts';
import { reportSchema } from '../../../trainer/report/report-schema.ts';
import { writeEvents } from '../../../shared/events/inbox.ts';
import type { ExampleEvent } from '../../../shared/events/schema.ts';
import { createRuntime } from '../../../shared/model/run/runtime.ts';
import { createServable } from '../../../shared/model/run/predictor.ts';
import { loadHead } from '../../../shared/model/run/servable.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { loadChampion } from '../../../shared/registry/champion/alias.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { RunRecord } from '../../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { listVersionNumbers } from '../../../shared/registry/versions/find-version.ts';
import { loadManifest } from '../../../shared/registry/versions/versions.ts';
import { runJob } from '../../../trainer/node/job.ts';
import { loadEvidence } from '../../../trainer/pipeline/judge/evidence-file.ts';
import { copyOf } from '../../support/copy-of.ts';
import {
  createRentModel,
  rentEvents,
  type RentNight,
  rentOf,
  rentSpec,
} from '../../support/regression-model.ts';

const MODEL = 'rents';
const HISTORY: RentNight = { n: 4_000, seed: 1, fromMs: Date.parse('2026-11-01T00:00:00Z') };
const AFTER = HISTORY.fromMs + 2 * HISTORY.n * 1_000;

async function collect(store: ObjectStore, night: RentNight): Promise<void> {
  await writeEvents(store, MODEL, rentEvents(night), new Date(night.fromMs));
}

async function retrain(store: ObjectStore): Promise<RunRecord> {
  const run = await runJob({ store, model: MODEL, by: 'a test', promote: true });
  if (!run.ok) throw new Error(run.error.detail);
  return run.value;
}

async function evidenceOf(store: ObjectStore, { id }: Pick<RunRecord, 'id'>): Promise<RegressionEvidence> {
  const evidence: AnyEvidence = await loadEvidence({ store, run: { id, model: MODEL } });
  if (!isRegression(evidence)) throw new Error('expected the evidence of a regression');
  return evidence;
}

async function readText(store: ObjectStore, key: string): Promise<string> {
  return new TextDecoder().decode((await store.get(key))?.bytes);
}

async function championOf(store: ObjectStore): Promise<number | undefined> {
  const champion = await loadChampion(store, MODEL);
  return champion.ok ? champion.value?.move.to : undefined;
}

describe('night after night', () => {
  const store = createMemoryStore();

  beforeAll(() => createRentModel(store, MODEL, HISTORY));

  test('the first version is promoted when it beats the mean, and the last target where one could have known it', async () => {
    const run = await retrain(store);
    expect(run).toMatchObject({ status: 'complete', verdict: 'promote', promoted: true, candidate: 1 });
    const { windows, selfTests, candidate } = await evidenceOf(store, run);
    expect(windows).toHaveLength(4);
    expect(candidate).toMatchObject({ finite: true, reproduces: true, exportAgrees: true });
    expect(selfTests).toEqual([
      { id: 'answers mirrored', passed: true, detail: expect.stringContaining('gets reject') as string },
    ]);
    const previous = windows.flatMap(({ previousTargets = [] }) => [...previousTargets]);
    expect(previous).toHaveLength(windows.flatMap(({ targets }) => [...targets]).length);
    // Targets that came with their inputs, as an import's do, were known to nobody when the answer was wanted.
    expect(previous.every((target) => Number.isNaN(target))).toBe(true);
  });

  test('the published plan answers in EUR, without anything beside the preprocessing', async () => {
    const manifest = await loadManifest(store, MODEL, 1);
    if (!manifest.ok) throw new Error(manifest.error.detail);
    expect(manifest.value).toMatchObject({ labels: [], target: { name: 'rent', unit: 'EUR' } });
    expect(manifest.value.metrics['r2 w04 2026-11-01']).toBeGreaterThan(0.95);
    expect(manifest.value.metrics['mae w04 2026-11-01']).toBeLessThan(70);
    const head = await loadHead(store, createRuntime(await loadWasmModule()), manifest.value);
    if (!head.ok) throw new Error(head.error.detail);
    const servable = createServable(rentSpec(MODEL), manifest.value, null, head.value);
    const [rent] = servable.predict([Float32Array.of(80, 5)]);
    expect(Math.abs((rent as number) - rentOf(80, 5))).toBeLessThan(60);
  });

  test('a poisoned night is refused for what it costs on the past, in points of error, and the champion stays', async () => {
    const night = await copyOf(store);
    await collect(night, { n: 2_000, seed: 3, fromMs: AFTER, poisoned: true });
    const run = await retrain(night);
    expect(run).toMatchObject({ status: 'complete', verdict: 'reject', promoted: false, candidate: 2 });
    const report = reportSchema.parse(
      JSON.parse(await readText(night, keys.run(MODEL, run.id, 'report.json'))),
    );
    expect(report.verdict.reasons.join()).toMatch(/MAE: \+\d/);
    expect(report.verdict.reasons.join()).toMatch(
      /lost \d.* there, gained .* on what comes in.*: not paid for/,
    );
    const worsened = report.verdict.checks.find(({ check }) => check === 'worsened');
    expect(worsened?.detail).toContain('predictions are worse by more than');
    // It learned what came in, so nothing there became worse: what it forgot is what refuses it.
    expect(worsened).toMatchObject({ verdict: 'pass', flips: { total: 0, examples: [] } });
    const past = report.verdict.checks.filter(({ check }) => ['past-mean', 'worst-window'].includes(check));
    expect(past.map(({ verdict }) => verdict)).toEqual(['fail', 'fail']);
    const page = await readText(night, keys.run(MODEL, run.id, 'report.html'));
    expect(page).toContain('not paid for');
    expect(page).toContain('Mean absolute error of rent, window by window');
    expect(await championOf(night)).toBe(1);
  });

  test('a night of larger flats gives a better second version, from the first', async () => {
    await collect(store, { n: 3_000, seed: 2, fromMs: AFTER, largest: 200 });
    const run = await retrain(store);
    expect(run).toMatchObject({ verdict: 'promote', promoted: true, candidate: 2, championAtStart: 1 });
    expect(run.summary).toMatch(
      /^Promote: it does better than version 1 on what comes in.* At least .* % better than version 1 on the current window/,
    );
    expect(await loadManifest(store, MODEL, 2)).toMatchObject({ ok: true, value: { parent: 1 } });
    const { selfTests } = await evidenceOf(store, run);
    expect(selfTests?.map(({ id, passed }) => [id, passed])).toEqual([
      ['answers mirrored', true],
      ['champion read again', true],
    ]);
    const report = reportSchema.parse(
      JSON.parse(await readText(store, keys.run(MODEL, run.id, 'report.json'))),
    );
    expect(report.target).toEqual({ name: 'rent', unit: 'EUR' });
    expect(report.matrix?.versions.map(({ version, learned }) => [version, learned])).toEqual([
      [1, 3],
      [2, 4],
    ]);
    expect(report.matrix?.untrained[0]).toBeGreaterThan(200);
    expect(report.windows.at(-1)?.rmse?.candidate).toBeGreaterThanOrEqual(
      report.windows.at(-1)?.candidate ?? 0,
    );
    expect(report.reliability).toBeUndefined();
  });
});

describe('bad input', () => {
  async function failWith(change: (event: ExampleEvent) => ExampleEvent): Promise<RunRecord> {
    const store = createMemoryStore();
    await createRentModel(store, MODEL, { ...HISTORY, n: 0 });
    const events = rentEvents({ ...HISTORY, n: 500 }).map(change);
    await writeEvents(store, MODEL, events, new Date());
    const run = await retrain(store);
    expect(await listVersionNumbers(store, MODEL)).toEqual([]);
    return run;
  }

  test('targets that are all the same fail the run by name', async () => {
    const run = await failWith((event) => ({ ...event, label: 700 }));
    expect(run).toMatchObject({ status: 'failed' });
    expect(run.error).toBe('expected training examples of different targets, got 700 only');
  });

  test('targets that float32 can not tell apart fail the run by name', async () => {
    const run = await failWith((event) => ({ ...event, label: 1e9 + event.label / 10 }));
    expect(run.error).toContain('expected targets that vary by more than a millionth of their size');
  });

  test('a target beyond float32 is no label of the model, and is counted as a problem', async () => {
    const run = await failWith((event) => ({ ...event, label: 1e300 }));
    expect(run).toMatchObject({ status: 'skipped' });
    expect(run.summary).toContain('there are no labelled examples yet');
  });
});

test('the same snapshot gives the same candidate, digest for digest', async () => {
  const digests: unknown[] = [];
  for (let i = 0; i < 2; i++) {
    const store = createMemoryStore();
    await createRentModel(store, MODEL, { ...HISTORY, n: 1_500 });
    await retrain(store);
    const manifest = await loadManifest(store, MODEL, 1);
    digests.push(manifest.ok && manifest.value.files);
  }
  expect(digests[0]).toEqual(digests[1]);
});
