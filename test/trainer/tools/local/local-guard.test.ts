/**
 * The guard, on the real local process: what a page, another user's program and our own tools get under /cdn-cgi/.
 */
import http from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keys } from '../../../../shared/registry/store/keys.ts';
import { type Local, startLocal } from '../../../../trainer/tools/local/local.ts';
import { refuseLocal } from '../../../../trainer/tools/local/local-guard.ts';
import { useTempFolder } from '../../../support/temp-folder.ts';

const SCHEDULED = '/cdn-cgi/local/scheduled?cron=0+3+*+*+*';
const PUBLIC = `/cdn-cgi/local/r2/public/holdfast/${keys.spec('m')}`;
const KEY = { authorization: 'Bearer local-operate' };

const folder = useTempFolder();
let local: Local;
beforeAll(async () => {
  const started = await startLocal({ port: 0, state: join(folder.path, 'state'), onLog: () => {} });
  if (!started.ok) throw new Error(started.error.detail);
  local = started.value;
  await local.store.put(keys.spec('m'), new TextEncoder().encode('{"salt": "secret"}'));
});
afterAll(() => local.dispose());

/** With any headers, as no fetch would send them. */
async function get(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: string }> {
  const { port } = new URL(local.url);
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, path, headers }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    request.on('error', reject);
  });
}

describe('the local process', () => {
  const trainer = (more: Record<string, string> = {}) => ({
    host: `trainer.localhost:${new URL(local.url).port}`,
    ...more,
  });

  test.each(['cross-site', 'same-site', 'none', 'same-origin'])(
    'starts no run for a browser (%s)',
    async (site) => {
      expect((await get(SCHEDULED, trainer({ 'sec-fetch-site': site, ...KEY }))).status).toBe(403);
    },
  );

  test.each(['https://evil.example', 'null', 'http://localhost:3000'])(
    'nor for a page of %s',
    async (origin) => {
      expect((await get(SCHEDULED, trainer({ origin, ...KEY }))).status).toBe(403);
      expect((await get(PUBLIC, { origin })).status).toBe(403);
    },
  );

  test('nor under another name, which a page may give this machine', async () => {
    expect((await get(SCHEDULED, { host: 'evil.example', ...KEY })).status).toBe(403);
  });

  test('nor without the key', async () => {
    expect((await get(SCHEDULED, trainer())).status).toBe(401);
    expect((await get(SCHEDULED, trainer({ authorization: 'Bearer local-predict' }))).status).toBe(401);
    expect((await get('/cdn-cgi/handler/scheduled', trainer())).status).toBe(401);
  });

  test('starts them for its own operators', async () => {
    expect((await get(SCHEDULED, trainer(KEY))).status).toBe(200);
    await local.runCron();
  });

  test('does not hand out the bucket without its keys, however the path is written', async () => {
    const url = `${local.url}${PUBLIC}`;
    for (const answer of [
      await get(PUBLIC),
      await get(PUBLIC, KEY),
      await get(PUBLIC.replace('/cdn-cgi', '//cdn-cgi')),
      await get(PUBLIC.replace('public', 'publi%63')),
      await get('/', { 'mf-original-url': url }),
      await get('/healthz', { 'mf-original-url': url.replace('/local/', '/x/../local/') }),
      await get(PUBLIC.replace('public', 's3').replace('/holdfast', '/holdfast')),
    ]) {
      expect(answer.body).not.toContain('secret');
      expect(answer.status).toBeGreaterThanOrEqual(400);
    }
    expect(await local.store.get(keys.spec('m'))).not.toBeNull();
  });
});

test('the guard leaves what is not of the runtime itself alone', () => {
  for (const path of ['/v1/models/m:predict', '/healthz', '/cdn-cgix/', '/api/models']) {
    const headers = { Origin: 'https://app.example', 'Sec-Fetch-Site': 'cross-site' };
    expect(refuseLocal(new Request(`http://127.0.0.1:8787${path}`, { headers }))).toBeNull();
  }
});
