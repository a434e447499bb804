import { beforeAll, describe, expect, test } from 'vitest';
import { type Evidence, isRegression } from '../../../shared/continuity/evidence/evidence.ts';
import { reportSchema } from '../../../trainer/report/report-schema.ts';
import { writeEvents } from '../../../shared/events/inbox.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { loadChampion, loadHistory } from '../../../shared/registry/champion/alias.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { listQuarantines } from '../../../shared/registry/quarantine.ts';
import { promote, resumePromotion, rollback } from '../../../shared/registry/champion/promotion.ts';
import { type RunRecord, saveRun } from '../../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { listVersionNumbers } from '../../../shared/registry/versions/find-version.ts';
import { loadManifest } from '../../../shared/registry/versions/versions.ts';
import { resumeJob, runJob } from '../../../trainer/node/job.ts';
import { loadEvidence } from '../../../trainer/pipeline/judge/evidence-file.ts';
import { startRun } from '../../../trainer/run/start.ts';
import { copyOf } from '../../support/copy-of.ts';
import { Crash, countWrites, crashAtWrite } from '../../support/faulty-store.ts';
import { blobEvents, type BlobNight, createBlobModel } from '../../support/tabular-model.ts';

const MODEL = 'blobs';
const HOUR = 3_600_000;
const HISTORY: BlobNight = { n: 4_000, seed: 1, fromMs: Date.parse('2026-11-01T00:00:00Z') };

async function collect(store: ObjectStore, night: BlobNight): Promise<void> {
  await writeEvents(store, MODEL, blobEvents(night), new Date(night.fromMs));
}

async function retrain(
  store: ObjectStore,
  options: { promote?: boolean; snapshot?: string; again?: boolean } = {},
): Promise<RunRecord> {
  const run = await runJob({ store, model: MODEL, by: 'a test', promote: true, ...options });
  if (!run.ok) throw new Error(run.error.detail);
  return run.value;
}

async function evidenceOf(store: ObjectStore, { id }: Pick<RunRecord, 'id'>): Promise<Evidence> {
  const evidence = await loadEvidence({ store, run: { id, model: MODEL } });
  if (isRegression(evidence)) throw new Error('expected the evidence of a classification');
  return evidence;
}

async function championOf(store: ObjectStore): Promise<number | undefined> {
  const champion = await loadChampion(store, MODEL);
  return champion.ok ? champion.value?.move.to : undefined;
}

