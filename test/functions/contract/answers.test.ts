/**
 * What the deployed Worker answers, route by route, held to the contract: status, media type, headers and body. A key of
 * an answer that the contract does not name is an error here.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestHarness, type TestHarness } from 'wrangler';
import { VIEWER_PATH } from '../../../functions/contract/routes.ts';
import type { TrainerService } from '../../../shared/trainer-service.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { putJson } from '../../../shared/registry/store/json.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { comparisonJob, type ComparisonRecord } from '../../../shared/registry/jobs/comparisons.ts';
import { saveJob, saveJobProgress } from '../../../shared/registry/jobs/jobs.ts';
import { type Reproduction, reproductionJob } from '../../../shared/registry/jobs/reproductions.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { createR2Store } from '../../../shared/registry/store/r2-store.ts';
import type { Live } from '../../../shared/registry/live.ts';
import { saveQuarantine } from '../../../shared/registry/quarantine.ts';
import { type RunRecord, saveRun } from '../../../shared/registry/jobs/runs.ts';
import { ok } from '../../../shared/result.ts';
import { diagonal, numbers, serveLinearModel } from '../serving/conformance/linear-model.ts';
import { createEdge, createFaultyStore, createServedToy, type EdgeOptions, publishToy } from '../support.ts';
import { contract, type ContractOperation, describeMismatch, OPERATIONS, resolve } from './contract.ts';

process.env['CLOUDFLARE_CF_FETCH_ENABLED'] = 'false';

const RUN: RunRecord = {
  format: 'holdfast-run/1',
  id: '20261120T030000-cron',
  model: 'pair',
  trigger: 'cron',
  by: 'cron',
  status: 'failed',
  startedAt: '2026-11-20T03:00:00.000Z',
  finishedAt: null,
  cutoffMs: 0,
  step: 'train',
  steps: [{ name: 'snapshot', finishedAt: '2026-11-20T03:00:00.000Z', seconds: 1, note: 'three examples' }],
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

const COMPARISON: ComparisonRecord = {
  format: 'holdfast-comparison-record/1',
  id: '20261120T040000000-api-0a1b2c',
  model: 'pair',
  a: 1,
  b: 2,
  splits: 10,
  seed: 1,
  snapshot: 's',
  by: 'a test',
  status: 'running',
  startedAt: '2026-11-20T04:00:00.000Z',
  finishedAt: null,
  summary: null,
  error: null,
};

const REPRODUCTION: Reproduction = {
  format: 'holdfast-reproduction/1',
  id: COMPARISON.id,
  model: 'pair',
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

const NO_TOTALS = {
  predictions: 3,
  labelled: 1,
  n: 1,
  right: 1,
  error: 0,
  squares: 0,
  lastLabel: { n: 0, right: 0, error: 0 },
  delays: [1, 0, 0, 0, 0, 0, 0, 0],
};

const LIVE: Live = {
  format: 'holdfast-live/1',
  model: 'pair',
  lookedAt: '2026-11-20T05:00:00.000Z',
  life: { sequence: 1, version: 1, since: '2026-11-20T03:00:00.000Z' },
  figures: {
    measure: 'accuracy',
    life: { n: 1, value: 1, lower: 0.025, upper: 1 },
    recent: null,
    lastLabel: null,
    promise: 0.9,
    predictions: 3,
    coverage: 1 / 3,
    delay: { half: 60, most: null },
    classes: [{ name: 'left', n: 1, value: 1, lower: 0.025, upper: 1 }],
    slices: [],
  },
  rollback: {
    policy: 'on',
    reference: null,
    why: 'no earlier champion could be put back',
    labels: 0,
    mean: 0,
    wealth: 0,
    needed: 4.6,
    progress: 0,
    shown: false,
    since: null,
    held: null,
    heldLooks: 0,
    best: null,
    bets: [],
    settled: { bets: 0, staked: 0, logs: null, labels: 0, sinceBet: 0, sum: 0 },
  },
  settledTo: '2026-11-13T05:00:00.000Z',
  settled: { totals: NO_TOTALS, classes: [], slices: [] },
  hours: [{ ...NO_TOTALS, from: '2026-11-20T04:00:00.000Z', version: 1 }],
  days: [],
  read: '0a',
  unreadable: 0,
};

let server: TestHarness;
let url: URL;
let predictionId: string;

beforeAll(async () => {
  server = createTestHarness({
    workers: [
      { configPath: 'wrangler.toml', vars: { HOLDFAST_LOCAL_KEYS: 'on' } },
      { configPath: 'trainer/wrangler.toml' },
    ],
  });
  ({ url } = await server.listen());
  const env = await server.getWorker<{ BUCKET: Parameters<typeof createR2Store>[0] }>().getEnv();
  const store = createR2Store(env.BUCKET);
  await serveLinearModel(store, {
    name: 'pair',
    input: numbers('x', 'y'),
    labels: ['left', 'right'],
    kernel: diagonal(2, 1),
  });
  await serveLinearModel(store, { name: 'line', input: numbers('x'), labels: null, kernel: [2] });
  const moved = await createServedToy(store, 'moved');
  await publishToy(store, moved, 2, 1);
  await saveJob(store, comparisonJob, COMPARISON);
  await saveJob(store, reproductionJob, REPRODUCTION);
  await store.put(
    keys.job('comparison', 'pair', COMPARISON.id, 'report.html'),
    new TextEncoder().encode('<!doctype html>'),
  );
  await putJson(store, keys.live('pair'), LIVE);
  await saveQuarantine(store, 'pair', {
    format: 'holdfast-quarantine/1',
    fromMs: 1_000,
    toMs: 2_000,
    status: 'held',
    kind: 'rescaled',
    run: RUN.id,
    at: RUN.startedAt,
    reason: 'cents for dollars',
    examples: 50,
    agreement: 0.9,
    usual: 0.9,
    renamings: [],
    scale: { factor: 100, shift: 0 },
    sample: ['a'],
    ended: null,
    former: [],
  });
  await saveRun(store, RUN);
  await saveJobProgress(
    store,
    'run',
    { model: 'pair', id: RUN.id },
    {
      step: 'train',
      at: RUN.startedAt,
      fraction: 0.5,
      message: 'm',
    },
  );
  await store.put(keys.run('pair', RUN.id, 'report.json'), new TextEncoder().encode('{}'));
  await store.put(keys.run('pair', RUN.id, 'report.html'), new TextEncoder().encode('<!doctype html>'));
  const ready = await fetch(new URL('/v1/models/pair:predict', url), {
    method: 'POST',
    headers: { authorization: 'Bearer local-predict' },
    body: '{"instances":[[1,2]]}',
  });
  predictionId = ready.headers.get('holdfast-prediction-id') ?? '';
});
afterAll(() => server.close());

interface Call {
  readonly operation: string;
  readonly path?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** in place of one that the contract says would do; null: none */
  readonly key?: string | null;
  readonly status: number;
}

