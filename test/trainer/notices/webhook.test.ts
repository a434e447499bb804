import { createHmac } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keys } from '../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { keepNotice, listNotices, type Notice } from '../../../shared/registry/notices.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { deliverNotices } from '../../../trainer/notices/deliver.ts';
import { isPrivateHost, parseWebhook, type Send, type Webhook } from '../../../trainer/notices/webhook.ts';

const NOW = new Date('2026-11-24T03:05:00.000Z');
const KEY = Uint8Array.from({ length: 32 }, (_, i) => i);
const SECRET = `whsec_${Buffer.from(KEY).toString('base64')}`;

const NOTICE: Notice = {
  format: 'holdfast-notice/1',
  id: 'mnist-run-failed-20261124T030000-cron',
  model: 'mnist',
  kind: 'run-failed',
  at: '2026-11-24T03:00:00.000Z',
  text: 'mnist: run 20261124T030000-cron failed: no base',
  version: null,
  run: '20261124T030000-cron',
};

function webhook(shape: 'holdfast' | 'slack' = 'holdfast'): Webhook {
  const parsed = parseWebhook('https://hooks.example.com/x', SECRET, shape);
  if (!parsed.ok || parsed.value === null) throw new Error('expected a webhook');
  return parsed.value;
}

describe('the variables', () => {
  test.each([
    ['http://hooks.example.com/', 'expected an https URL'],
    ['hooks', 'expected an https URL'],
    ['https://u:p@hooks.example.com/', 'expected no user'],
    ['https://127.0.0.1/', 'expected a public host, got 127.0.0.1'],
    ['https://2130706433/', 'expected a public host, got 127.0.0.1'],
    ['https://0x7f.1/', 'expected a public host, got 127.0.0.1'],
    ['https://10.1.2.3/', 'expected a public host'],
    ['https://172.31.0.1/', 'expected a public host'],
    ['https://192.168.1.1/', 'expected a public host'],
    ['https://169.254.169.254/latest/meta-data', 'expected a public host'],
    ['https://100.64.0.1/', 'expected a public host'],
    ['https://[::1]/', 'expected a public host'],
    ['https://[::ffff:10.0.0.1]/', 'expected a public host'],
    ['https://localhost./', 'expected a public host'],
    ['https://metadata.google.internal/', 'expected a public host'],
    ['https://printer/', 'expected a public host'],
  ])('refuse %s', (url, problem) => {
    expect(parseWebhook(url, SECRET, 'holdfast')).toMatchObject({
      ok: false,
      error: expect.stringContaining(problem),
    });
  });

  test('name what else is wrong, and never the secret', () => {
    const bad = parseWebhook('https://hooks.example.com', 'hunter2', 'holdfast');
    expect(bad).toEqual({
      ok: false,
      error: 'HOLDFAST_WEBHOOK_SECRET: expected whsec_ and 24 to 64 bytes in base64',
    });
    expect(parseWebhook('https://hooks.example.com', SECRET, 'teams')).toMatchObject({ ok: false });
    expect(parseWebhook('', '', 'holdfast')).toEqual({ ok: true, value: null });
  });

  test('take any public address, and none of a private range', () => {
    const byte = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(byte, byte, (b, c) => {
        expect(isPrivateHost(`10.${b}.${c}.1`)).toBe(true);
        expect(isPrivateHost(`127.${b}.${c}.1`)).toBe(true);
        expect(isPrivateHost(`172.${16 + (b % 16)}.${c}.1`)).toBe(true);
        expect(isPrivateHost(`8.${b}.${c}.1`)).toBe(false);
      }),
    );
  });
});

