import { env } from 'cloudflare:test';
import { expect, test } from 'vitest';
import { wasmModule } from '../../../shared/model/run/wasm-worker.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { createR2Store } from '../../../shared/registry/store/r2-store.ts';
import {
  createEdge,
  createFaultyStore,
  createServedToy,
  createToyModel,
  type Edge,
  promoteToy,
  publishToy,
} from '../support.ts';

const store = createR2Store(env.BUCKET);
const ROW = { instances: [[1, 2]] };

async function health(edge: Edge): Promise<readonly [number, unknown, number]> {
  const response = await edge.call('/healthz', { key: null });
  return [
    response.status,
    await response.json(),
    (await edge.call('/v2/health/ready', { key: null })).status,
  ];
}

test('health, readiness and status agree with what a prediction gets, and with a rollback after it', async () => {
  await createToyModel(store, 'nothing-promoted');
  const spec = await createServedToy(store, 'sound');
  await publishToy(store, spec, 2, 1);
  await promoteToy(store, spec, 2);
  const edge = createEdge(store, wasmModule);
  expect(await health(edge)).toEqual([200, { status: 'ok' }, 200]);

  const key = keys.versionFile('sound', 2, 'edge.bin');
  const whole = await store.get(key);
  await store.put(key, new Uint8Array(10));
  // What the isolate holds it goes on serving; another one can't.
  expect(await health(edge)).toEqual([200, { status: 'ok' }, 200]);
  const fresh = createEdge(store, wasmModule);
  expect(await health(fresh)).toEqual([503, { status: 'not-serving', models: 1 }, 503]);
  expect((await fresh.predict('sound', ROW)).status).toBe(503);
  expect((await fresh.call('/v2/models/sound/ready', { key: 'predict' })).status).toBe(503);
  expect((await fresh.call('/v2/health/live', { key: null })).status).toBe(200);
  const status = await (await fresh.call('/api/models/sound')).json();
  const bytes = whole?.bytes.byteLength;
  expect(status).toMatchObject({
    serving: { version: null, promoted: 2, failure: { detail: `${key}: expected ${bytes} bytes, got 10` } },
    rollbackTo: 1,
  });

  await fresh.call('/api/models/sound/rollback', { body: { reason: 'truncated' } });
  fresh.clock.nowMs += 5_000;
  expect(await health(fresh)).toEqual([200, { status: 'ok' }, 200]);
  expect(await (await fresh.call('/api/models/sound')).json()).toMatchObject({ rollbackTo: null });
});

test('asked again and again it reads storage once in five seconds', async () => {
  await createServedToy(store, 'asked');
  const faulty = createFaultyStore(store);
  const edge = createEdge(faulty, wasmModule);
  await health(edge);
  const asked = faulty.gets.length;
  for (let i = 0; i < 10; i++) await health(edge);
  expect(faulty.gets).toHaveLength(asked);
});
