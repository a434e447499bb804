import { createServer } from 'node:http';
import { createServer as createTcp, connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { proxyOf } from '../../../trainer/node/proxy.ts';
import { createS3Store } from '../../../trainer/node/s3-store.ts';

describe('proxyOf', () => {
  it.each([
    [{}, null],
    [{ HTTPS_PROXY: '' }, null],
    [{ HTTPS_PROXY: 'http://p:3128' }, { HTTPS_PROXY: 'http://p:3128', NO_PROXY: 'localhost,127.0.0.1,::1' }],
    [
      { http_proxy: 'http://low', HTTP_PROXY: 'http://high', NO_PROXY: 'a.example, localhost' },
      { HTTP_PROXY: 'http://low', NO_PROXY: 'a.example,localhost,127.0.0.1,::1' },
    ],
    [
      { ALL_PROXY: 'http://p' },
      { HTTP_PROXY: 'http://p', HTTPS_PROXY: 'http://p', NO_PROXY: 'localhost,127.0.0.1,::1' },
    ],
  ])('of %o', (env, expected) => {
    expect(proxyOf(env)).toEqual(expected);
  });
});

describe('the S3 store', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('goes through the proxy, and not for this machine', async () => {
    const server = createServer((_, response) => response.writeHead(200, { ETag: '"e"' }).end('stored'));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port: served } = server.address() as AddressInfo;
    const asked: string[] = [];
    // Whatever is asked for, by CONNECT or by a whole URL, is that server.
    const proxy = createTcp((socket) => {
      socket.once('data', (data) => {
        const head = data.toString('latin1');
        asked.push(head.split('\r\n')[0] ?? '');
        const through = connect(served, '127.0.0.1');
        if (head.startsWith('CONNECT')) socket.write('HTTP/1.1 200 OK\r\n\r\n');
        else through.write(data);
        socket.pipe(through).pipe(socket);
      });
      socket.on('error', () => undefined);
    });
    await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    const read = async (endpoint: string) =>
      new TextDecoder().decode(
        (await createS3Store({ bucket: 'any', endpoint, credentials }).get('k'))?.bytes,
      );
    expect(await read('http://store.example')).toBe('stored');
    expect(asked).toEqual([expect.stringContaining('store.example')]);
    expect(await read(`http://127.0.0.1:${served}`)).toBe('stored');
    expect(asked).toHaveLength(1);
    server.closeAllConnections();
    server.close();
    proxy.close();
  });
});