describe('night after night', () => {
  const store = createMemoryStore();
  const afterHistory = HISTORY.fromMs + 2 * HISTORY.n * 1_000;

  beforeAll(() => createBlobModel(store, MODEL, HISTORY));

  test('the first version is promoted when it beats the majority answer', async () => {
    const run = await retrain(store);
    expect(run).toMatchObject({
      status: 'complete',
      verdict: 'promote',
      promoted: true,
      candidate: 1,
      championAtStart: null,
    });
    expect(run.steps.map(({ name }) => name)).toEqual([
      'snapshot',
      'labels',
      'split',
      'fine-tune',
      'referee',
      'evaluate',
      'gate',
      'publish',
      'promote',
      'report',
    ]);
    expect(await championOf(store)).toBe(1);
  });

  test('a night without anything new is skipped and publishes nothing', async () => {
    const run = await retrain(store);
    expect(run).toMatchObject({ status: 'skipped', candidate: null });
    expect(run.summary).toContain('no labelled examples since the champion was trained');
    expect(await listVersionNumbers(store, MODEL)).toEqual([1]);
  });

  test('a night with few labels is trained on all the same, and its candidate waits as a challenger', async () => {
    const night = await copyOf(store);
    await collect(night, { n: 30, seed: 4, fromMs: afterHistory });
    const run = await retrain(night);
    expect(run).toMatchObject({ status: 'complete', verdict: 'hold', promoted: false, candidate: 2 });
    const idle = await retrain(night);
    expect(idle).toMatchObject({ status: 'skipped', candidate: null });
    expect(idle.summary).toContain('Nothing new since the last run');
    expect(await retrain(night, { again: true })).toMatchObject({ status: 'complete', candidate: 3 });
  });

  test('a night of swapped labels is kept apart, with what was seen, and the champion stays', async () => {
    const night = await copyOf(store);
    await collect(night, { n: 2_000, seed: 3, fromMs: afterHistory, poisoned: true });
    const run = await retrain(night);
    expect(run).toMatchObject({ status: 'skipped', promoted: false, candidate: null });
    expect(run.summary).toMatch(/of 2000 new labels agree with what served, and 3 classes .* kept apart/);
    expect(await championOf(night)).toBe(1);
    const quarantines = await listQuarantines(night, MODEL);
    expect(quarantines.ok && quarantines.value.map(({ status, examples }) => [status, examples])).toEqual([
      ['held', 2_000],
    ]);
  });

  test('a clean night after it trains and judges by its own labels alone', async () => {
    const night = await copyOf(store);
    await collect(night, { n: 500, seed: 3, fromMs: afterHistory, poisoned: true });
    await retrain(night);
    await collect(night, { n: 2_000, seed: 4, fromMs: afterHistory + 500_000, drift: 0.9 });
    expect(await retrain(night)).toMatchObject({ promoted: true, candidate: 2 });
    const quarantines = await listQuarantines(night, MODEL);
    expect(quarantines.ok && quarantines.value.map(({ status }) => status)).toEqual(['held']);
  });

  test('labels that go on meaning something else were the world, and are released', async () => {
    const night = await copyOf(store);
    await collect(night, { n: 500, seed: 3, fromMs: afterHistory, poisoned: true });
    await retrain(night);
    await collect(night, { n: 500, seed: 4, fromMs: afterHistory + 500_000, poisoned: true });
    expect(await retrain(night)).toMatchObject({ status: 'complete', candidate: 2 });
    const quarantines = await listQuarantines(night, MODEL);
    expect(quarantines.ok && quarantines.value.map(({ status }) => status)).toEqual(['released']);
  });

  test('a night of drift gives a candidate that is promoted, from the champion it started at', async () => {
    await collect(store, { n: 2_000, seed: 2, fromMs: afterHistory, drift: 0.9 });
    const run = await retrain(store);
    expect(run).toMatchObject({ verdict: 'promote', promoted: true, candidate: 2, championAtStart: 1 });
    const manifest = await loadManifest(store, MODEL, 2);
    expect(manifest).toMatchObject({ ok: true, value: { parent: 1, run: run.id } });
    const history = await loadHistory(store, MODEL);
    expect(history.ok && history.value.map(({ from, to, run }) => [from, to, run !== null])).toEqual([
      [null, 1, true],
      [1, 2, true],
    ]);
  });

  test('what a person takes back is not promoted again on the next night, which says why', async () => {
    const night = await copyOf(store);
    await rollback(night, MODEL, { by: 'ada', reason: 'still bad', at: new Date() });
    const again = await retrain(night, { again: true });
    expect(again).toMatchObject({ status: 'complete', promoted: false, candidate: 3 });
    expect(again.why).toMatch(/version 3 has the weights of version 2, which was taken back/);
    await resumePromotion(night, MODEL, { by: 'ada', reason: 'mended', at: new Date(), until: 'now' });
    expect(await retrain(night, { again: true })).toMatchObject({ promoted: false });
    expect(await championOf(night)).toBe(1);
  });

  test('after a rollback a new candidate waits for a person, and run and report say so', async () => {
    const night = await copyOf(store);
    await rollback(night, MODEL, { by: 'ada', reason: 'still bad', at: new Date() });
    await collect(night, { n: 2_000, seed: 9, fromMs: afterHistory + 4_000_000, drift: 0.9 });
    const run = await retrain(night);
    expect(run).toMatchObject({ status: 'complete', promoted: false });
    expect(run.summary).toMatch(/promotion of blobs is paused since ada rolled back/);
    const report = await night.get(keys.run(MODEL, run.id, 'report.html'));
    expect(new TextDecoder().decode(report?.bytes)).toContain('promotion of blobs is paused since ada');
    expect(await championOf(night)).toBe(1);
  });

  test('the evidence has what the whole gate judges by', async () => {
    const history = await loadHistory(store, MODEL);
    const run = history.ok ? (history.value.at(-1)?.run ?? '') : '';
    const { windows, edge, selfTests } = await evidenceOf(store, { id: run });
    for (const { labels, candidateProbabilities, championProbabilities, previousLabels, groups } of windows) {
      expect(candidateProbabilities).toHaveLength(3 * labels.length);
      expect(championProbabilities).toHaveLength(3 * labels.length);
      expect(previousLabels).toHaveLength(labels.length);
      expect(groups).toBeUndefined();
    }
    expect(edge?.memoryBytes).toBeGreaterThan(1_000_000);
    expect(edge?.candidateMs).toHaveLength(edge?.championMs?.length ?? 0);
    expect(edge?.candidateMs.every((ms) => ms > 0)).toBe(true);
    expect(selfTests?.map(({ id, passed }) => [id, passed])).toEqual([
      ['classes in the wrong order', true],
      ['champion read again', true],
    ]);
  });

  test('the report stands beside the run, as JSON and as a page', async () => {
    const history = await loadHistory(store, MODEL);
    const run = history.ok ? (history.value.at(-1)?.run ?? '') : '';
    const report = await store.get(keys.run(MODEL, run, 'report.json'));
    expect(JSON.parse(new TextDecoder().decode(report?.bytes))).toMatchObject({
      format: 'holdfast.run-report/1',
      candidate: { version: 2 },
      champion: { version: 1 },
      decision: { promoted: true },
    });
    const parsed = reportSchema.parse(JSON.parse(new TextDecoder().decode(report?.bytes)));
    expect(parsed.matrix?.versions.map(({ version, learned }) => [version, learned])).toEqual([
      [1, 3],
      [2, 4],
    ]);
    expect(parsed.matrix?.metrics.bwt).toBeCloseTo(0, 1);
    expect(parsed.reliability?.champion?.bins).toHaveLength(15);
    const page = new TextDecoder().decode((await store.get(keys.run(MODEL, run, 'report.html')))?.bytes);
    expect(page).toContain('<!doctype html>');
  });
});

