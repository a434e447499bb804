/**
 * The whole path in the real local process: both Workers in workerd, R2, the Queue, the Workflow, the S3 endpoint.
 */
import { trainingSchema } from '../../shared/model/spec/training.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { loadHistory } from '../../shared/registry/champion/alias.ts';
import { gatePolicySchema } from '../../shared/continuity/policy/policy.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import type { RunRecord } from '../../shared/registry/jobs/runs.ts';
import { loadManifest } from '../../shared/registry/versions/versions.ts';
import { bytesToFloats, fromBase64 } from '../../shared/bytes.ts';
import { type Local, startLocal } from '../../trainer/tools/local/local.ts';
import { listRuns, startRun, watchRun } from '../../trainer/tools/local/operators.ts';
import { createHttpTarget } from '../../trainer/tools/cli/http-target.ts';
import { runJob } from '../../trainer/node/job.ts';
import { reproduceHere } from '../../trainer/node/reproduce-job.ts';
import { writeEvents } from '../../shared/events/inbox.ts';
import { createModel } from '../../shared/model/spec/load-spec.ts';
import { BLOBS, blobEvents, type BlobNight, blobSpec, createBlobModel } from '../support/tabular-model.ts';

const MODEL = 'blobs';
const HISTORY: BlobNight = { n: 3_000, seed: 1, fromMs: Date.now() - 86_400_000 };
const ALIAS_TTL_MS = 5_000;

let folder: string;
let local: Local;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-'));
  const started = await startLocal({ port: 0, state: path.join(folder, 'state'), onLog: () => {} });
  if (!started.ok) throw new Error(started.error.detail);
  local = started.value;
  await createBlobModel(local.store, MODEL, HISTORY, { training: TRAINING, gate: WIDE_GATE });
});

