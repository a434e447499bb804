import { env } from 'cloudflare:test';
import { expect, test } from 'vitest';
import { UNSERVABLE } from '../../../../functions/http/errors.ts';
import { loadPlan } from '../../../../shared/model/run/predictor.ts';
import { createRuntime } from '../../../../shared/model/run/runtime.ts';
import { wasmModule } from '../../../../shared/model/run/wasm-worker.ts';
import { encodeJson } from '../../../../shared/registry/store/json.ts';
import { keys } from '../../../../shared/registry/store/keys.ts';
import { createR2Store } from '../../../../shared/registry/store/r2-store.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import {
  createEdge,
  createFaultyStore,
  createServedToy,
  type Edge,
  promoteToy,
  publishToy,
  saveToyBase,
  toyFiles,
} from '../../support.ts';

const store = createR2Store(env.BUCKET);
const TTL_MS = 5_000;
const ROW = { instances: [[1, 2]] };

/** What one of the toys takes of the heap. */
async function toyBytes(): Promise<number> {
  const files = toyFiles(0);
  const program = loadPlan(createRuntime(wasmModule), files['edge.json'], files['edge.bin']);
  if (!program.ok) throw new Error(program.error);
  return program.value.heapBytes;
}

async function servedBy(edge: Edge, model: string): Promise<string | null> {
  const response = await edge.predict(model, ROW);
  expect([response.status, await response.json()]).toEqual([200, expect.anything()]);
  return response.headers.get('holdfast-version');
}

test('within half of the time to live storage is not asked', async () => {
  await createServedToy(store, 'quiet');
  const faulty = createFaultyStore(store);
  const edge = createEdge(faulty, wasmModule);
  await servedBy(edge, 'quiet');
  const asked = faulty.gets.length;
  edge.clock.nowMs += TTL_MS / 2 - 1;
  await servedBy(edge, 'quiet');
  expect(faulty.gets).toHaveLength(asked);
});

test('after half of the time to live the champion is looked up beside the traffic', async () => {
  const spec = await createServedToy(store, 'half-time');
  const edge = createEdge(store, wasmModule);
  await servedBy(edge, 'half-time');
  await publishToy(store, spec, 2, 1);
  await promoteToy(store, spec, 2);
  edge.clock.nowMs += TTL_MS / 2;
  expect(await servedBy(edge, 'half-time')).toBe('1');
  expect(await servedBy(edge, 'half-time')).toBe('2');
});

test('after all of the time to live no request is answered before the champion is looked up', async () => {
  const spec = await createServedToy(store, 'strict');
  const edge = createEdge(store, wasmModule);
  await servedBy(edge, 'strict');
  await publishToy(store, spec, 2, 1);
  await promoteToy(store, spec, 2);
  edge.clock.nowMs += TTL_MS;
  const versions = await Promise.all(Array.from({ length: 20 }, () => servedBy(edge, 'strict')));
  expect(new Set(versions)).toEqual(new Set(['2']));
});

test('concurrent first requests load the model once', async () => {
  await createServedToy(store, 'stampede');
  const faulty = createFaultyStore(store);
  const edge = createEdge(faulty, wasmModule);
  await Promise.all(Array.from({ length: 20 }, () => servedBy(edge, 'stampede')));
  const weights = keys.versionFile('stampede', 1, 'edge.bin');
  expect(faulty.gets.filter((key) => key === weights)).toHaveLength(1);
});

test('a promotion made through this isolate serves its next request', async () => {
  const spec = await createServedToy(store, 'own');
  const edge = createEdge(store, wasmModule);
  expect(await servedBy(edge, 'own')).toBe('1');
  await publishToy(store, spec, 2, 1);
  const moved = await edge.call('/api/models/own/promote', { body: { version: 2, reason: 'better' } });
  expect(moved.status).toBe(200);
  expect(await servedBy(edge, 'own')).toBe('2');
});

