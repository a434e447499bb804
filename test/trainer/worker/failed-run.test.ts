/**
 * A run that fails in the real engine: what it leaves, and that it is tried again once its cause is gone.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestHarness, type TestHarness } from 'wrangler';
import { keys } from '../../../shared/registry/store/keys.ts';
import { listNotices } from '../../../shared/registry/notices.ts';
import { createR2Store } from '../../../shared/registry/store/r2-store.ts';
import { loadRun, type RunRecord } from '../../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { createBlobModel } from '../../support/tabular-model.ts';

process.env['CLOUDFLARE_CF_FETCH_ENABLED'] = 'false';

const MODEL = 'blobs';

let server: TestHarness;
let url: URL;
let store: ObjectStore;
beforeAll(async () => {
  server = createTestHarness({
    workers: [
      { configPath: 'wrangler.toml', vars: { HOLDFAST_LOCAL_KEYS: 'on' } },
      { configPath: 'trainer/wrangler.toml' },
    ],
  });
  ({ url } = await server.listen());
  const env = await server.getWorker<{ BUCKET: Parameters<typeof createR2Store>[0] }>().getEnv();
  store = createR2Store(env.BUCKET);
  await createBlobModel(store, MODEL, { n: 2_000, seed: 1, fromMs: Date.parse('2026-11-01T00:00:00Z') });
});
afterAll(() => server.close());

async function post(path: string): Promise<{ run: string }> {
  const response = await fetch(new URL(path, url), {
    method: 'POST',
    headers: { Authorization: 'Bearer local-operate', 'Content-Type': 'application/json' },
    body: '{}',
  });
  expect(response.status).toBe(202);
  return response.json() as Promise<{ run: string }>;
}

async function ended(id: string): Promise<RunRecord> {
  for (let tries = 0; tries < 1_000; tries++) {
    const run = await loadRun(store, MODEL, id);
    if (run.ok && run.value.status !== 'running') return run.value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`run ${id} did not end`);
}

async function noticed(count: number): Promise<string[]> {
  for (let tries = 0; tries < 300; tries++) {
    const kinds = (await listNotices(store, MODEL)).map(({ kind }) => kind);
    if (kinds.length >= count) return kinds;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the notices did not come');
}

test('a failed run is told of, fails again while its cause is there, and ends well once it is gone', async () => {
  const first = await ended((await post(`/api/models/${MODEL}/runs`)).run);
  expect(first).toMatchObject({ status: 'complete', promoted: true });
  expect(await noticed(1)).toEqual(['promoted']);

  const key = keys.snapshot(MODEL, first.snapshot ?? '');
  const whole = (await store.get(key))?.bytes ?? new Uint8Array();
  await store.put(key, new TextEncoder().encode('{'));
  const { run } = await post(`/api/models/${MODEL}/runs`);
  const failed = await ended(run);
  expect(failed).toMatchObject({ status: 'failed', error: expect.stringContaining(key) });
  expect(await noticed(2)).toEqual(['promoted', 'run-failed']);

  await store.put(key, whole);
  await post(`/api/models/${MODEL}/runs/${run}/resume`);
  const again = await ended(run);
  expect(again).toMatchObject({ status: 'skipped', error: null });
  expect(again.summary).toContain('Nothing new');
});
