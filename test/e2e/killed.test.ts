/**
 * A training that dies in the middle, by `kill -9`, as the Workflow and as a Node job: it goes on from its last
 * checkpoint, and ends in the bits of one that did not.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { trainingSchema } from '../../shared/model/spec/training.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import type { RunRecord } from '../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { loadManifest } from '../../shared/registry/versions/versions.ts';
import { openStore } from '../../trainer/tools/local/local.ts';
import { createOperators, startRun, watchRun } from '../../trainer/tools/local/operators.ts';
import { resumeJob, runJob } from '../../trainer/node/job.ts';
import { createBlobModel } from '../support/tabular-model.ts';
import { type Child, freePort, runChild, START } from '../trainer/tools/local/child.ts';

const MODEL = 'blobs';
const READY = 'Holdfast is ready on';
const CLI = path.resolve(import.meta.dirname, '../../trainer/tools/cli/holdfast.mjs');
/** A few epochs a step. */
const SHORT_STEPS = { HOLDFAST_STEP_CPU_SECONDS: '0.2' };

let folder: string;
let port: number;
let url: string;
let store: ObjectStore;
const children: Child[] = [];

function startLocal(): Child {
  const child = runChild(
    [START, '--port', String(port), '--state', path.join(folder, 'state'), '--no-demo'],
    SHORT_STEPS,
  );
  children.push(child);
  return child;
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'holdfast-killed-'));
  port = await freePort();
  url = `http://127.0.0.1:${port}`;
  store = openStore(url);
});

afterAll(async () => {
  await children.at(-1)?.stop('SIGINT');
  for (const child of children) child.process.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Whether a checkpoint of the run is there, and its candidate is not. */
async function isInTheMiddle(run: string): Promise<boolean> {
  const files = await store.list(keys.run(MODEL, run, ''));
  return (
    files.some((key) => key.includes('/training/checkpoint-')) &&
    !files.some((key) => key.endsWith('/training.json'))
  );
}

async function filesOf({ candidate }: RunRecord) {
  const manifest = await loadManifest(store, MODEL, candidate ?? 0);
  if (!manifest.ok) throw new Error(manifest.error.detail);
  return manifest.value;
}

test('a training that is killed in the middle ends in the candidate of one that was not', async () => {
  const killed = startLocal();
  await killed.prints(READY);
  const training = trainingSchema.parse({ epochs: 150, patience: 150 });
  const history = { n: 3_000, seed: 1, fromMs: Date.now() - 86_400_000 };
  await createBlobModel(store, MODEL, history, { training });
  const run = await startRun(createOperators(url), MODEL, 'a test');
  await until(() => isInTheMiddle(run));
  await killed.stop('SIGKILL');

  await startLocal().prints(READY);
  const resumed = await watchRun(createOperators(url), MODEL, run, () => {});
  expect(resumed).toMatchObject({ status: 'complete', promoted: true, error: null });
  // So that every run starts from the same: without a champion.
  await store.delete(keys.alias(MODEL, 'champion'));
  const { snapshot, files } = await filesOf(resumed);
  expect(snapshot).not.toBeNull();

  const whole = await runJob({ store, model: MODEL, by: 'a test', promote: false, snapshot: snapshot ?? '' });
  if (!whole.ok) throw new Error(whole.error.detail);
  expect((await filesOf(whole.value)).files).toEqual(files);

  const job = runChild(
    [CLI, 'train', MODEL, '--store', 's3://holdfast', '--endpoint', `${url}/cdn-cgi/local/r2/s3`].concat([
      '--snapshot',
      snapshot ?? '',
      '--no-promote',
    ]),
    SHORT_STEPS,
  );
  const seen = new Set([run, whole.value.id]);
  let id: string | undefined;
  await until(async () => {
    id = (await store.folders(keys.jobs('run', MODEL))).find((name) => !seen.has(name));
    return id !== undefined && isInTheMiddle(id);
  });
  await job.stop('SIGKILL');
  const again = await resumeJob({ store, model: MODEL }, id ?? '');
  if (!again.ok) throw new Error(again.error.detail);
  expect(again.value).toMatchObject({ status: 'complete', error: null });
  expect((await filesOf(again.value)).files).toEqual(files);
});
