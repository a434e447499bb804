import { env } from 'cloudflare:test';
import { expect, test } from 'vitest';
import type { TrainerService } from '../../../shared/trainer-service.ts';
import { wasmModule } from '../../../shared/model/run/wasm-worker.ts';
import { comparisonJob, type ComparisonRecord } from '../../../shared/registry/jobs/comparisons.ts';
import { saveJob, saveJobProgress } from '../../../shared/registry/jobs/jobs.ts';
import { putJson } from '../../../shared/registry/store/json.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { createR2Store } from '../../../shared/registry/store/r2-store.ts';
import { type Reproduction, reproductionJob } from '../../../shared/registry/jobs/reproductions.ts';
import { type RunRecord, saveRun } from '../../../shared/registry/jobs/runs.ts';
import { listQuarantines, type Quarantine, saveQuarantine } from '../../../shared/registry/quarantine.ts';
import { err, ok } from '../../../shared/result.ts';
import { createEdge, createServedToy, createToyModel, type Edge, publishToy } from '../support.ts';

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

const REPRODUCTION: Reproduction = {
  format: 'holdfast-reproduction/1',
  id: '20261120T050000000-1-0a1b2c',
  model: 'again',
  version: 1,
  recompute: false,
  trigger: 'api',
  by: 'a test',
  place: 'workerd',
  otherBinaries: [],
  status: 'running',
  startedAt: '2026-11-20T05:00:00.000Z',
  finishedAt: null,
  outcome: null,
  error: null,
};