test('a champion whose weights are truncated never serves; the one before goes on, and the mend is noticed', async () => {
  const spec = await createServedToy(store, 'truncated');
  const edge = createEdge(store, wasmModule);
  await servedBy(edge, 'truncated');
  await publishToy(store, spec, 2, 1);
  await promoteToy(store, spec, 2);
  const key = keys.versionFile('truncated', 2, 'edge.bin');
  const whole = (await store.get(key))?.bytes as Uint8Array;
  await store.put(key, whole.subarray(0, 40));
  edge.clock.nowMs += TTL_MS;
  expect(await servedBy(edge, 'truncated')).toBe('1');

  const shown = (await (await edge.call('/api/models/truncated')).json()) as { serving: object };
  expect(shown.serving).toMatchObject({
    version: 1,
    promoted: 2,
    failure: { detail: `${key}: expected ${whole.length} bytes, got 40` },
  });
  expect(edge.log.events()).toContain('not-serving');

  await store.put(key, whole);
  edge.clock.nowMs += TTL_MS;
  expect(await servedBy(edge, 'truncated')).toBe('2');
});

test('a champion whose weights were altered in place never serves', async () => {
  const spec = await createServedToy(store, 'altered');
  const edge = createEdge(store, wasmModule);
  await servedBy(edge, 'altered');
  await publishToy(store, spec, 2, 1);
  await promoteToy(store, spec, 2);
  const key = keys.versionFile('altered', 2, 'edge.bin');
  const bytes = (await store.get(key))?.bytes.slice() as Uint8Array;
  bytes.set(bytes.slice(4, 8), 0);
  await store.put(key, bytes);
  edge.clock.nowMs += TTL_MS;
  expect(await servedBy(edge, 'altered')).toBe('1');
  const direct = await edge.predict('altered', ROW, 2);
  expect(direct.status).toBe(503);
  expect(edge.log.lines.at(-1)?.facts['detail']).toContain('expected SHA-256');
});

test('without an earlier version a damaged champion answers 503, and its operators see the reason', async () => {
  await createServedToy(store, 'only-one');
  await store.put(keys.versionFile('only-one', 1, 'edge.bin'), new Uint8Array(3));
  const edge = createEdge(store, wasmModule);
  const response = await edge.predict('only-one', ROW);
  expect([response.status, await response.json()]).toEqual([503, { error: UNSERVABLE }]);
  expect(await (await edge.call('/api/models/only-one')).text()).toContain('got 3');
  expect(response.headers.get('retry-after')).toBe('1');
});

test('failed loads are tried again with growing pauses', async () => {
  const spec = await createServedToy(store, 'pauses');
  const faulty = createFaultyStore(store);
  const edge = createEdge(faulty, wasmModule);
  await servedBy(edge, 'pauses');
  await publishToy(store, spec, 2, 1);
  await promoteToy(store, spec, 2);
  const weights = keys.versionFile('pauses', 2, 'edge.bin');
  faulty.fails = (_, key) => key === weights;
  for (let second = 0; second < 60; second++) {
    edge.clock.nowMs += 1_000;
    expect(await servedBy(edge, 'pauses')).toBe('1');
  }
  const tries = faulty.gets.filter((key) => key === weights).length;
  expect(tries).toBeGreaterThan(3);
  expect(tries).toBeLessThan(9);
});

test('an outage of storage does not take away what serves, and its end is noticed within the time to live', async () => {
  const spec = await createServedToy(store, 'outage');
  const faulty = createFaultyStore(store);
  const edge = createEdge(faulty, wasmModule);
  await servedBy(edge, 'outage');
  faulty.fails = () => true;
  for (let minute = 0; minute < 5; minute++) {
    edge.clock.nowMs += 60_000;
    expect(await servedBy(edge, 'outage')).toBe('1');
  }
  await publishToy(store, spec, 2, 1);
  await promoteToy(store, spec, 2);
  faulty.fails = () => false;
  edge.clock.nowMs += TTL_MS;
  expect(await servedBy(edge, 'outage')).toBe('2');
  const cold = createEdge({ ...faulty, get: () => Promise.reject(new Error('injected')) }, wasmModule);
  const response = await cold.predict('outage', ROW);
  expect([response.status, await response.json()]).toEqual([503, { error: UNSERVABLE }]);
});

test('a spec that becomes unreadable does not take away what serves', async () => {
  const spec = await createServedToy(store, 'spoilt');
  const edge = createEdge(store, wasmModule);
  await servedBy(edge, 'spoilt');
  await store.put(keys.spec('spoilt'), new TextEncoder().encode('{'));
  edge.clock.nowMs += TTL_MS;
  expect(await servedBy(edge, 'spoilt')).toBe('1');
  await store.put(keys.spec('spoilt'), encodeJson({ ...spec, logging: { rate: 0 } }));
  edge.clock.nowMs += TTL_MS;
  await servedBy(edge, 'spoilt');
  await servedBy(edge, 'spoilt');
  expect((await edge.predict('spoilt', ROW)).status).toBe(200);
  expect(edge.log.events()).toContain('not-serving');
});