/** Makes a call as the contract describes it, and holds the answer to the contract. */
async function check(
  { operation: id, path = {}, body, headers = {}, key, status }: Call,
  send: (path: string, init: RequestInit) => Promise<Response> = sendToWorker,
): Promise<Response> {
  const found = OPERATIONS.find(({ operation }) => operation.operationId === id);
  if (found === undefined) throw new Error(`the contract has no operation ${id}`);
  const { method, operation } = found;
  const names: Record<string, string> = {
    model: 'pair',
    version: '1',
    label: 'champion',
    run: RUN.id,
    id: COMPARISON.id,
    ...path,
  };
  const filled = found.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => names[name] ?? '');
  const scope = operation.security[0]?.bearer[0];
  const token = key === undefined && scope !== undefined ? `local-${scope}` : key;
  const response = await send(filled, {
    method,
    headers: { ...headers, ...(typeof token === 'string' ? { authorization: `Bearer ${token}` } : {}) },
    ...(body === undefined ? {} : { body: isBytes(body) ? body : JSON.stringify(body) }),
  });
  const text = await response.clone().text();
  expect([response.status, text.slice(0, 500)], `${method} ${filled}`).toEqual([status, expect.anything()]);
  expect(await describeDifference(operation, response)).toBe('');
  return response;
}

