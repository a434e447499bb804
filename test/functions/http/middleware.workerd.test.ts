import { env } from 'cloudflare:test';
import { beforeAll, expect, test } from 'vitest';
import { wasmModule } from '../../../shared/model/run/wasm-worker.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { createR2Store } from '../../../shared/registry/store/r2-store.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { createEdge, createServedToy, readEvents, saveToyBase } from '../support.ts';

const store = createR2Store(env.BUCKET);
const ROW = { instances: [[1, 2]] };
const APP = 'https://app.example';

beforeAll(async () => {
  await createServedToy(store, 'toy');
});

/** A store that does not answer for an object until it is told to. */
function createStalledStore(stalls: (key: string) => boolean): ObjectStore & { release: () => void } {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  return {
    ...store,
    release: () => release(),
    async get(key) {
      if (stalls(key)) await released;
      return store.get(key);
    },
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function errorOf(response: Response): Promise<unknown> {
  return ((await response.json()) as { error: unknown }).error;
}

test('a body over the limit is refused, whether its length is announced or not', async () => {
  const edge = createEdge(store, wasmModule, { maxBodyBytes: 100 });
  const large = JSON.stringify({ instances: [Array.from({ length: 100 }, () => 1)] });
  for (const headers of [{}, { 'content-length': '201' }]) {
    const response = await edge.call('/v1/models/toy:predict', { key: 'predict', body: large, headers });
    expect([response.status, await errorOf(response)]).toEqual([
      413,
      'expected a body of at most 100 bytes, got more',
    ]);
  }
});

test('more examples than one request may have are refused as both protocols refuse them', async () => {
  const edge = createEdge(store, wasmModule, { maxInstances: 2 });
  const response = await edge.predict('toy', { instances: [ROW, ROW, ROW].flatMap((row) => row.instances) });
  expect([response.status, await errorOf(response)]).toEqual([400, 'instances: expected at most 2, got 3']);
});

test('a key that asks too often is told when to come again; other keys, reading and operating go on', async () => {
  const asked: string[] = [];
  const rateLimiter = {
    async limit({ key }: { key: string }) {
      asked.push(key);
      return { success: key !== 'the predict key' };
    },
  };
  const edge = createEdge(store, wasmModule, { rateLimiter });
  const refused = await edge.predict('toy', ROW);
  expect([refused.status, refused.headers.get('retry-after'), await errorOf(refused)]).toEqual([
    429,
    '10',
    'the key the predict key asks more often than this deployment allows',
  ]);
  const example = { items: [{ instance: [1, 2], label: 'red' }] };
  expect((await edge.call('/v1/models/toy:feedback', { key: 'feedback', body: example })).status).toBe(202);
  expect((await edge.call('/v1/models/toy', { key: 'predict' })).status).toBe(200);
  expect((await edge.call('/api/models')).status).toBe(200);
  expect(asked).toEqual(['the predict key', 'the feedback key']);
});

test('a limiter that does not answer lets everybody in, and is logged', async () => {
  const rateLimiter = { limit: () => Promise.reject(new Error('injected')) };
  const edge = createEdge(store, wasmModule, { rateLimiter });
  expect((await edge.predict('toy', ROW)).status).toBe(200);
  expect(edge.log.events()).toContain('rate-limit-failed');
});

test('a model that takes too long to load answers 504, and serves once it is there', async () => {
  await createServedToy(store, 'slow');
  const weights = keys.versionFile('slow', 1, 'edge.bin');
  const stalled = createStalledStore((key) => key === weights);
  const edge = createEdge(stalled, wasmModule, { timeoutMs: 50 });
  const late = edge.predict('slow', ROW);
  await pause(100);
  stalled.release();
  const response = await late;
  expect([response.status, await errorOf(response)]).toEqual([
    504,
    'expected an answer within 50 ms, and there is none yet',
  ]);
  expect((await edge.predict('slow', ROW)).status).toBe(200);
  // What nobody was told is not logged either.
  expect((await readEvents(store, 'slow')).length).toBeLessThan(2);
});

test('feedback that takes too long to write answers 504, and is written all the same', async () => {
  await createServedToy(store, 'unhurried');
  const stalled = createStalledStore((key) => key === keys.spec('unhurried'));
  const edge = createEdge(stalled, wasmModule, { timeoutMs: 30 });
  setTimeout(() => stalled.release(), 80);
  const body = { items: [{ instance: [1, 2], label: 'red', id: 'once' }] };
  const response = await edge.call('/v1/models/unhurried:feedback', { key: 'feedback', body });
  expect(response.status).toBe(504);
  expect(edge.sent).toHaveLength(1);
});

test('a client may ask for less time and never for more', async () => {
  await createServedToy(store, 'hurried');
  const weights = keys.versionFile('hurried', 1, 'edge.bin');
  const stalled = createStalledStore((key) => key === weights);
  const edge = createEdge(stalled, wasmModule, { timeoutMs: 60 });
  const ask = (timeout: string): Promise<Response> =>
    edge.call('/v1/models/hurried:predict', {
      key: 'predict',
      body: ROW,
      headers: { 'holdfast-timeout-ms': timeout },
    });
  setTimeout(() => stalled.release(), 150);
  const answers = await Promise.all([ask('20'), ask('100000')]);
  expect(await Promise.all(answers.map(errorOf))).toEqual([
    'expected an answer within 20 ms, and there is none yet',
    'expected an answer within 60 ms, and there is none yet',
  ]);
  for (const wrong of ['0', '-1', '1.5', 'soon']) {
    const response = await ask(wrong);
    expect([response.status, await errorOf(response)]).toEqual([
      400,
      `holdfast-timeout-ms: expected whole milliseconds from 1, got "${wrong}"`,
    ]);
  }
});

test('when all places are taken the next wait, the others are refused unread, and all who were let in are answered', async () => {
  await createServedToy(store, 'crowded');
  const weights = keys.versionFile('crowded', 1, 'edge.bin');
  const stalled = createStalledStore((key) => key === weights);
  const edge = createEdge(stalled, wasmModule, { admission: { maxInFlight: 3, maxWaiting: 2 } });
  setTimeout(() => stalled.release(), 100);
  const responses = await Promise.all(Array.from({ length: 20 }, () => edge.predict('crowded', ROW)));
  const statuses = responses.map(({ status }) => status).sort((a, b) => a - b);
  expect(statuses).toEqual([...Array<number>(5).fill(200), ...Array<number>(15).fill(503)]);
  const refused = responses.find(({ status }) => status === 503) as Response;
  expect([refused.headers.get('retry-after'), await errorOf(refused)]).toEqual([
    '1',
    'too many requests are under way here',
  ]);
  expect((await edge.predict('crowded', ROW)).status).toBe(200);
});

test('while predictions are refused, health, status and the operators get through', async () => {
  await createServedToy(store, 'besieged');
  const weights = keys.versionFile('besieged', 1, 'edge.bin');
  const stalled = createStalledStore((key) => key === weights);
  const edge = createEdge(stalled, wasmModule, { admission: { maxInFlight: 1, maxWaiting: 0 } });
  const first = edge.predict('besieged', ROW);
  await pause(20);
  expect((await edge.predict('besieged', ROW)).status).toBe(503);
  // The look at the models goes on: whoever probes is not kept waiting.
  expect((await edge.call('/healthz', { key: null, leave: true })).status).toBe(200);
  expect((await edge.call('/v2/health/live', { key: null })).status).toBe(200);
  expect((await edge.call('/api/models')).status).toBe(200);
  stalled.release();
  expect((await first).status).toBe(200);
});

test('what can not be loaded is told to the client without a name of what lies in storage', async () => {
  const base = await saveToyBase(store);
  const input = { kind: 'image', height: 4, width: 4, channels: 1, scale: 1, offset: 0 } as const;
  await createServedToy(store, 'hidden', { input, base });
  await store.put(keys.base(base, 'edge.bin'), new Uint8Array(5));
  const edge = createEdge(store, wasmModule);
  const body = { instances: [Array.from({ length: 16 }, () => 0)] };
  const answers = [
    await edge.predict('hidden', body),
    await edge.predict('hidden', body, 1),
    await edge.call('/v1/models/hidden', { key: 'predict' }),
  ];
  for (const answer of answers) expect(await answer.text()).not.toMatch(/edge\.bin|bases\/|SHA|[0-9a-f]{64}/);
  expect(await (await edge.call('/api/models/hidden')).text()).toContain('edge.bin: expected');
});

test('an unexpected failure answers 500 with a request id, and only the log says more', async () => {
  const edge = createEdge({ ...store, folders: () => Promise.reject(new Error('s3://secret')) }, wasmModule);
  const response = await edge.call('/api/models');
  const text = await response.text();
  expect(response.status).toBe(500);
  expect(text).not.toMatch(/secret|\.ts|\.js|at /);
  expect(JSON.stringify(edge.log.lines)).toContain('s3://secret');
});

test('pages from elsewhere get nothing, unless their origin is named', async () => {
  const closed = createEdge(store, wasmModule);
  const named = createEdge(store, wasmModule, { corsOrigins: [APP] });
  const preflight = { origin: APP, 'access-control-request-method': 'POST' };
  const ask = (edge: typeof closed, origin: string) =>
    edge.call('/v1/models/toy:predict', {
      method: 'OPTIONS',
      key: null,
      headers: { ...preflight, origin },
    });
  const refusals = [await ask(closed, APP), await ask(named, 'https://elsewhere.example')];
  for (const refused of refusals) {
    expect(refused.ok).toBe(false);
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
  }
  const allowed = await ask(named, APP);
  expect(allowed.status).toBe(204);
  expect(Object.fromEntries(allowed.headers)).toMatchObject({
    'access-control-allow-origin': APP,
    'access-control-allow-methods': 'GET, POST',
    vary: 'Origin',
  });
  expect(allowed.headers.get('access-control-allow-headers')).toContain('Authorization');
});

test('a page whose origin is named reads answers, their Holdfast headers, and errors', async () => {
  const edge = createEdge(store, wasmModule, { corsOrigins: [APP] });
  const call = (origin: string, body: object) =>
    edge.call('/v1/models/toy:predict', { key: 'predict', body, headers: { origin } });
  for (const body of [ROW, {}]) {
    const { headers } = await call(APP, body);
    expect(headers.get('access-control-allow-origin')).toBe(APP);
    expect(headers.get('access-control-expose-headers')).toContain('Holdfast-Prediction-Id');
  }
  const elsewhere = await call('https://elsewhere.example', ROW);
  expect(elsewhere.headers.get('access-control-allow-origin')).toBeNull();
  expect(elsewhere.headers.get('vary')).toBe('Origin');
  const any = createEdge(store, wasmModule, { corsOrigins: ['*'] });
  const response = await any.call('/healthz', { key: null, headers: { origin: 'https://any.example' } });
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
});
