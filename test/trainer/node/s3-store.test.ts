import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { createS3Store } from '../../../trainer/node/s3-store.ts';
import { parseStoreUrl } from '../../../trainer/node/store-url.ts';
import { describeStoreContract } from '../../shared/registry/store/store-contract.ts';
import { LOCAL_KEYS, type LocalS3, startLocalS3 } from './local-s3.ts';

let local: LocalS3;
beforeAll(async () => {
  local = await startLocalS3();
});
afterAll(() => local.close());

const openLocal = (bucket = 'holdfast', credentials = LOCAL_KEYS): ObjectStore =>
  createS3Store({ bucket, endpoint: local.endpoint, credentials });

describeStoreContract('the S3 store on the local endpoint', async () => openLocal());

const { HOLDFAST_S3_ENDPOINT: endpoint, HOLDFAST_S3_BUCKET: bucket } = process.env;
describe.skipIf(endpoint === undefined || bucket === undefined)(
  'with HOLDFAST_S3_ENDPOINT and HOLDFAST_S3_BUCKET set',
  () => {
    const prefix = `contract/${Date.now()}`;
    describeStoreContract(`the S3 store at ${endpoint}`, async () =>
      createS3Store({ bucket: bucket ?? '', prefix, endpoint: endpoint ?? '', region: 'us-east-1' }),
    );
  },
);

describe('createS3Store', () => {
  it('keeps everything below its prefix', async () => {
    const scoped = createS3Store({
      bucket: 'holdfast',
      prefix: 'team/a',
      endpoint: local.endpoint,
      credentials: LOCAL_KEYS,
    });
    await scoped.put('scoped/x/y', new Uint8Array([1]));
    expect(await scoped.list('scoped/')).toEqual(['scoped/x/y']);
    expect(await scoped.folders('scoped/')).toEqual(['x']);
    expect(await openLocal().list('team/a/')).toEqual(['team/a/scoped/x/y']);
  });

  it('says what to do when the keys are wrong', async () => {
    const store = openLocal('holdfast', { accessKeyId: 'local', secretAccessKey: 'wrong' } as never);
    await expect(store.get('x')).rejects.toThrow(/refused the access key "local" .*AWS_SECRET_ACCESS_KEY/);
    await expect(store.put('x', new Uint8Array(), { absent: true })).rejects.toThrow(
      /refused the access key/,
    );
  });

  it('says which bucket is missing', async () => {
    await expect(openLocal('nowhere').get('x')).rejects.toThrow('there is no bucket "nowhere" at http://127');
    await expect(openLocal('nowhere').list('')).rejects.toThrow('there is no bucket "nowhere"');
  });

  it('asks whether npm start runs when nothing answers on loopback', async () => {
    const store = createS3Store({
      bucket: 'holdfast',
      endpoint: 'http://127.0.0.1:9',
      credentials: LOCAL_KEYS,
    });
    await expect(store.get('x')).rejects.toThrow('does not answer (ECONNREFUSED): is npm start running?');
  });
});

/**
 * A server that stores one object and obeys conditions, but loses the answer to its first put; `strict` compares
 * If-Match without taking off quotes, as Ceph does.
 */