function sendToWorker(path: string, init: RequestInit): Promise<Response> {
  return fetch(new URL(path, url), { ...init, redirect: 'manual' });
}

async function describeDifference(operation: ContractOperation, response: Response): Promise<string> {
  const described = operation.responses[response.status];
  if (described === undefined) return `the contract does not know of a ${response.status}`;
  const { headers = {}, content } = resolve(contract.components.responses, described);
  for (const [name, header] of Object.entries(headers)) {
    const { required = false, schema } = resolve(contract.components.headers, header);
    const value = response.headers.get(name);
    if (value === null && required) return `the header ${name} is missing`;
    const isNumber = 'type' in schema && schema.type === 'integer';
    const mismatch = value === null ? '' : describeMismatch(schema, isNumber ? Number(value) : value);
    if (mismatch !== '') return `${name}: ${mismatch}`;
  }
  const type = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
  const media = content[type];
  if (media === undefined) return `the contract does not know of ${type}`;
  return type.endsWith('json') ? describeMismatch(media.schema, await response.clone().json()) : '';
}

function isBytes(body: unknown): body is Uint8Array<ArrayBuffer> {
  return body instanceof Uint8Array;
}

const EXAMPLES = { examples: [{ x: 1, y: 2 }] };
const INFER = { inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] };

/** Every operation once, in an order that lets them all succeed. */
const SUCCESSES: readonly Call[] = [
  ...[
    'index',
    'health',
    'contract',
    'docs',
    'live',
    'serverReady',
    'server',
    'modelNames',
    'repositoryIndex',
  ].map(plain),
  ...['', 'Version', 'Label'].flatMap((form): Call[] => [
    { operation: `predict${form}`, body: { instances: [[1, 2]] }, status: 200 },
    { operation: `classify${form}`, body: EXAMPLES, status: 200 },
    { operation: `regress${form}`, path: { model: 'line' }, body: { examples: [{ x: 1 }] }, status: 200 },
    plain(`status${form}`),
    plain(`signatures${form}`),
  ]),
  ...['', 'Version'].flatMap((form): Call[] => [
    plain(`metadata${form}`),
    plain(`ready${form}`),
    plain(`config${form}`),
    { operation: `infer${form}`, body: INFER, status: 200 },
  ]),
  { operation: 'feedback', body: { items: [{ instance: [1, 2], label: 'left' }, {}] }, status: 202 },
  ...[
    'models',
    'model',
    'spec',
    'versions',
    'version',
    'history',
    'runs',
    'run',
    'report',
    'reportPage',
    'comparisons',
    'comparison',
    'comparisonPage',
    'reproductions',
    'reproduction',
    'quarantines',
    'liveFigures',
  ].map(plain),
  ...['release', 'discard'].map((verb) => ({
    operation: `${verb}Quarantine`,
    path: { id: '1000-2000' },
    body: { reason: 'r' },
    status: 200,
  })),
  { operation: 'promote', path: { model: 'moved' }, body: { version: 2, reason: 'r' }, status: 200 },
  { operation: 'notices', path: { model: 'moved' }, status: 200 },
  { operation: 'servedAt', path: { model: 'moved', time: '2126-01-01T00:00Z' }, status: 200 },
  { operation: 'rollback', path: { model: 'moved' }, body: { reason: 'r' }, status: 200 },
  { operation: 'model', path: { model: 'moved' }, status: 200 },
  { operation: 'resumePromotion', path: { model: 'moved' }, body: { reason: 'r' }, status: 200 },
  // With the real trainer behind the binding.
  { operation: 'startRun', path: { model: 'moved' }, body: { by: 'a test' }, status: 202 },
];

function plain(operation: string): Call {
  return { operation, status: 200 };
}

const WITH_TRAINER: readonly Call[] = [
  { operation: 'startRun', status: 202 },
  { operation: 'resumeRun', status: 202 },
  { operation: 'lookAtChampion', status: 202 },
  { operation: 'compare', body: { a: 1, b: 2 }, status: 202 },
  { operation: 'reproduce', body: { recompute: true }, status: 202 },
];

