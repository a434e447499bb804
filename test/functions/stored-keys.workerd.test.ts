import { env } from 'cloudflare:test';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { sha256Hex } from '../../shared/digest.ts';
import { wasmModule } from '../../shared/model/wasm-edge.ts';
import { encodeJson } from '../../shared/registry/store/json.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../shared/registry/store/memory-store.ts';
import { createR2Store } from '../../shared/registry/store/r2-store.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { createEdge, createServedToy } from './support.ts';

const store = createR2Store(env.BUCKET);
const BODY = { instances: [[1, 2]] };
const tokenOf = (n: number): string => `hf_${String(n).padStart(43, 'k')}`;

let reads: string[] = [];
function countReads(from: ObjectStore): ObjectStore {
  return {
    ...from,
    get(key) {
      if (key.startsWith(keys.apiKeys)) reads.push(key);
      return from.get(key);
    },
  };
}

async function keep(n: number, scopes: readonly string[], into: ObjectStore = store): Promise<void> {
  const key = {
    format: 'holdfast-key/1',
    name: `client ${n}`,
    scopes,
    createdAt: '2026-11-30T12:00:00Z',
    createdBy: 'ann',
  };
  await into.put(keys.apiKey(sha256Hex(tokenOf(n))), encodeJson(key));
}

beforeAll(async () => {
  await createServedToy(store, 'toy');
});
beforeEach(() => {
  reads = [];
});

function createCaller(options: Parameters<typeof createEdge>[2] = {}) {
  const edge = createEdge(store, wasmModule, { keyStore: countReads(store), ...options });
  const as = (token: string) => ({ key: null, headers: { authorization: `Bearer ${token}` } });
  return {
    edge,
    predict: (token: string) => edge.call('/v1/models/toy:predict', { body: BODY, ...as(token) }),
    get: (token: string, path: string) => edge.call(path, as(token)),
  };
}

test('a key that lies in the bucket may do what its scopes say, and is read once a minute', async () => {
  await keep(1, ['predict']);
  const { edge, predict, get } = createCaller();
  expect((await predict(tokenOf(1))).status).toBe(200);
  expect((await predict(tokenOf(1))).status).toBe(200);
  expect((await get(tokenOf(1), '/api/models')).status).toBe(403);
  expect(reads).toHaveLength(1);
  edge.clock.nowMs += 61_000;
  expect((await predict(tokenOf(1))).status).toBe(200);
  expect(reads).toHaveLength(2);
});

test('it operates and looks as any other key, and in a deployment that has no others', async () => {
  await keep(2, ['operate']);
  const { get, predict } = createCaller({ keys: [] });
  expect((await get(tokenOf(2), '/api/models')).status).toBe(200);
  expect((await get(tokenOf(2), '/v2/models/toy')).status).toBe(403);
  expect((await predict(tokenOf(3))).status).toBe(401);
});

test('one that was revoked is refused within a minute, and one that was made is let in within ten seconds', async () => {
  await keep(4, ['predict']);
  const { edge, predict } = createCaller();
  expect((await predict(tokenOf(4))).status).toBe(200);
  await store.delete(keys.apiKey(sha256Hex(tokenOf(4))));
  edge.clock.nowMs += 61_000;
  expect((await predict(tokenOf(4))).status).toBe(401);
  await keep(4, ['predict']);
  expect((await predict(tokenOf(4))).status).toBe(401);
  edge.clock.nowMs += 11_000;
  expect((await predict(tokenOf(4))).status).toBe(200);
});

test('keys of HOLDFAST_KEYS and tokens that no key looks like cost no read', async () => {
  const { edge, predict } = createCaller();
  expect((await edge.predict('toy', BODY)).status).toBe(200);
  for (const token of ['guess', 'hf_short', `hf_${'x'.repeat(44)}`, `hf_${'/'.repeat(43)}`]) {
    expect((await predict(token)).status).toBe(401);
  }
  expect(reads).toEqual([]);
});

test('of made-up tokens only so many are looked up at a time, and each once in a while', async () => {
  const { predict } = createCaller();
  const statuses = await Promise.all(
    Array.from({ length: 40 }, (_, i) => predict(tokenOf(1_000 + i)).then(({ status }) => status)),
  );
  expect(new Set(statuses)).toEqual(new Set([401, 503]));
  expect(reads).toHaveLength(16);
  expect((await predict(tokenOf(1_000))).status).toBe(401);
  expect(reads).toHaveLength(16);
});

test('a key that can not be read lets nobody in, and a bucket that does not answer refuses nobody for good', async () => {
  await keep(5, ['everything']);
  await keep(6, ['predict']);
  const { edge, predict } = createCaller();
  expect((await predict(tokenOf(5))).status).toBe(401);
  expect(edge.log.lines.some(({ event }) => event === 'key-unreadable')).toBe(true);
  let isDown = true;
  const down = {
    ...store,
    get: async (key: string) => (isDown ? Promise.reject(new Error('s3cr3t')) : store.get(key)),
  };
  const shaky = createCaller({ keyStore: down });
  const refused = await shaky.predict(tokenOf(6));
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await refused.text()).not.toContain('s3cr3t');
  isDown = false;
  expect((await shaky.predict(tokenOf(6))).status).toBe(200);
});

test('ten thousand keys are as good as one', async () => {
  const many = createMemoryStore();
  for (let n = 20_000; n < 30_000; n++) await keep(n, ['predict'], many);
  const { predict } = createCaller({ keyStore: countReads(many) });
  for (const n of [20_000, 25_000, 29_999]) expect((await predict(tokenOf(n))).status).toBe(200);
  expect(reads).toHaveLength(3);
});
