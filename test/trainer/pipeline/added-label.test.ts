/**
 * A label that is added to a living model: the version that serves says nothing of it and goes on, the next one has an
 * output for it, the two are compared by what both can answer, and the older one can be put back.
 */
import { beforeAll, expect, test } from 'vitest';
import { comparedWindows, countBeyond } from '../../../shared/continuity/evidence/windows.ts';
import { writeEvents } from '../../../shared/events/inbox.ts';
import { createServable } from '../../../shared/model/run/predictor.ts';
import { createRuntime } from '../../../shared/model/run/runtime.ts';
import { loadHead } from '../../../shared/model/run/servable.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { createModel, loadSpec, replaceSpec } from '../../../shared/model/spec/load-spec.ts';
import { type Spec, specSchema } from '../../../shared/model/spec/spec.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { loadManifest } from '../../../shared/registry/versions/versions.ts';
import { type BlobNight, blobEvents, blobSpec } from '../../support/tabular-model.ts';
import { retrain } from '../open-run.ts';

const MODEL = 'colours';
const FIRST: BlobNight = { n: 2_000, seed: 1, fromMs: Date.parse('2026-11-01T00:00:00Z') };
const BLUE = 2;

let store: ObjectStore;

beforeAll(async () => {
  store = createMemoryStore();
  await createModel(store, blobSpec(MODEL, { labels: ['red', 'green'] }));
  const known = blobEvents(FIRST).filter((event) => event.label !== BLUE);
  await writeEvents(store, MODEL, known, new Date(FIRST.fromMs));
  expect(await retrain(store, MODEL)).toMatchObject({ promoted: true, candidate: 1 });
});

async function setLabels(labels: readonly string[]) {
  const current = await loadSpec(store, MODEL);
  if (!current.ok) throw new Error(current.error.detail);
  return replaceSpec(store, current.value, specSchema.parse({ ...current.value.spec, labels }));
}

async function openSpec(): Promise<Spec> {
  const current = await loadSpec(store, MODEL);
  if (!current.ok) throw new Error(current.error.detail);
  return current.value.spec;
}

/** What a version answers, as the edge would. */
async function answers(version: number, rows: readonly (readonly [number, number])[]) {
  const runtime = createRuntime(await loadWasmModule());
  const manifest = await loadManifest(store, MODEL, version);
  if (!manifest.ok) throw new Error(manifest.error.detail);
  const head = await loadHead(store, runtime, manifest.value);
  if (!head.ok) throw new Error(head.error.detail);
  const servable = createServable(await openSpec(), manifest.value, null, head.value);
  const outputs = servable.predict(rows.map((row) => Float32Array.from(row)));
  head.value.dispose();
  return rows.map((_, i) => [...outputs.subarray((i * outputs.length) / rows.length).subarray(0, 3)]);
}

test('labels that are there keep their places', async () => {
  for (const labels of [
    ['green', 'red'],
    ['red', 'blue'],
    ['red', 'blue', 'green'],
  ]) {
    expect(await setLabels(labels)).toMatchObject({
      ok: false,
      error: { kind: 'fixed', detail: expect.stringContaining('labels[') as string },
    });
  }
});

test('a label that is added is never answered by the version that serves, which goes on', async () => {
  const [before] = await answers(1, [[0, 0]]);
  expect(await setLabels(['red', 'green', 'blue'])).toMatchObject({ ok: true });
  const [red, top] = await answers(1, [
    [0, 0],
    [2, 4],
  ]);
  expect(red).toEqual([...(before ?? []), 0]);
  expect(top?.[BLUE]).toBe(0);
});

test('the next version answers it, is judged by what both can answer, and says how it fares on the rest', async () => {
  const fromMs = FIRST.fromMs + FIRST.n * 1_000;
  await writeEvents(store, MODEL, blobEvents({ ...FIRST, seed: 2, fromMs }), new Date(fromMs));
  const run = await retrain(store, MODEL);
  expect(run).toMatchObject({ status: 'complete', candidate: 2, championAtStart: 1 });
  expect(run.verdict).not.toBe('reject');
  const [red, green, top] = await answers(2, [
    [0, 0],
    [4, 0],
    [2, 4],
  ]);
  expect(red?.[0]).toBeGreaterThan(0.8);
  expect(green?.[1]).toBeGreaterThan(0.8);
  expect(top?.[BLUE]).toBeGreaterThan(0.8);
  const report = await store.get(`models/${MODEL}/runs/${run.id}/report.json`);
  expect(new TextDecoder().decode(report?.bytes)).toMatch(
    /left out are \d+ examples of labels that the champion is older than, of which the candidate is right on \d+/,
  );
});

test('the night after, whoever serves is followed by the next, and no run fails', async () => {
  const fromMs = FIRST.fromMs + 2 * FIRST.n * 1_000;
  await writeEvents(store, MODEL, blobEvents({ ...FIRST, n: 1_000, seed: 3, fromMs }), new Date(fromMs));
  expect(await retrain(store, MODEL)).toMatchObject({ status: 'complete', candidate: 3 });
});

test('evidence leaves out the rows of labels that the champion is older than, in every column', () => {
  const evidence = {
    champion: { version: 1, digest: 'a', classes: 2 },
    windows: [
      {
        id: 'w01',
        kind: 'current' as const,
        fromMs: 0,
        toMs: 1,
        exampleIds: ['a', 'b', 'c'],
        labels: Int32Array.of(0, 2, 1),
        candidate: Int32Array.of(0, 2, 0),
        champion: Int32Array.of(1, 0, 1),
        candidateProbabilities: Float32Array.of(1, 0, 0, 0, 0, 1, 0.5, 0.25, 0.25),
        championProbabilities: Float32Array.of(0, 1, 0, 1, 0, 0, 0, 1, 0),
        groups: Int32Array.of(4, 5, 6),
        features: [Int32Array.of(7, 8, 9)],
      },
    ],
  };
  expect(countBeyond(evidence)).toBe(1);
  expect(comparedWindows(evidence)).toEqual([
    {
      ...evidence.windows[0],
      exampleIds: ['a', 'c'],
      labels: Int32Array.of(0, 1),
      candidate: Int32Array.of(0, 0),
      champion: Int32Array.of(1, 1),
      candidateProbabilities: Float32Array.of(1, 0, 0, 0.5, 0.25, 0.25),
      championProbabilities: Float32Array.of(0, 1, 0, 0, 1, 0),
      groups: Int32Array.of(4, 6),
      features: [Int32Array.of(7, 9)],
    },
  ]);
});