describe('flips that users reported', () => {
  const later = HISTORY.fromMs + 2 * HISTORY.n * 1_000;

  test('judge the next candidates where they are held out, and are trained on where they are not', async () => {
    const store = createMemoryStore();
    await createBlobModel(store, MODEL, HISTORY);
    await retrain(store);
    const night = blobEvents({ n: 1_000, seed: 2, fromMs: later });
    const reported = night.map((event, i) => (i % 10 === 0 ? { ...event, flip: true as const } : event));
    await writeEvents(store, MODEL, reported, new Date(later));
    const run = await retrain(store, { promote: false });
    const { reportedFlips, windows } = await evidenceOf(store, run);
    const held = windows.at(-1)?.exampleIds ?? [];
    const expected = reported.flatMap(({ id, flip }) => (flip && held.includes(id) ? [id] : []));
    expect(expected.length).toBeGreaterThan(5);
    expect(expected.length).toBeLessThan(50);
    expect(reportedFlips?.exampleIds).toEqual(expected);
    expect(reportedFlips?.windows?.every((window) => window === windows.at(-1)?.id)).toBe(true);
    const current = windows.at(-1);
    const at = expected.map((id) => held.indexOf(id));
    for (const of of ['labels', 'candidate', 'champion'] as const)
      expect([...(reportedFlips?.[of] ?? [])]).toEqual(at.map((i) => current?.[of]?.[i]));
    const report = JSON.parse(
      new TextDecoder().decode((await store.get(keys.run(MODEL, run.id, 'report.json')))?.bytes),
    ) as { verdict: { checks: { check: string; verdict: string; detail: string }[] } };
    const check = report.verdict.checks.find(({ check }) => check === 'reported-flips');
    expect(check).toMatchObject({
      verdict: 'pass',
      detail: expect.stringContaining('reported flips') as string,
    });
  });

  test('are none without a champion, which alone can turn an answer', async () => {
    const store = createMemoryStore();
    await createBlobModel(store, MODEL, HISTORY);
    expect((await evidenceOf(store, await retrain(store))).reportedFlips).toBeUndefined();
  });
});