test('a version asked for by number serves beside the champion, and a rollback brings an old one back', async () => {
  const spec = await createServedToy(store, 'pinned');
  const edge = createEdge(store, wasmModule);
  await publishToy(store, spec, 2, 1);
  expect((await edge.predict('pinned', ROW, 2)).headers.get('holdfast-version')).toBe('2');
  await edge.call('/api/models/pinned/promote', { body: { version: 2, reason: 'a' } });
  expect(await servedBy(edge, 'pinned')).toBe('2');
  expect((await edge.predict('pinned', ROW, 1)).headers.get('holdfast-version')).toBe('1');
  await edge.call('/api/models/pinned/rollback', { body: { reason: 'b' } });
  expect(await servedBy(edge, 'pinned')).toBe('1');
  const { labels } = (await (await edge.predict('pinned', ROW, 2)).json()) as { labels: string[] };
  expect(labels).toEqual(['green']);
});

test('models that do not fit together take turns, and all answer', async () => {
  const names = ['turn-1', 'turn-2', 'turn-3'];
  for (const name of names) await createServedToy(store, name);
  const edge = createEdge(store, wasmModule, { budgetBytes: 2.5 * (await toyBytes()) });
  for (let round = 0; round < 3; round++) {
    const versions = await Promise.all(names.map((name) => servedBy(edge, name)));
    expect(versions).toEqual(['1', '1', '1']);
  }
});

test('however many versions are asked for, what they take in the heap stays within the budget', async () => {
  const spec = await createServedToy(store, 'many');
  for (let version = 2; version <= 12; version++) await publishToy(store, spec, version, version % 3);
  const faulty = createFaultyStore(store);
  const edge = createEdge(faulty, wasmModule, { budgetBytes: 3.5 * (await toyBytes()) });
  const tensors: number[] = [];
  for (let turn = 0; turn < 36; turn++) {
    expect((await edge.predict('many', ROW, 1 + (turn % 12))).status).toBe(200);
    tensors.push(edge.memory().tensors);
  }
  const { heapBytes } = edge.memory();
  expect(Math.max(...tensors.slice(12))).toBe(Math.max(...tensors.slice(0, 12)));
  for (let version = 1; version <= 12; version++) await edge.predict('many', ROW, version);
  expect(edge.memory().heapBytes).toBe(heapBytes);
  // Those used last are still here, the others had to be loaded anew.
  const loads = () => faulty.gets.filter((key) => key.endsWith('/edge.bin')).length;
  const before = loads();
  for (const version of [12, 11, 10]) await edge.predict('many', ROW, version);
  expect(loads()).toBe(before);
  await edge.predict('many', ROW, 9);
  expect(loads()).toBe(before + 1);
});

test('a base is loaded once for all models that use it, and a new head leaves it alone', async () => {
  const base = await saveToyBase(store);
  const input = { kind: 'image', height: 4, width: 4, channels: 1, scale: 1 / 255, offset: 0 } as const;
  const first = await createServedToy(store, 'image-1', { input, base });
  await createServedToy(store, 'image-2', { input, base });
  const faulty = createFaultyStore(store);
  const edge = createEdge(faulty, wasmModule);
  const row = [255, 255, 0, 0];
  const predict = (model: string) => edge.predict(model, { instances: [[row, row, row, row]] });
  const responses = await Promise.all(['image-1', 'image-2', 'image-1'].map(predict));
  for (const response of responses) {
    const { predictions } = (await response.json()) as { predictions: number[][] };
    // features [8, 0]; the head adds a tenth of the first to the favoured label's 3
    expect(predictions[0]?.[0]).toBeCloseTo(Math.exp(3.8) / (Math.exp(3.8) + 2), 6);
  }
  await publishToy(store, first, 2, 1);
  await promoteToy(store, first, 2);
  edge.clock.nowMs += TTL_MS;
  expect((await predict('image-1')).headers.get('holdfast-version')).toBe('2');
  const weights = keys.base(base, 'edge.bin');
  expect(faulty.gets.filter((key) => key === weights)).toHaveLength(1);
});