async function startFlaky(options: {
  loseFirstAnswer?: boolean;
  interloper?: boolean;
  strict?: boolean;
  /** conditional puts that are put off, although nobody else writes */
  conflicts?: number;
}) {
  let stored: { etag: string; writer: string } | null = null;
  let puts = 0;
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const headers =
      stored === null ? {} : { ETag: `"${stored.etag}"`, 'x-amz-meta-holdfast-writer': stored.writer };
    if (request.method === 'HEAD') {
      response.writeHead(stored === null ? 404 : 200, headers).end();
      return;
    }
    puts += 1;
    if (puts <= (options.conflicts ?? 0)) {
      response.writeHead(409).end('<Error><Code>ConditionalRequestConflict</Code></Error>');
      return;
    }
    const match = request.headers['if-match'];
    const wanted = options.strict === true ? match : match?.replaceAll('"', '');
    const holds = match === undefined ? stored === null : wanted === stored?.etag;
    if (holds) stored = { etag: `e${puts}`, writer: String(request.headers['x-amz-meta-holdfast-writer']) };
    if (options.loseFirstAnswer === true && puts === 1) {
      if (options.interloper === true) stored = { etag: 'theirs', writer: 'somebody else' };
      request.socket.destroy();
    } else if (holds) response.writeHead(200, { ETag: `"${stored?.etag ?? ''}"` }).end();
    else if (match !== undefined && stored === null) {
      response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>');
    } else response.writeHead(412).end('<Error><Code>PreconditionFailed</Code></Error>');
  };
  const server = createServer((request, response) => {
    request.resume().on('end', () => answer(request, response));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const store = createS3Store({
    bucket: 'any',
    endpoint: `http://127.0.0.1:${port}`,
    credentials: LOCAL_KEYS,
  });
  return { store, puts: () => puts, close: () => server.close() };
}

describe('a conditional put', () => {
  it('that was stored before its answer got lost is not reported as lost, and not sent again', async () => {
    const flaky = await startFlaky({ loseFirstAnswer: true });
    expect(await flaky.store.put('k', new Uint8Array([1]), { absent: true })).toEqual({ etag: 'e1' });
    expect(flaky.puts()).toBe(1);
    flaky.close();
  });

  it('that somebody else replaced while its answer got lost is reported as lost', async () => {
    const flaky = await startFlaky({ loseFirstAnswer: true, interloper: true });
    expect(await flaky.store.put('k', new Uint8Array([1]), { absent: true })).toBeNull();
    flaky.close();
  });

  it('that meets another write (409) is tried again: nobody has won yet', async () => {
    const busy = await startFlaky({ conflicts: 3 });
    expect(await busy.store.put('k', new Uint8Array([1]), { absent: true })).toEqual({ etag: 'e4' });
    busy.close();
    const stuck = await startFlaky({ conflicts: Infinity });
    const put = stuck.store.put('k', new Uint8Array([1]), { absent: true });
    await expect(put).rejects.toThrow(/\(ConditionalRequestConflict/);
    stuck.close();
  });

  it('over an object that is gone (404) is lost, and one into a bucket that is gone says so', async () => {
    const empty = await startFlaky({});
    expect(await empty.store.put('k', new Uint8Array([1]), { etag: 'e9' })).toBeNull();
    empty.close();
    await expect(openLocal('nowhere').put('k', new Uint8Array([1]), { etag: 'e9' })).rejects.toThrow(
      'there is no bucket "nowhere"',
    );
  });

  it('succeeds on a server that wants If-Match without quotes, and still loses a race there', async () => {
    const strict = await startFlaky({ strict: true });
    const first = await strict.store.put('k', new Uint8Array([1]), { absent: true });
    expect(await strict.store.put('k', new Uint8Array([2]), { etag: first?.etag ?? '' })).not.toBeNull();
    expect(await strict.store.put('k', new Uint8Array([3]), { etag: first?.etag ?? '' })).toBeNull();
    strict.close();
  });
});

describe('parseStoreUrl', () => {
  it('reads a bucket and a prefix', () => {
    expect(parseStoreUrl('s3://models')).toEqual({ ok: true, value: { bucket: 'models', prefix: '' } });
    expect(parseStoreUrl('s3://models/a/b/')).toEqual({
      ok: true,
      value: { bucket: 'models', prefix: 'a/b' },
    });
  });

  it('refuses anything else', () => {
    expect(parseStoreUrl('models')).toMatchObject({ error: expect.stringContaining('s3://bucket') });
    expect(parseStoreUrl('s3://No_Bucket')).toMatchObject({
      error: expect.stringContaining('no bucket name'),
    });
  });
});
