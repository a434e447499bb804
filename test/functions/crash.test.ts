/**
 * What a crash of the edge leaves: the runtime is killed, and started again on the same state.
 */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { collectInbox } from '../../shared/events/inbox.ts';
import { instanceId } from '../../functions/collect/prediction-id.ts';
import type { Event } from '../../shared/events/schema.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import { type Local, startLocal } from '../../trainer/tools/local/local.ts';
import { childrenNamed, type Process } from '../../trainer/tools/state/processes.ts';
import { useTempFolder } from '../support/temp-folder.ts';
import { createServedToy, readEvents } from './support.ts';

const MODEL = 'toy';
const folder = useTempFolder();
let edge: { readonly local: Local; readonly runtime: Process };

async function start(): Promise<typeof edge> {
  const others = new Set((await childrenNamed('workerd')).map(({ pid }) => pid));
  const local = await startLocal({ port: 0, state: path.join(folder.path, 'state'), onLog: () => {} });
  if (!local.ok) throw new Error(local.error.detail);
  const [runtime] = (await childrenNamed('workerd')).filter(({ pid }) => !others.has(pid));
  if (runtime === undefined) throw new Error('there is no runtime');
  return { local: local.value, runtime };
}

/** As a power cut does it: nothing that was still in memory is written. */
async function crash(): Promise<void> {
  process.kill(edge.runtime.pid, 'SIGKILL');
  await edge.local.dispose();
  edge = await start();
}

beforeAll(async () => {
  edge = await start();
  await createServedToy(edge.local.store, MODEL);
});
afterAll(async () => {
  await edge.local.dispose();
  await rm(folder.path, { recursive: true, force: true });
});

async function post(verb: string, key: string, body: unknown): Promise<Response> {
  const headers = { authorization: `Bearer ${key}` };
  const url = new URL(`/v1/models/${MODEL}:${verb}`, edge.local.url);
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
}

/** @returns the id of the prediction's one instance */
async function predict(): Promise<string> {
  const response = await post('predict', 'local-predict', { instances: [[1, 2]] });
  expect(response.status).toBe(200);
  await response.arrayBuffer();
  return instanceId(response.headers.get('holdfast-prediction-id') ?? '', 0);
}

async function label(prediction: string): Promise<void> {
  const items = [{ prediction_id: prediction, label: 'red' }];
  const response = await post('feedback', 'local-feedback', { items });
  expect(response.status, await response.text()).toBe(202);
}

/** Whatever was gathered so far, merged or not. */
async function allEvents(): Promise<Event[]> {
  const { store } = edge.local;
  await collectInbox(store, MODEL, new Date());
  return readEvents(store, MODEL);
}

async function isInBucket(id: string): Promise<boolean> {
  const { store } = edge.local;
  for (const key of await store.list(keys.inboxPrefix(MODEL))) {
    const object = await store.get(key);
    if (object !== null && new TextDecoder().decode(object.bytes).includes(id)) return true;
  }
  return (await readEvents(store, MODEL)).some((event) => event.id === id);
}

test('a prediction that is in the bucket outlives its isolate, and a label finds it', async () => {
  const id = await predict();
  // Nothing but the prediction itself makes it be written.
  while (!(await isInBucket(id)));
  await crash();
  await label(id);
  const events = await allEvents();
  expect(events.some((event) => event.kind === 'prediction' && event.id === id)).toBe(true);
  expect(events.some((event) => event.kind === 'label' && event.prediction === id)).toBe(true);
});

test('a label for a prediction that a crash may have taken is taken on, and is durable', async () => {
  const id = await predict();
  await crash();
  await label(id);
  await crash();
  expect((await allEvents()).some((event) => event.kind === 'label' && event.prediction === id)).toBe(true);
});
