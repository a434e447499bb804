/**
 * The real Worker as it is deployed: its own wrangler.toml, real queues, the real trainer behind the binding, sockets.
 */
import { once } from 'node:events';
import { buffer as readAll } from 'node:stream/consumers';
import { createGzip } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestHarness, type TestHarness } from 'wrangler';
import { writeInbox } from '../../shared/events/write-inbox.ts';
import { instanceId } from '../../functions/collect/prediction-id.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import { createR2Store } from '../../shared/registry/store/r2-store.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { createServedToy, promoteToy, publishToy, readEvents } from './support.ts';
import { measurePeak } from './workerd-memory.ts';

const ROW = { instances: [[1, 2]] };
const TTL_MS = 1_000;

// The local server would ask the network where it is.
process.env['CLOUDFLARE_CF_FETCH_ENABLED'] = 'false';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks again until something is there, for ten seconds. */
async function eventually<T>(look: () => Promise<T | null>): Promise<T> {
  for (let tries = 0; tries < 300; tries++) {
    const found = await look();
    if (found !== null) return found;
    await pause(100);
  }
  throw new Error('it did not come within thirty seconds');
}

/** Puts messages into the dead letter queue, where otherwise only a long outage would. */
const UNDERTAKER = {
  name: 'undertaker',
  main: 'test/workerd/worker.ts',
  compatibility_date: '2026-10-01',
  queues: { producers: [{ binding: 'DEAD', queue: 'holdfast-events-dead' }] },
};