describe('answers of the deployed Worker are what the contract says', () => {
  test.each(SUCCESSES.map((call) => [call.operation, call] as const))('%s', async (_, call) => {
    await check(call);
  });

  test('no operation is left out', () => {
    const called = new Set([...SUCCESSES, ...WITH_TRAINER].map(({ operation }) => operation));
    expect([...called].sort()).toEqual(OPERATIONS.map(({ operation }) => operation.operationId).sort());
  });

  test('columns, bare values and a regression', async () => {
    await check({ operation: 'predict', body: { inputs: { x: [1], y: [2] } }, status: 200 });
    await check({ operation: 'predict', path: { model: 'line' }, body: { instances: [1, 2] }, status: 200 });
    await check({ operation: 'infer', path: { model: 'line' }, body: lineOf([1]), status: 200 });
    await check({ operation: 'spec', path: { model: 'line' }, status: 200 });
  });

  test('tensors as bytes, chosen outputs and classes as text', async () => {
    const json = new TextEncoder().encode(
      JSON.stringify({
        inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } }],
        outputs: [{ name: 'label' }, { name: 'probabilities', parameters: { binary_data: true } }],
      }),
    );
    const body = new Uint8Array([...json, ...new Uint8Array(Float32Array.of(1, 2).buffer)]);
    const headers = { 'inference-header-content-length': String(json.byteLength) };
    const response = await check({ operation: 'infer', body, headers, status: 200 });
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    const outputs = [{ name: 'probabilities', parameters: { classification: 1 } }];
    await check({ operation: 'infer', body: { ...INFER, id: 'i', outputs }, status: 200 });
  });

  test('a label for a prediction', async () => {
    const items = [{ prediction_id: `${predictionId}.0`, label: 'right' }];
    await check({ operation: 'feedback', body: { items }, status: 202 });
  });

  test('a page for who comes with a browser', async () => {
    const answer = await fetch(url, { headers: { accept: 'text/html,*/*' }, redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/docs']);
    const page = await fetch(new URL('/docs', url));
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(await page.text()).toContain(`src="${VIEWER_PATH}"`);
    const viewer = await fetch(new URL(VIEWER_PATH, url));
    expect([viewer.status, viewer.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('javascript'),
    ]);
    expect((await viewer.text()).slice(0, 50)).toContain('RapiDoc 9.3.8');
  });
});

describe('so are its errors', () => {
  const body = { instances: [[1, 2]] };
  test.each<Call>([
    { operation: 'predict', body: {}, status: 400 },
    { operation: 'predict', body, key: null, status: 401 },
    { operation: 'predict', body, key: 'local-feedback', status: 403 },
    { operation: 'predict', body, path: { model: 'none' }, status: 404 },
    { operation: 'predictVersion', body, path: { version: '9' }, status: 404 },
    { operation: 'predict', body: new Uint8Array(8_388_609), status: 413 },
    { operation: 'predict', body, headers: { 'holdfast-timeout-ms': 'soon' }, status: 400 },
    { operation: 'infer', body: {}, status: 400 },
    { operation: 'metadata', path: { model: 'none' }, status: 404 },
    { operation: 'feedback', body: { items: [{}] }, status: 400 },
    { operation: 'feedback', body: {}, status: 400 },
    { operation: 'models', key: null, status: 401 },
    { operation: 'models', key: 'local-predict', status: 403 },
    { operation: 'model', path: { model: 'none' }, status: 404 },
    { operation: 'version', path: { version: 'x' }, status: 400 },
    { operation: 'version', path: { version: '9' }, status: 404 },
    { operation: 'run', path: { run: 'none' }, status: 404 },
    { operation: 'promote', body: {}, status: 400 },
    { operation: 'promote', body: { version: 1, reason: 'r' }, status: 409 },
    { operation: 'rollback', body: { reason: 'r' }, status: 409 },
    { operation: 'resumePromotion', body: { reason: 'r' }, status: 409 },
    { operation: 'resumePromotion', body: {}, status: 400 },
    { operation: 'releaseQuarantine', path: { id: '1-2' }, body: { reason: 'r' }, status: 404 },
    { operation: 'discardQuarantine', path: { id: 'all' }, body: { reason: 'r' }, status: 400 },
    { operation: 'releaseQuarantine', path: { id: '1000-2000' }, body: {}, status: 400 },
    { operation: 'servedAt', path: { time: '1999-01-01T00:00:00+01:00' }, status: 404 },
    { operation: 'servedAt', path: { time: '2026-01-01' }, status: 400 },
    { operation: 'resumeRun', path: { run: 'none' }, status: 404 },
    { operation: 'comparison', path: { id: 'none' }, status: 404 },
    { operation: 'compare', body: { a: 1, b: 1 }, status: 400 },
    { operation: 'reproduction', path: { id: 'none' }, status: 404 },
    { operation: 'reproduce', body: { resume: '../spec' }, status: 400 },
    { operation: 'reproduce', path: { version: '9' }, status: 404 },
    { operation: 'reproduce', status: 409 },
    { operation: 'compare', body: { a: 1, b: 9 }, status: 404 },
  ])('$operation, $status (%#)', async (call) => {
    await check(call);
  });
});