describe('the same snapshot', () => {
  test('gives the same candidate, digest for digest, in another run', async () => {
    const store = createMemoryStore();
    await createBlobModel(store, MODEL, HISTORY);
    const first = await retrain(store, { promote: false });
    expect(first.snapshot).not.toBeNull();
    const second = await retrain(store, { promote: false, snapshot: first.snapshot as string });
    expect(second.id).not.toBe(first.id);
    const files = await Promise.all([1, 2].map((version) => loadManifest(store, MODEL, version)));
    const [a, b] = files.map((manifest) => (manifest.ok ? manifest.value : undefined));
    expect(a?.files).toEqual(b?.files);
    expect(a?.snapshot).toBe(b?.snapshot);
  });

  test('a person decides when the run may not promote', async () => {
    const store = createMemoryStore();
    await createBlobModel(store, MODEL, HISTORY);
    const run = await retrain(store, { promote: false });
    expect(run).toMatchObject({ verdict: 'promote', promoted: false });
    expect(run.summary).toContain('a person promotes it');
    expect(await championOf(store)).toBeUndefined();
  });
});

describe('a run that is killed', () => {
  test('goes on where it was, wherever that is, and ends in the same version, once', async () => {
    const base = createMemoryStore();
    await createBlobModel(
      base,
      MODEL,
      { ...HISTORY, n: 1_400 },
      { window: { examples: 700, keep: 12 }, gate: {} as never },
    );
    const whole = countWrites(await copyOf(base));
    await startAndRun(whole);
    const expected = await loadManifest(whole, MODEL, 1);
    if (!expected.ok) throw new Error(expected.error.detail);
    for (let writes = 2; writes < whole.writes(); writes += 3) {
      const side = writes % 2 === 0 ? 'before' : 'after';
      const store = await copyOf(base);
      await expect(startAndRun(crashAtWrite(store, writes, side))).rejects.toThrow(Crash);
      const resumed = await startAndRun(store);
      expect(resumed).toMatchObject({ status: 'complete', promoted: true, candidate: 1 });
      const manifest = await loadManifest(store, MODEL, 1);
      expect(manifest.ok && manifest.value.files).toEqual(expected.value.files);
      expect(await listVersionNumbers(store, MODEL)).toEqual([1]);
      const history = await loadHistory(store, MODEL);
      expect(history.ok && history.value.length).toBe(1);
    }
  });

  test('after its evidence was gathered judges by that evidence, timings included', async () => {
    const store = createMemoryStore();
    await createBlobModel(store, MODEL, { ...HISTORY, n: 1_400 });
    const run = await retrain(store, { promote: false });
    const evidence = await store.get(keys.run(MODEL, run.id, 'evidence.json'));
    for (const step of ['evaluate', 'gate', 'publish', 'promote', 'report']) {
      await store.delete(keys.runSteps(MODEL, run.id, step));
    }
    await saveRun(store, { ...run, status: 'running' });
    const resumed = await resumeJob({ store, model: MODEL }, run.id);
    expect(resumed).toMatchObject({ ok: true, value: { status: 'complete', summary: run.summary } });
    expect(await store.get(keys.run(MODEL, run.id, 'evidence.json'))).toEqual(evidence);
  });

  async function startAndRun(store: ObjectStore): Promise<RunRecord> {
    const started = await startRun(store, MODEL, {
      trigger: 'cron',
      by: 'a test',
      now: new Date(HISTORY.fromMs + 10 * HOUR),
      suffix: '',
    });
    if (!started.ok) throw new Error(started.error.detail);
    const run = await resumeJob({ store, model: MODEL }, started.value.id);
    if (!run.ok) throw new Error(run.error.detail);
    return run.value;
  }
});