const COMPARISON: ComparisonRecord = {
  format: 'holdfast-comparison-record/1',
  id: '20261120T030000000-2-1-abc',
  model: 'compared',
  a: 2,
  b: 1,
  splits: 10,
  seed: 1,
  snapshot: 's',
  by: 'Ada',
  status: 'running',
  startedAt: '2026-11-20T03:00:00.000Z',
  finishedAt: null,
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
  await saveJobProgress(store, 'run', RUN, {
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
    lookAtChampion: () => Promise.reject(new Error('nobody asked')),
    resumeRun: async () => ok({ status: 'running' }),
    startComparison: () => Promise.reject(new Error('not asked here')),
    reproduceVersion: () => Promise.reject(new Error('not asked here')),
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

test('a run is started although nothing is new, where that is asked for', async () => {
  await createServedToy(store, 'anew');
  const asked: unknown[] = [];
  const gone = (): Promise<never> => Promise.reject(new Error('not asked here'));
  const trainer: TrainerService = {
    async startRun(_, options) {
      asked.push(options);
      return ok({ run: 'run-1' });
    },
    lookAtChampion: () => Promise.reject(new Error('nobody asked')),
    resumeRun: gone,
    startComparison: gone,
    reproduceVersion: gone,
  };
  const edge = createEdge(store, wasmModule, { trainer });
  await edge.call('/api/models/anew/runs', { body: { again: true } });
  await edge.call('/api/models/anew/runs', { body: { again: false } });
  expect(asked).toEqual([
    { trigger: 'api', by: 'the operate key', again: true },
    { trigger: 'api', by: 'the operate key' },
  ]);
});

const APART: Quarantine = {
  format: 'holdfast-quarantine/1',
  fromMs: 1_000,
  toMs: 2_000,
  status: 'held',
  kind: 'renamed',
  run: RUN.id,
  at: '2026-11-20T03:00:00.000Z',
  reason: 'labels changed places',
  examples: 50,
  agreement: 0.1,
  usual: 0.9,
  renamings: [{ from: 0, to: 1, answered: 25, labelled: 24 }],
  scale: null,
  sample: ['a'],
  ended: null,
  former: [],
};

test('labels that are kept apart are shown, released and discarded, with who, when and why; twice is once', async () => {
  await createServedToy(store, 'apart');
  await saveQuarantine(store, 'apart', APART);
  const edge = createEdge(store, wasmModule);
  const path = '/api/models/apart';
  const shown = async (): Promise<unknown> =>
    (await (await edge.call(`${path}/quarantines`)).json()) as unknown;
  expect(await shown()).toEqual({ quarantines: [APART] });
  expect(await (await edge.call(path)).json()).toMatchObject({ quarantines: [{ reason: APART.reason }] });

  const release = (): Promise<Response> =>
    edge.call(`${path}/quarantines/1000-2000/release`, { body: { reason: 'renamed', by: 'Ada' } });
  const first = await release();
  expect(first.status).toBe(200);
  const released: unknown = await first.json();
  expect(released).toMatchObject({
    quarantine: { status: 'released', ended: { by: 'Ada (the operate key)', why: 'renamed' } },
  });
  expect(await (await release()).json()).toEqual(released);
  expect(await (await edge.call(path)).json()).toMatchObject({ quarantines: [] });

  await edge.call(`${path}/quarantines/1000-2000/discard`, { body: { reason: 'no: a broken tool' } });
  const listed = await listQuarantines(store, 'apart');
  expect(listed.ok && listed.value).toMatchObject([
    {
      status: 'discarded',
      ended: { by: 'the operate key', why: 'no: a broken tool' },
      former: [{ status: 'released', by: 'Ada (the operate key)' }],
    },
  ]);
});

test('what nobody kept apart, or nobody gave a reason for, is refused by name, and strangers are', async () => {
  await createServedToy(store, 'together');
  const edge = createEdge(store, wasmModule);
  const path = '/api/models/together/quarantines';
  const body = { reason: 'r' };
  for (const [id, sent, status, key] of [
    ['1-2', body, 404, 'operate'],
    ['..', {}, 404, 'operate'],
    ['soon', body, 400, 'operate'],
    ['1-2', {}, 400, 'operate'],
    ['1-2', body, 403, 'feedback'],
  ] as const) {
    const answer = await edge.call(`${path}/${id}/release`, { body: sent, key });
    expect(answer.status, id).toBe(status);
  }
});

test('without a trainer, or with one that does not answer, runs answer 503', async () => {
  await createServedToy(store, 'alone');
  const silent = {
    startRun: () => Promise.reject(new Error('gone')),
    lookAtChampion: () => Promise.reject(new Error('nobody asked')),
    resumeRun: () => Promise.reject(new Error('gone')),
    startComparison: () => Promise.reject(new Error('gone')),
    reproduceVersion: () => Promise.reject(new Error('gone')),
  };
  for (const edge of [createEdge(store, wasmModule), createEdge(store, wasmModule, { trainer: silent })]) {
    const response = await edge.call('/api/models/alone/runs', { method: 'POST' });
    expect([response.status, await response.json()]).toEqual([
      503,
      expect.objectContaining({ type: 'urn:holdfast:trainer-unavailable' }),
    ]);
  }
});

test('a comparison is started through the trainer; its progress, result and page are read from the bucket', async () => {
  await publishToy(store, await createServedToy(store, 'compared'), 2, 1);
  const asked: unknown[] = [];
  const trainer: TrainerService = {
    startRun: () => Promise.reject(new Error('not asked here')),
    lookAtChampion: () => Promise.reject(new Error('nobody asked')),
    resumeRun: () => Promise.reject(new Error('not asked here')),
    reproduceVersion: () => Promise.reject(new Error('not asked here')),
    async startComparison(model, request) {
      asked.push([model, request]);
      return asked.length === 1
        ? ok({ comparison: 'c-1' })
        : err({ kind: 'unknown-recipe', detail: 'the recipe of version 1 is not known' });
    },
  };
  const edge = createEdge(store, wasmModule, { trainer });
  const path = '/api/models/compared';
  const first = await edge.call(`${path}/compare`, { body: { a: 2, b: 1, by: 'Ada' } });
  expect([first.status, await first.json()]).toEqual([202, { comparison: 'c-1' }]);
  expect(first.headers.get('location')).toBe(`${path}/comparisons/c-1`);
  expect(asked).toEqual([['compared', { a: 2, b: 1, splits: 10, seed: 1, by: 'Ada (the operate key)' }]]);
  const second = await edge.call(`${path}/compare`, { body: { a: 1, b: 2, splits: 5, seed: 9 } });
  expect([second.status, await second.json()]).toEqual([
    409,
    expect.objectContaining({ detail: 'unknown-recipe: the recipe of version 1 is not known' }),
  ]);

  await saveJob(store, comparisonJob, { ...COMPARISON, model: 'compared' });
  const at = `${path}/comparisons/${COMPARISON.id}`;
  await saveJobProgress(
    store,
    'comparison',
    { ...COMPARISON, model: 'compared' },
    {
      step: 'splits',
      at: '2026-11-20T03:00:00Z',
      fraction: 0.4,
      message: '4 of 10 splits',
    },
  );
  expect(await get(edge, at)).toMatchObject({ status: 'running', progress: { fraction: 0.4 }, result: null });
  expect((await edge.call(`${at}/report.html`)).status).toBe(404);
  await putJson(store, keys.job('comparison', 'compared', COMPARISON.id, 'result.json'), { splits: 10 });
  const page = new TextEncoder().encode('<h1>compared</h1>');
  await store.put(keys.job('comparison', 'compared', COMPARISON.id, 'report.html'), page);
  expect(await get(edge, at)).toMatchObject({ result: { splits: 10 } });
  const html = await edge.call(`${at}/report.html`);
  expect(html.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(await html.text()).toBe('<h1>compared</h1>');
  expect(await get(edge, `${path}/comparisons`)).toMatchObject({
    total: 1,
    comparisons: [{ id: COMPARISON.id }],
  });
});

test('a comparison that makes no sense is refused by name, and strangers are', async () => {
  await createServedToy(store, 'senseless');
  const edge = createEdge(store, wasmModule);
  const path = '/api/models/senseless';
  const refused: [object | string, number, string][] = [
    [{ a: 1 }, 400, 'b: '],
    [{ a: 1, b: 1 }, 400, 'b: expected another version than a'],
    [{ a: 1, b: 2, splits: 1 }, 400, 'splits: '],
    [{ a: 1, b: 2, splits: 101 }, 400, 'splits: '],
    [{ a: 1, b: 2, seed: -1 }, 400, 'seed: '],
    [{ a: 1, b: 2, threads: 4 }, 400, 'threads'],
    [{ a: 1, b: 7 }, 404, 'no version 7'],
    ['{', 400, 'JSON'],
  ];
  for (const [body, status, message] of refused) {
    const response = await edge.call(`${path}/compare`, { body });
    expect([response.status, await response.json()]).toEqual([
      status,
      expect.objectContaining({ detail: expect.stringContaining(message) }),
    ]);
  }
  expect((await edge.call(`${path}/compare`, { key: 'predict', body: { a: 1, b: 2 } })).status).toBe(403);
  for (const unknown of ['nothing', '..%2F..%2Fspec.json', 'x'.repeat(200)]) {
    const response = await edge.call(`${path}/comparisons/${unknown}`);
    expect([response.status, await response.json()]).toEqual([
      404,
      expect.objectContaining({ type: 'urn:holdfast:unknown-comparison' }),
    ]);
  }
});

test('a version is trained again through the trainer; the record and how far it is are read from the bucket', async () => {
  await createServedToy(store, 'again');
  const asked: unknown[] = [];
  const trainer: TrainerService = {
    startRun: () => Promise.reject(new Error('not asked here')),
    lookAtChampion: () => Promise.reject(new Error('nobody asked')),
    resumeRun: () => Promise.reject(new Error('not asked here')),
    startComparison: () => Promise.reject(new Error('not asked here')),
    async reproduceVersion(model, request) {
      asked.push([model, request]);
      return asked.length === 1
        ? ok({ reproduction: 'r-1' })
        : err({ kind: 'not-reproducible', detail: 'version 1 of again came trained' });
    },
  };
  const edge = createEdge(store, wasmModule, { trainer });
  const path = '/api/models/again';
  const first = await edge.call(`${path}/versions/1/reproduce`, { body: { by: 'Ada', recompute: true } });
  expect([first.status, await first.json()]).toEqual([202, { reproduction: 'r-1' }]);
  expect(first.headers.get('location')).toBe(`${path}/reproductions/r-1`);
  const second = await edge.call(`${path}/versions/1/reproduce`, { body: { resume: 'r-1' } });
  expect([second.status, await second.json()]).toEqual([
    409,
    expect.objectContaining({ detail: 'not-reproducible: version 1 of again came trained' }),
  ]);
  expect(asked).toEqual([
    ['again', { version: 1, recompute: true, resume: null, by: 'Ada (the operate key)' }],
    ['again', { version: 1, recompute: false, resume: 'r-1', by: 'the operate key' }],
  ]);

  await saveJob(store, reproductionJob, REPRODUCTION);
  const at = `${path}/reproductions/${REPRODUCTION.id}`;
  expect(await get(edge, at)).toEqual({ ...REPRODUCTION, progress: null });
  const progress = { step: 'fine-tune', at: '2026-11-20T05:00:01Z', fraction: 0.5, message: 'epoch 2' };
  await saveJobProgress(store, 'reproduction', REPRODUCTION, progress);
  expect(await get(edge, at)).toEqual({ ...REPRODUCTION, progress });
  expect(await get(edge, `${path}/reproductions`)).toEqual({ total: 1, reproductions: [REPRODUCTION] });
});

test('a reproduction that makes no sense is refused by name, and strangers are', async () => {
  await createServedToy(store, 'once');
  const edge = createEdge(store, wasmModule);
  const path = '/api/models/once';
  const refused: [version: string, body: object, status: number, message: string][] = [
    ['1', { recompute: 'yes' }, 400, 'recompute: '],
    ['1', { resume: '../spec' }, 400, 'resume: '],
    ['1', { keep: 'x' }, 400, 'keep'],
    ['x', {}, 400, 'version'],
    ['7', {}, 404, 'no version 7'],
  ];
  for (const [version, body, status, message] of refused) {
    const response = await edge.call(`${path}/versions/${version}/reproduce`, { body });
    expect([response.status, await response.json()]).toEqual([
      status,
      expect.objectContaining({ detail: expect.stringContaining(message) }),
    ]);
  }
  expect((await edge.call(`${path}/versions/1/reproduce`, { key: 'predict', body: {} })).status).toBe(403);
  for (const unknown of ['nothing', '..%2F..%2Fspec.json', 'x'.repeat(200)]) {
    const response = await edge.call(`${path}/reproductions/${unknown}`);
    expect([response.status, await response.json()]).toEqual([
      404,
      expect.objectContaining({ type: 'urn:holdfast:unknown-reproduction' }),
    ]);
  }
});