/** What a deployed Worker does only after a night's training, or in an outage: here both are played. */
describe('so are the answers of an edge whose surroundings are played', () => {
  const trainer: TrainerService = {
    startRun: async () => ok({ run: 'r' }),
    resumeRun: async () => ok({ status: 'running' }),
    lookAtChampion: async () => ok({ look: 'l' }),
    startComparison: async () => ok({ comparison: 'c' }),
    reproduceVersion: async () => ok({ reproduction: 'r' }),
  };

  async function createPlayed(options: EdgeOptions = {}) {
    const store = createFaultyStore(createMemoryStore());
    const spec = await createServedToy(store, 'pair');
    await publishToy(store, spec, 2, 1);
    await saveRun(store, RUN);
    const edge = createEdge(store, await loadWasmModule(), { trainer, ...options });
    const send = (path: string, init: RequestInit): Promise<Response> => {
      const headers = Object.fromEntries(new Headers(init.headers)) as Record<string, string>;
      headers['authorization'] = (headers['authorization'] ?? '').replace('local', 'secret');
      return edge.call(path, {
        method: init.method ?? 'GET',
        key: null,
        headers,
        body: init.body ?? undefined,
      });
    };
    return { store, send };
  }

  test.each(WITH_TRAINER.map((call) => [call.operation, call] as const))('%s', async (_, call) => {
    await check(call, (await createPlayed()).send);
  });

  const row: Call = { operation: 'predict', body: { instances: [[1, 2]] }, status: 200 };

  test('over its rate, out of time, overloaded', async () => {
    const limited = await createPlayed({ rateLimiter: { limit: async () => ({ success: false }) } });
    await check({ ...row, status: 429 }, limited.send);
    const late = await createPlayed({ timeoutMs: 0 });
    await check({ ...row, status: 504 }, late.send);
    const full = await createPlayed({ admission: { maxInFlight: 0, maxWaiting: 0 } });
    await check({ ...row, status: 503 }, full.send);
  });

  test('an outage of storage', async () => {
    const { store, send } = await createPlayed();
    store.fails = () => true;
    await check({ ...row, status: 503 }, send);
    await check({ operation: 'feedback', body: { items: [{}] }, status: 500 }, send);
    await check({ operation: 'history', status: 500 }, send);
  });
});

function lineOf(data: number[]): object {
  return { inputs: [{ name: 'x', datatype: 'FP32', shape: [data.length], data }] };
}

test('a deployment without keys shows neither contract nor page', async () => {
  const closed = createTestHarness({
    workers: [{ configPath: 'wrangler.toml' }, { configPath: 'trainer/wrangler.toml' }],
  });
  try {
    const { url } = await closed.listen();
    const statuses = ['/healthz', '/openapi.json', '/docs', VIEWER_PATH, '/'].map(
      async (path) => (await fetch(new URL(path, url))).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 401, 401, 401, 401]);
  } finally {
    await closed.close();
  }
});