describe('what can go wrong', () => {
  test('a promotion by somebody else during the run stands, and the run says what it lost to', async () => {
    const store = createMemoryStore();
    await createBlobModel(store, MODEL, HISTORY);
    await retrain(store, { promote: false });
    const racing: ObjectStore = {
      ...store,
      async put(key, ...rest) {
        if (key.endsWith('/manifest.json')) {
          await promote(store, MODEL, 1, { by: 'an operator', reason: 'tonight', at: new Date() });
        }
        return store.put(key, ...rest);
      },
    };
    const run = await retrain(racing);
    expect(run).toMatchObject({ verdict: 'promote', promoted: false, candidate: 2 });
    expect(run.summary).toContain('lost to an operator, who moved the champion to version 1');
    expect(await championOf(store)).toBe(1);
  });

  test.each([
    ['labels of one class only', (event: { label: number }) => ({ ...event, label: 1 }), 'one label only'],
    [
      'an altered input',
      <T extends { id: string; input: object }>(event: T) =>
        event.id.endsWith('-7') ? { ...event, input: { ...event.input, base64: 'AAAAAAAAAAA=' } } : event,
      'was altered',
    ],
  ])('%s fail the run by name, and no version is made', async (_, change, message) => {
    const store = createMemoryStore();
    await createBlobModel(store, MODEL, { ...HISTORY, n: 50 });
    for (const key of await store.list(keys.eventsPrefix(MODEL))) await store.delete(key);
    const events = blobEvents({ ...HISTORY, n: 500 }).map((event) => change(event) as typeof event);
    await writeEvents(store, MODEL, events, new Date());
    const run = await retrain(store);
    expect(run.status).toBe('failed');
    expect(run.error).toContain(message);
    expect(await listVersionNumbers(store, MODEL)).toEqual([]);
  });

  test('a first version needs no more labels than it takes to beat what needs no model', async () => {
    const store = createMemoryStore();
    await createBlobModel(store, MODEL, { ...HISTORY, n: 120 });
    expect(await retrain(store)).toMatchObject({ verdict: 'promote', promoted: true });
  });

  test('an unreadable batch is counted and named; the rest is learned from', async () => {
    const store = createMemoryStore();
    await createBlobModel(store, MODEL, HISTORY);
    await store.put(keys.events(MODEL, '2026-11-02', 'broken'), new TextEncoder().encode('not gzip'));
    const run = await retrain(store);
    expect(run.status).toBe('complete');
    expect(run.steps[0]?.note).toContain('1 unreadable');
  });

  test('a champion whose weights are damaged fails the run, which can be resumed once they are mended', async () => {
    const store = createMemoryStore();
    await createBlobModel(store, MODEL, HISTORY);
    await retrain(store);
    const whole = (await store.get(keys.versionFile(MODEL, 1, 'edge.bin')))?.bytes ?? new Uint8Array();
    await store.put(keys.versionFile(MODEL, 1, 'edge.bin'), new Uint8Array(448));
    await collect(store, { n: 2_000, seed: 2, fromMs: HISTORY.fromMs + 3 * HISTORY.n * 1_000, drift: 0.9 });
    const run = await retrain(store);
    expect(run.status).toBe('failed');
    expect(run.error).toContain('expected SHA-256');
    expect(await championOf(store)).toBe(1);

    // Nothing was mended: it fails again, by the same name.
    expect(await resume(store, run)).toMatchObject({ status: 'failed', error: run.error });
    await store.put(keys.versionFile(MODEL, 1, 'edge.bin'), whole);
    expect(await resume(store, run)).toMatchObject({ status: 'complete', promoted: true, error: null });
    expect(await championOf(store)).toBe(2);
  });
});

async function resume(store: ObjectStore, { id }: RunRecord): Promise<RunRecord> {
  const resumed = await resumeJob({ store, model: MODEL }, id);
  if (!resumed.ok) throw new Error(resumed.error.detail);
  return resumed.value;
}