describe('the deployed Worker', () => {
  let server: TestHarness;
  let url: URL;
  let store: ObjectStore;

  beforeAll(async () => {
    server = createTestHarness({
      workers: [
        { configPath: 'wrangler.toml', vars: { HOLDFAST_LOCAL_KEYS: 'on', HOLDFAST_ALIAS_TTL_SECONDS: '1' } },
        { configPath: 'trainer/wrangler.toml' },
        { config: UNDERTAKER },
      ],
    });
    ({ url } = await server.listen());
    const env = await server.getWorker<EdgeBindings>().getEnv();
    store = createR2Store(env.BUCKET);
  });
  afterAll(() => server.close());

  const call = (path: string, key: string, body?: unknown, signal?: AbortSignal): Promise<Response> =>
    fetch(new URL(path, url), {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${key}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  const predict = (model: string, signal?: AbortSignal): Promise<Response> =>
    call(`/v1/models/${model}:predict`, 'local-predict', ROW, signal);
  const collectedIds = async (model: string): Promise<string[]> =>
    (await readEvents(store, model)).map(({ id }) => id);

  test('health is open, and a page from elsewhere gets nothing', async () => {
    expect(await (await fetch(new URL('/healthz', url))).json()).toEqual({ status: 'ok' });
    expect((await fetch(new URL('/api/models', url))).status).toBe(401);
    const preflight = await fetch(new URL('/api/models', url), {
      method: 'OPTIONS',
      headers: { origin: 'https://elsewhere.example', 'access-control-request-method': 'GET' },
    });
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('a bomb of half a gigabyte is refused at the limit, by any key, and takes no memory', async () => {
    const zeros = Buffer.alloc(2 ** 24);
    const packer = createGzip();
    const packed = readAll(packer);
    for (let i = 0; i < 32; i++) if (!packer.write(zeros)) await once(packer, 'drain');
    packer.end();
    const body = await packed;
    const statuses: number[] = [];
    const peak = await measurePeak(async () => {
      for (const key of ['local-predict', 'local-feedback']) {
        const response = await fetch(new URL('/v1/models/toy:predict', url), {
          method: 'POST',
          headers: { authorization: `Bearer ${key}`, 'content-encoding': 'gzip' },
          body,
        });
        statuses.push(response.status);
      }
    });
    expect(statuses).toEqual([413, 403]);
    expect(peak ?? 0).toBeLessThan(100_000_000);
  });

  test('predictions of many requests are gathered, queued and merged, and none is missing', async () => {
    await createServedToy(store, 'gathered');
    const first = await predict('gathered');
    const responses = await Promise.all(Array.from({ length: 100 }, () => predict('gathered')));
    // A machine that is busy with other tests may refuse some: what was answered is what must not be missing.
    const answered = [first, ...responses].filter(({ status }) => status === 200);
    expect(answered.length).toBeGreaterThan(20);
    const ids = answered.map((response) =>
      instanceId(response.headers.get('holdfast-prediction-id') ?? '', 0),
    );
    const collected = await eventually(async () => {
      const found = await collectedIds('gathered');
      return found.length >= answered.length ? found : null;
    });
    expect(collected.sort()).toEqual(ids.sort());
    expect((await store.list(keys.eventsPrefix('gathered'))).length).toBeLessThan(10);
    expect(await store.list(keys.inboxPrefix('gathered'))).toEqual([]);
  });

  test('accepted feedback arrives in a batch through the queue', async () => {
    await createServedToy(store, 'fed');
    const items = [{ instance: [1, 2], label: 'green', id: 'order-1' }];
    expect((await call('/v1/models/fed:feedback', 'local-feedback', { items })).status).toBe(202);
    const ids = await eventually(async () => {
      const found = await collectedIds('fed');
      return found.length > 0 ? found : null;
    });
    expect(ids).toEqual(['client:order-1']);
  });

  test('what an outage has left in the dead letter queue is collected all the same', async () => {
    await createServedToy(store, 'buried');
    const event = { kind: 'label', id: 'late', at: 0, prediction: 'p', label: 0 } as const;
    const message = await writeInbox(store, 'buried', [event], new Date());
    const env = await server
      .getWorker<{ DEAD: { send(message: object): Promise<unknown> } }>('undertaker')
      .getEnv();
    await env.DEAD.send(message);
    await eventually(async () => ((await collectedIds('buried')).length > 0 ? true : null));
    expect(await collectedIds('buried')).toEqual(['late']);
  });

  test('under load every request succeeds, and after the time to live all are served by the promoted version', async () => {
    const spec = await createServedToy(store, 'switched');
    await publishToy(store, spec, 2, 1);
    const served: { startedMs: number; status: number; version: string | null }[] = [];
    const endMs = Date.now() + 4 * TTL_MS;
    const client = async (): Promise<void> => {
      while (Date.now() < endMs) {
        const startedMs = Date.now();
        const response = await predict('switched');
        await response.arrayBuffer();
        served.push({
          startedMs,
          status: response.status,
          version: response.headers.get('holdfast-version'),
        });
      }
    };
    const clients = Array.from({ length: 8 }, client);
    await pause(TTL_MS);
    await promoteToy(store, spec, 2);
    const promotedMs = Date.now();
    await Promise.all(clients);
    expect(served.filter(({ status }) => status !== 200)).toEqual([]);
    const late = served.filter(({ startedMs }) => startedMs >= promotedMs + TTL_MS);
    expect(late.length).toBeGreaterThan(10);
    expect(new Set(late.map(({ version }) => version))).toEqual(new Set(['2']));
    expect(served[0]?.version).toBe('1');
  });

  test('requests that are given up while a model loads do not hold up the others', async () => {
    await createServedToy(store, 'given-up');
    const givenUp = Array.from({ length: 5 }, (_, i) => predict('given-up', AbortSignal.timeout(1 + i)));
    await Promise.allSettled(givenUp);
    const startedMs = Date.now();
    expect((await predict('given-up')).status).toBe(200);
    expect(Date.now() - startedMs).toBeLessThan(5_000);
  });

  test('a run is started in the trainer, and what it records is shown', async () => {
    await createServedToy(store, 'trained');
    const response = await call('/api/models/trained/runs', 'local-operate', {});
    const answer = (await response.json()) as { run: string };
    expect([response.status, answer]).toEqual([202, { run: expect.any(String) }]);
    const run = await eventually(async () => {
      const shown = await call(`/api/models/trained/runs/${answer.run}`, 'local-operate');
      return shown.status === 200 ? ((await shown.json()) as { trigger: string; by: string }) : null;
    });
    expect(run).toMatchObject({ trigger: 'api', by: 'local-operate' });
  });
});

describe('a deployment that is asked for more than it can do', () => {
  const IN_FLIGHT = 4;
  const WAITING = 4;
  const CLIENTS = 64;
  let server: TestHarness;
  let url: URL;

  beforeAll(async () => {
    const vars = {
      HOLDFAST_LOCAL_KEYS: 'on',
      HOLDFAST_MAX_IN_FLIGHT: String(IN_FLIGHT),
      HOLDFAST_MAX_WAITING: String(WAITING),
      HOLDFAST_TIMEOUT_MS: '5000',
    };
    server = createTestHarness({
      workers: [{ configPath: 'wrangler.toml', vars }, { configPath: 'trainer/wrangler.toml' }],
    });
    ({ url } = await server.listen());
    const env = await server.getWorker<EdgeBindings>().getEnv();
    await createServedToy(createR2Store(env.BUCKET), 'busy');
    expect((await predict()).status).toBe(200);
  });
  afterAll(() => server.close());

  const predict = (signal?: AbortSignal): Promise<Response> =>
    fetch(new URL('/v1/models/busy:predict', url), {
      method: 'POST',
      headers: { authorization: 'Bearer local-predict' },
      body: JSON.stringify(ROW),
      ...(signal === undefined ? {} : { signal }),
    });

  test('answers those it let in and refuses the others at once, for as long as it lasts', async () => {
    const served: number[] = [];
    const refused: number[] = [];
    const others: number[] = [];
    const endMs = Date.now() + 3_000;
    const client = async (): Promise<void> => {
      while (Date.now() < endMs) {
        const startedMs = performance.now();
        const response = await predict();
        await response.arrayBuffer();
        const list = response.status === 200 ? served : response.status === 503 ? refused : others;
        list.push(performance.now() - startedMs);
        if (response.status === 503) expect(response.headers.get('retry-after')).toBe('1');
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    expect(others).toEqual([]);
    expect(served.length).toBeGreaterThan(CLIENTS);
    expect(refused.length).toBeGreaterThan(0);
    expect(Math.max(...served)).toBeLessThan(5_000);
    expect((await predict()).status).toBe(200);
  });

  test('clients that give up leave their places to others', async () => {
    for (let wave = 0; wave < 10; wave++) {
      const givenUp = Array.from({ length: IN_FLIGHT + WAITING }, (_, i) =>
        predict(AbortSignal.timeout(1 + i)),
      );
      await Promise.allSettled(givenUp);
    }
    await pause(200);
    const startedMs = Date.now();
    const answers = await Promise.all(Array.from({ length: IN_FLIGHT }, () => predict()));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(IN_FLIGHT).fill(200));
    // Sooner than any place would have been taken back for being late.
    expect(Date.now() - startedMs).toBeLessThan(4_000);
  });
});

test('the limiter of the platform counts by key, where a deployment binds it', async () => {
  const server = createTestHarness({
    workers: [
      {
        config: {
          name: 'limited',
          main: 'functions/worker.ts',
          compatibility_date: '2026-10-01',
          compatibility_flags: ['no_nodejs_compat_v2'],
          vars: { HOLDFAST_LOCAL_KEYS: 'on' },
          r2_buckets: [{ binding: 'BUCKET', bucket_name: 'limited' }],
          queues: { producers: [{ binding: 'EVENTS', queue: 'limited-events' }] },
          ratelimits: [{ name: 'RATE_LIMITER', namespace_id: '1', simple: { limit: 3, period: 60 } }],
        },
      },
    ],
  });
  try {
    const { url } = await server.listen();
    const ask = (key: string, verb: string): Promise<Response> =>
      fetch(new URL(`/v1/models/none:${verb}`, url), {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: '{}',
      });
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) statuses.push((await ask('local-predict', 'predict')).status);
    expect(statuses).toEqual([404, 404, 404, 429, 429]);
    expect((await ask('local-feedback', 'feedback')).status).toBe(404);
  } finally {
    await server.close();
  }
});

test('a misconfigured deployment serves nothing, and its health names the variables', async () => {
  const server = createTestHarness({
    workers: [
      { configPath: 'wrangler.toml', vars: { HOLDFAST_KEYS: '{', HOLDFAST_MAX_INSTANCES: 'many' } },
      { configPath: 'trainer/wrangler.toml' },
    ],
  });
  try {
    const { url } = await server.listen();
    const health = await fetch(new URL('/healthz', url));
    expect([health.status, await health.json()]).toEqual([
      503,
      { status: 'misconfigured', variables: ['HOLDFAST_KEYS', 'HOLDFAST_MAX_INSTANCES'] },
    ]);
    expect((await fetch(new URL('/v1/models/m:predict', url), { method: 'POST', body: '{}' })).status).toBe(
      503,
    );
  } finally {
    await server.close();
  }
});

interface EdgeBindings {
  readonly BUCKET: Parameters<typeof createR2Store>[0];
}
