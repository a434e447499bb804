import { env } from 'cloudflare:test';
import { expect, test } from 'vitest';
import type { TrainerService } from '../../functions/trainer-service.ts';
import { wasmModule } from '../../shared/model/wasm-worker.ts';
import { keys } from '../../shared/registry/keys.ts';
import { createR2Store } from '../../shared/registry/r2-store.ts';
import { type RunRecord, saveProgress, saveRun } from '../../shared/registry/runs.ts';
import { err, ok } from '../../shared/result.ts';
import { createEdge, createServedToy, createToyModel, type Edge, publishToy } from './support.ts';

const store = createR2Store(env.BUCKET);

const RUN: RunRecord = {
  format: 'holdfast-run/1',
  id: '20261120T030000-cron',
  model: 'runs',
  trigger: 'cron',
  by: 'cron',
  status: 'running',
  startedAt: '2026-11-20T03:00:00.000Z',
  finishedAt: null,
  cutoffMs: 0,
  step: 'train',
  steps: [],
  specDigest: 'd',
  mayPromote: true,
  wantedSnapshot: null,
  snapshot: null,
  championAtStart: 1,
  candidate: null,
  verdict: null,
  promoted: false,
  why: null,
  summary: null,
  error: null,
};

async function get(edge: Edge, path: string): Promise<unknown> {
  return (await edge.call(path)).json();
}

test('a promotion and a rollback are recorded with who, why, from and to', async () => {
  const spec = await createServedToy(store, 'moves');
  await publishToy(store, spec, 2, 1);
  const edge = createEdge(store, wasmModule);
  await edge.call('/api/models/moves/promote', { body: { version: 2, reason: 'better', by: 'Ada' } });
  await edge.call('/api/models/moves/rollback', { body: { reason: 'worse' } });
  const { moves } = (await get(edge, '/api/models/moves/history')) as { moves: object[] };
  expect(moves).toMatchObject([
    { sequence: 1, to: 1 },
    { sequence: 2, action: 'promote', from: 1, to: 2, by: 'Ada (the operate key)', reason: 'better' },
    { sequence: 3, action: 'rollback', from: 2, to: 1, by: 'the operate key', reason: 'worse' },
  ]);
});

test('of concurrent promotions one wins and the other is told what it lost to', async () => {
  const spec = await createServedToy(store, 'race');
  await publishToy(store, spec, 2, 1);
  await publishToy(store, spec, 3, 2);
  const edge = createEdge(store, wasmModule);
  const responses = await Promise.all(
    [2, 3].map((version) =>
      edge.call('/api/models/race/promote', { body: { version, reason: `for ${version}` } }),
    ),
  );
  expect(responses.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 409]);
  const lost = responses.find(({ status }) => status === 409);
  const { moves } = (await get(edge, '/api/models/race/history')) as { moves: object[] };
  expect(await lost?.json()).toMatchObject({ type: 'urn:holdfast:lost-race', lostTo: moves.at(-1) });
});

test('who decided by another champion than the one that serves by now is told who moved it', async () => {
  const spec = await createServedToy(store, 'decided');
  await publishToy(store, spec, 2, 1);
  await publishToy(store, spec, 3, 2);
  const edge = createEdge(store, wasmModule);
  const move = async (path: string, body: object) =>
    edge.call(`/api/models/decided/${path}`, { body: { reason: 'r', expectedChampion: 1, ...body } });
  expect((await move('promote', { version: 2, by: 'Ada' })).status).toBe(200);
  for (const late of [await move('promote', { version: 3 }), await move('rollback', {})]) {
    expect([late.status, await late.json()]).toEqual([
      409,
      expect.objectContaining({
        type: 'urn:holdfast:lost-race',
        detail: expect.stringContaining('lost to Ada (the operate key)'),
      }),
    ]);
  }
  expect(await get(edge, '/api/models/decided')).toMatchObject({ champion: { to: 2 } });
});

test('what the registry refuses answers 409 with the reason, and nothing moves', async () => {
  await createServedToy(store, 'refused');
  await createToyModel(store, 'refused-young');
  const edge = createEdge(store, wasmModule);
  const again = await edge.call('/api/models/refused/promote', { body: { version: 1, reason: 'again' } });
  const back = await edge.call('/api/models/refused/rollback', { body: { reason: 'back' } });
  const young = await edge.call('/api/models/refused-young/rollback', { body: { reason: 'back' } });
  expect([again.status, back.status, young.status]).toEqual([409, 409, 409]);
  expect(await again.json()).toMatchObject({ detail: 'version 1 already serves refused' });
  const { moves } = (await get(edge, '/api/models/refused/history')) as { moves: object[] };
  expect(moves).toHaveLength(1);
});