describe('delivery', () => {
  let store: ObjectStore;
  let server: Server;
  let answer: RequestListener;
  const seen: { headers: Record<string, unknown>; body: string }[] = [];
  /** The webhook's name leads to a server here. */
  const send: Send = (url, init) =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${url.pathname}`, init);
  const logged: object[] = [];
  const deliver = (now = NOW, hook: Webhook | null = webhook()): Promise<void> =>
    deliverNotices({ store, webhook: hook, now, send, log: (facts) => logged.push(facts) });
  const later = (minutes: number): Date => new Date(NOW.getTime() + minutes * 60_000);
  const waiting = (): Promise<string[]> => store.list(keys.outboxPrefix);

  beforeEach(async () => {
    store = createMemoryStore();
    seen.length = 0;
    logged.length = 0;
    answer = (_request, response) => response.writeHead(204).end();
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        seen.push({ headers: request.headers, body });
        answer(request, response);
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    await keepNotice(store, NOTICE);
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });

  test('sends a notice once, signed over its id, its time and its body', async () => {
    await deliver();
    await deliver();
    expect(seen).toHaveLength(1);
    const [{ headers, body } = { headers: {}, body: '' }] = seen;
    expect(JSON.parse(body)).toEqual(NOTICE);
    const timestamp = String(NOW.getTime() / 1_000);
    expect(headers).toMatchObject({ 'webhook-id': NOTICE.id, 'webhook-timestamp': timestamp });
    const signature = createHmac('sha256', KEY).update(`${NOTICE.id}.${timestamp}.${body}`).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${signature}`);
    expect(await listNotices(store, 'mnist')).toEqual([NOTICE]);
  });

  test('the same cause again is no new notice, also after it was sent', async () => {
    expect(await keepNotice(store, NOTICE)).toBe(false);
    await deliver();
    expect(await keepNotice(store, NOTICE)).toBe(false);
    await deliver();
    expect(seen).toHaveLength(1);
  });

  test("in Slack's shape it is the sentence", async () => {
    await deliver(NOW, webhook('slack'));
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ text: NOTICE.text });
  });

  test('a 500 is tried again under the same id after a minute, two, four, and then arrives', async () => {
    answer = (_request, response) => response.writeHead(500).end();
    await deliver();
    await deliver(later(0.5));
    expect(seen).toHaveLength(1);
    await deliver(later(1));
    await deliver(later(2));
    expect(seen).toHaveLength(2);
    answer = (_request, response) => response.writeHead(200).end('ok');
    await deliver(later(3));
    expect(seen.map(({ headers }) => headers['webhook-id'])).toEqual([NOTICE.id, NOTICE.id, NOTICE.id]);
    expect(await waiting()).toEqual([]);
    expect(logged).toMatchObject([{ problem: 'it answered 500', attempts: 1 }, { attempts: 2 }]);
  });

  test('a redirect is not followed', async () => {
    answer = (_request, response) => response.writeHead(302, { Location: '/elsewhere' }).end();
    await deliver();
    expect(seen).toHaveLength(1);
    expect(logged).toMatchObject([{ problem: 'it redirects, which is not followed' }]);
    expect(await waiting()).toHaveLength(1);
  });

  test('one that hangs, or can not be reached, keeps the notice and no other from being sent', async () => {
    await keepNotice(store, { ...NOTICE, id: 'mnist-other' });
    const hanging: Send = () => Promise.reject(new DOMException('late', 'TimeoutError'));
    await deliverNotices({
      store,
      webhook: webhook(),
      now: NOW,
      send: hanging,
      log: (facts) => logged.push(facts),
    });
    expect(logged).toMatchObject([
      { problem: 'no answer within 10 s' },
      { problem: 'no answer within 10 s' },
    ]);
    await deliver(later(1));
    expect(seen).toHaveLength(2);
  });

  test('gives up after two dozen tries; the notice stays where people list it', async () => {
    answer = (_request, response) => response.writeHead(503).end();
    for (let n = 0; n < 40; n++) await deliver(later(n * 121));
    expect(seen).toHaveLength(24);
    expect(await waiting()).toEqual([]);
    expect(await listNotices(store, 'mnist')).toHaveLength(1);
  });

  test('nobody who wants to be told: nothing is sent, and nothing piles up', async () => {
    await deliver(NOW, null);
    expect(seen).toEqual([]);
    expect(await waiting()).toEqual([]);
  });

  test('what is no notice in the outbox is left behind with a line', async () => {
    await store.put(keys.outbox('mnist', 'broken'), new TextEncoder().encode('{'));
    await deliver();
    expect(seen).toHaveLength(1);
    expect(logged).toMatchObject([{ event: 'notice unreadable' }]);
    expect(await waiting()).toEqual([]);
  });
});