/** A bucket that is far away: counts how often one waits for it, whatever is asked at once. */
function countRounds(near: ObjectStore): { readonly store: ObjectStore; readonly rounds: () => number } {
  let rounds = 0;
  let round: Promise<void> | null = null;
  const wait = (): Promise<void> => {
    round ??= scheduler.wait(20).then(() => {
      rounds += 1;
      round = null;
    });
    return round;
  };
  const get: ObjectStore['get'] = async (key) => {
    const read = near.get(key);
    await wait();
    return read;
  };
  return { store: { ...near, get }, rounds: () => rounds };
}

test('a first prediction waits for the bucket twice: for spec and alias, for a version', async () => {
  await createServedToy(store, 'far');
  const far = countRounds(store);
  await servedBy(createEdge(far.store, wasmModule), 'far');
  expect(far.rounds()).toBe(2);
});

test('and once more for a base', async () => {
  const input = { kind: 'image', height: 4, width: 4, channels: 1, scale: 1, offset: 0 } as const;
  await createServedToy(store, 'far-base', { input, base: await saveToyBase(store) });
  const far = countRounds(store);
  const edge = createEdge(far.store, wasmModule);
  const response = await edge.predict('far-base', { instances: [Array.from({ length: 16 }, () => 0)] });
  expect([response.status, far.rounds()]).toEqual([200, 3]);
});

test('a damaged base is named, and serves once it is mended', async () => {
  const base = await saveToyBase(store);
  const input = { kind: 'image', height: 4, width: 4, channels: 1, scale: 1, offset: 0 } as const;
  await createServedToy(store, 'image-3', { input, base });
  const key = keys.base(base, 'edge.bin');
  const whole = await store.get(key);
  await store.put(key, new Uint8Array(5));
  const edge = createEdge(store, wasmModule);
  const body = { instances: [Array.from({ length: 16 }, () => 0)] };
  const response = await edge.predict('image-3', body);
  expect(response.status).toBe(503);
  expect(edge.log.lines.at(-1)?.facts['detail']).toContain('got 5');
  if (whole !== null) await store.put(key, whole.bytes);
  edge.clock.nowMs += TTL_MS;
  expect((await edge.predict('image-3', body)).status).toBe(200);
});

test('a version is loaded once for those who ask for it by number and those who ask for the champion', async () => {
  await createServedToy(store, 'both');
  const faulty = createFaultyStore(store);
  const edge = createEdge(faulty, wasmModule);
  const asked = Array.from({ length: 20 }, (_, i) => edge.predict('both', ROW, i % 2 === 0 ? 1 : undefined));
  expect(new Set((await Promise.all(asked)).map(({ status }) => status))).toEqual(new Set([200]));
  const weights = keys.versionFile('both', 1, 'edge.bin');
  expect(faulty.gets.filter((key) => key === weights)).toHaveLength(1);
});

test('a version asked for by number that can not be loaded is tried again with growing pauses', async () => {
  const spec = await createServedToy(store, 'pinned-pauses');
  await publishToy(store, spec, 2, 1);
  const faulty = createFaultyStore(store);
  const edge = createEdge(faulty, wasmModule);
  await servedBy(edge, 'pinned-pauses');
  const weights = keys.versionFile('pinned-pauses', 2, 'edge.bin');
  faulty.fails = (_, key) => key === weights;
  for (let second = 0; second < 60; second++) {
    edge.clock.nowMs += 1_000;
    expect((await edge.predict('pinned-pauses', ROW, 2)).status).toBe(503);
    expect(await servedBy(edge, 'pinned-pauses')).toBe('1');
  }
  const tries = faulty.gets.filter((key) => key === weights).length;
  expect(tries).toBeGreaterThan(3);
  expect(tries).toBeLessThan(9);
  faulty.fails = () => false;
  edge.clock.nowMs += 30_000;
  expect((await edge.predict('pinned-pauses', ROW, 2)).status).toBe(200);
});

test('an isolate that begins in an outage asks storage with growing pauses, and serves within the time to live of its end', async () => {
  await createServedToy(store, 'cold-outage');
  const faulty = createFaultyStore(store);
  faulty.fails = () => true;
  const edge = createEdge(faulty, wasmModule);
  for (let tenth = 0; tenth < 100; tenth++) {
    expect((await edge.predict('cold-outage', ROW)).status).toBe(503);
    edge.clock.nowMs += 100;
  }
  expect(faulty.gets.filter((key) => key === keys.spec('cold-outage')).length).toBeLessThan(6);
  faulty.fails = () => false;
  edge.clock.nowMs += TTL_MS;
  expect(await servedBy(edge, 'cold-outage')).toBe('1');
});