test('a body that does not fit is refused with its place', async () => {
  await createServedToy(store, 'bodies');
  const edge = createEdge(store, wasmModule);
  const problem = async (body: unknown) =>
    ((await (await edge.call('/api/models/bodies/promote', { body })).json()) as { detail: string }).detail;
  expect(await problem({ version: 'two', reason: 'x' })).toContain('version: ');
  expect(await problem({ version: 2 })).toContain('reason: ');
  expect(await problem({ version: 2, reason: 'x', forec: true })).toContain('forec');
});

test('models, a model, its versions and its spec without the salt can be read', async () => {
  const spec = await createServedToy(store, 'shown');
  await store.put(keys.claim('shown', 2), new TextEncoder().encode('{"run":"r"}'));
  const edge = createEdge(store, wasmModule);
  expect(await get(edge, '/api/models')).toMatchObject({
    models: expect.arrayContaining([{ name: 'shown', champion: 1 }]),
  });
  expect(await get(edge, '/api/models/shown')).toMatchObject({
    name: 'shown',
    champion: { to: 1, by: 'test' },
    serving: { version: 1, promoted: 1, failure: null },
    versions: [1, 2],
    lastRun: null,
    problems: [],
  });
  expect(await get(edge, '/api/models/shown/versions')).toMatchObject({
    total: 2,
    versions: [
      { version: 1, state: 'published', verdict: 'promote' },
      { version: 2, state: 'unpublished' },
    ],
  });
  expect(await get(edge, '/api/models/shown/versions/1')).toMatchObject({ run: 'run-1' });
  const text = await (await edge.call('/api/models/shown/spec')).text();
  expect(text).toContain('"labels"');
  expect(text).not.toContain(spec.salt);
});

test('runs are read from the bucket, with progress and reports', async () => {
  await createServedToy(store, 'runs');
  await saveRun(store, RUN);
  await saveProgress(store, 'runs', RUN.id, {
    step: 'train',
    at: RUN.startedAt,
    fraction: 0.5,
    message: 'epoch 10 of 20',
  });
  await store.put(keys.run('runs', RUN.id, 'report.html'), new TextEncoder().encode('<h1>report</h1>'));
  const edge = createEdge(store, wasmModule);
  const path = `/api/models/runs/runs/${RUN.id}`;
  expect(await get(edge, '/api/models/runs/runs')).toMatchObject({ total: 1, runs: [{ id: RUN.id }] });
  expect(await get(edge, path)).toMatchObject({ step: 'train', progress: { fraction: 0.5 } });
  expect(await get(edge, '/api/models/runs')).toMatchObject({ lastRun: { id: RUN.id } });
  const html = await edge.call(`${path}/report.html`);
  expect(html.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(await html.text()).toBe('<h1>report</h1>');
  expect((await edge.call(`${path}/report`)).status).toBe(404);
  expect((await edge.call('/api/models/runs/runs/..%2F..%2Fspec.json')).status).toBe(404);
});

test('a run is started and resumed through the trainer, which may refuse', async () => {
  await createServedToy(store, 'started');
  await saveRun(store, { ...RUN, model: 'started' });
  const asked: unknown[] = [];
  const trainer: TrainerService = {
    async startRun(model, options) {
      asked.push([model, options]);
      return asked.length === 1
        ? ok({ run: 'run-1' })
        : err({ kind: 'already-running', detail: 'run-1 is under way' });
    },
    resumeRun: async () => ok({ status: 'running' }),
  };
  const edge = createEdge(store, wasmModule, { trainer });
  const first = await edge.call('/api/models/started/runs', { body: { by: 'Ada' } });
  expect([first.status, await first.json()]).toEqual([202, { run: 'run-1' }]);
  expect(first.headers.get('location')).toBe('/api/models/started/runs/run-1');
  expect(asked).toEqual([['started', { trigger: 'api', by: 'Ada (the operate key)' }]]);
  const second = await edge.call('/api/models/started/runs', { method: 'POST' });
  expect([second.status, await second.json()]).toEqual([
    409,
    expect.objectContaining({ detail: 'already-running: run-1 is under way' }),
  ]);
  const resumed = await edge.call(`/api/models/started/runs/${RUN.id}/resume`, { method: 'POST' });
  expect([resumed.status, await resumed.json()]).toEqual([202, { status: 'running' }]);
});

test('without a trainer, or with one that does not answer, runs answer 503', async () => {
  await createServedToy(store, 'alone');
  const silent = {
    startRun: () => Promise.reject(new Error('gone')),
    resumeRun: () => Promise.reject(new Error('gone')),
  };
  for (const edge of [createEdge(store, wasmModule), createEdge(store, wasmModule, { trainer: silent })]) {
    const response = await edge.call('/api/models/alone/runs', { method: 'POST' });
    expect([response.status, await response.json()]).toEqual([
      503,
      expect.objectContaining({ type: 'urn:holdfast:trainer-unavailable' }),
    ]);
  }
});