afterAll(async () => {
  await local?.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** This test asks whether the parts work together; how fine the gate judges is tested elsewhere. */
const WIDE_GATE = gatePolicySchema.parse({
  margins: { current: 0.05, pastMean: 0.05, worstWindow: 0.15, classRecall: 0.15 },
  budgets: { negativeFlips: 0.15 },
});

const TRAINING = trainingSchema.parse({
  epochs: 8,
  batchSize: 32,
  learningRate: 0.01,
  patience: 3,
  validation: 0.1,
  maxExamples: 4_000,
  start: 'champion',
  seed: 1,
});

const predictAnswer = z.object({ predictions: z.array(z.array(z.number())), labels: z.array(z.string()) });

async function predict(instances: readonly number[][]) {
  const { status, headers, body } = await local.client.call(
    'predict',
    'POST',
    `/v1/models/${MODEL}:predict`,
    { instances },
  );
  return {
    status,
    version: Number(headers.get('holdfast-version')),
    id: headers.get('holdfast-prediction-id') ?? '',
    labels: status === 200 ? predictAnswer.parse(body).labels : [],
  };
}

async function feedback(items: readonly unknown[]) {
  return local.client.call('feedback', 'POST', `/v1/models/${MODEL}:feedback`, { items });
}

async function runToEnd(): Promise<RunRecord> {
  return watchRun(local.operators, MODEL, await startRun(local.operators, MODEL, 'a test'), () => {});
}

/** A night as clients would see it: instances with their true labels. */
function instancesOf(night: BlobNight): { readonly instance: number[]; readonly label: string }[] {
  return blobEvents(night).map(({ input, label }) => {
    const bytes = fromBase64(input.base64 ?? '') ?? new Uint8Array();
    const raw = input.type === 'u8' ? Float32Array.from(bytes) : bytesToFloats(bytes);
    return { instance: [...raw], label: BLOBS[label] as string };
  });
}

describe('the whole path', () => {
  test('the Worker trains the first version, the gate passes it, and it serves', async () => {
    const run = await runToEnd();
    expect(run).toMatchObject({
      status: 'complete',
      verdict: 'promote',
      promoted: true,
      candidate: 1,
      trigger: 'api',
    });
    const answer = await predict([
      [0, 0],
      [4, 0],
      [2, 4],
    ]);
    expect(answer).toMatchObject({ status: 200, version: 1, labels: ['red', 'green', 'blue'] });
    expect(answer.id).toMatch(/^[\w-]{43}$/);
  });

  test('a Node job over the S3 endpoint makes the same candidate from the same snapshot, digest for digest', async () => {
    const manifest = await loadManifest(local.store, MODEL, 1);
    if (!manifest.ok) throw new Error(manifest.error.detail);
    const { snapshot } = manifest.value;
    if (snapshot === null) throw new Error('version 1 names no snapshot');
    // As it was before the first promotion: a copy of the bucket without the alias.
    const before = withoutKeys(local.store, keys.alias(MODEL, 'champion'));
    const run = await runJob({
      store: before,
      model: MODEL,
      by: 'a test',
      promote: false,
      snapshot,
    });
    if (!run.ok) throw new Error(run.error.detail);
    expect(run.value).toMatchObject({ status: 'complete', promoted: false });
    const again = await loadManifest(local.store, MODEL, run.value.candidate ?? 0);
    expect(again.ok && again.value.files).toEqual(manifest.value.files);
    expect(again.ok && again.value.version).toBe(2);
  });

  test("Node trains the Worker's version again, and the Worker Node's, digest for digest", async () => {
    const here = await reproduceHere({
      store: local.store,
      model: MODEL,
      version: 1,
      recompute: false,
      by: 'a test',
    });
    if (!here.ok) throw new Error(here.error.detail);
    expect(here.value).toMatchObject({ status: 'complete', otherBinaries: [], outcome: { same: true } });
    const target = createHttpTarget(local.url, 'local-operate');
    const request = { recompute: false, resume: null, by: 'a test' };
    const begun = await target.reproduce(MODEL, 2, request);
    if (!begun.ok) throw new Error(begun.error.detail);
    const { reproduction } = begun.value;
    const state = async () => {
      const read = await target.reproduction(MODEL, reproduction);
      return read.ok ? read.value.record : read.error;
    };
    await expect.poll(state, { timeout: 60_000 }).toMatchObject({
      status: 'complete',
      place: 'workerd',
      outcome: { same: true, difference: null },
    });
    const scratch = keys.reproductionScratch(MODEL, reproduction);
    await expect.poll(() => local.store.list(scratch), { timeout: 15_000 }).toEqual([]);
    const done = await target.reproduce(MODEL, 2, { ...request, resume: reproduction });
    expect(done).toEqual({ ok: true, value: { reproduction } });
    expect(await target.reproduce(MODEL, 1, { ...request, resume: reproduction })).toMatchObject({
      error: {
        kind: 'trainer-refused',
        detail: expect.stringContaining('is of version 2, not of 1') as string,
      },
    });
    expect(await target.reproduce(MODEL, 1, { ...request, resume: here.value.id })).toMatchObject({
      error: { detail: expect.stringContaining('is a Node job') as string },
    });
  });

  test('a label for a prediction and a whole example are both learned from', async () => {
    const [first] = instancesOf({ n: 1, seed: 77, fromMs: 0 });
    const answer = await predict([first?.instance ?? []]);
    const accepted = await feedback([
      { prediction_id: answer.id, label: first?.label },
      { instance: [1, 2], label: 'red' },
      { instance: [1, 2], label: 'purple' },
    ]);
    expect(accepted).toMatchObject({ status: 202, body: { accepted: 2, rejected: [{ index: 2 }] } });
    await expect
      .poll(async () => (await local.store.list(keys.inboxPrefix(MODEL))).length, { timeout: 15_000 })
      .toBe(0);
    expect((await local.store.list(keys.eventsPrefix(MODEL))).length).toBeGreaterThan(1);
  });

  test('drift, labels, the cron trigger, the gate: the next version serves within the time to live, and nothing fails', async () => {
    const night = instancesOf({ n: 2_000, seed: 2, fromMs: 0, drift: 0.9 });
    for (let at = 0; at < night.length; at += 500) {
      const answer = await feedback(night.slice(at, at + 500));
      expect(answer.status).toBe(202);
    }
    await local.runCron();
    const cron = (await listRuns(local.operators, MODEL)).find(({ trigger }) => trigger === 'cron');
    const during = keepPredicting();
    const watched = watchRun(local.operators, MODEL, cron?.id ?? '', () => {});
    const run = await watched.finally(() => during.stop());
    expect(run).toMatchObject({
      status: 'complete',
      verdict: 'promote',
      promoted: true,
      candidate: 3,
      championAtStart: 1,
    });
    const promotedAt = Date.now();
    await expect.poll(async () => (await predict([[0, 0]])).version, { timeout: 2 * ALIAS_TTL_MS }).toBe(3);
    expect(Date.now() - promotedAt).toBeLessThan(ALIAS_TTL_MS + 500);
    const statuses = await during.stop();
    expect(statuses.length).toBeGreaterThan(10);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  test('a rollback puts the version before back, and both moves are in the history', async () => {
    const request = { reason: 'to see it work', by: 'a test', expectedChampion: 3, to: null } as const;
    expect(await local.operators.rollback(MODEL, { ...request, untilBetter: false })).toMatchObject({
      ok: true,
      value: { from: 3, to: 1, action: 'rollback' },
    });
    await expect.poll(async () => (await predict([[0, 0]])).version, { timeout: 2 * ALIAS_TTL_MS }).toBe(1);
    const history = await loadHistory(local.store, MODEL);
    expect(history.ok && history.value.map(({ action, from, to }) => [action, from, to])).toEqual([
      ['promote', null, 1],
      ['promote', 1, 3],
      ['rollback', 3, 1],
    ]);
  });

  test('a run that no repetition can mend fails by name, and leaves no version', async () => {
    await createModel(local.store, blobSpec('reds', { training: TRAINING }));
    const reds = blobEvents(HISTORY).filter(({ label }) => label === 0);
    await writeEvents(local.store, 'reds', reds, new Date(HISTORY.fromMs));
    const started = await startRun(local.operators, 'reds', 'a test');
    const run = await watchRun(local.operators, 'reds', started, () => {});
    expect(run).toMatchObject({ status: 'failed', candidate: null });
    expect(run.error).toContain('at least two labels, got one label only');
    expect(await local.store.list(keys.versions('reds'))).toEqual([]);
  });
});

/** A store in which some keys are not there: reads only. */
function withoutKeys(store: Local['store'], ...hidden: readonly string[]): Local['store'] {
  return { ...store, get: async (key) => (hidden.includes(key) ? null : store.get(key)) };
}

/** Predicts again and again until told to stop; gives every status. */
function keepPredicting(): { stop: () => Promise<number[]> } {
  const stopping = new AbortController();
  const statuses: number[] = [];
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      statuses.push((await predict([[1, 1]])).status);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await loop;
      return statuses;
    },
  };
}
