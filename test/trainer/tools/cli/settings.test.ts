import { describe, expect, it } from 'vitest';
import { resolveSettings } from '../../../../trainer/tools/cli/settings.ts';

const LOCAL_KEYS = { accessKeyId: 'local', secretAccessKey: 'local-secret' };
const S3 = 'http://127.0.0.1:8787/cdn-cgi/local/r2/s3';

describe('resolveSettings', () => {
  it('finds a local npm start by itself, with its known keys', () => {
    expect(resolveSettings({}, {})).toEqual({
      ok: true,
      value: {
        http: { url: 'http://127.0.0.1:8787', key: 'local-operate' },
        store: { bucket: 'holdfast', endpoint: S3, credentials: LOCAL_KEYS },
      },
    });
  });

  it('knows no bucket and no key of a deployment elsewhere', () => {
    expect(resolveSettings({ url: 'https://models.example.com/' }, {})).toEqual({
      ok: true,
      value: { http: { url: 'https://models.example.com', key: null }, store: null },
    });
  });

  it.each(['http://127.evil.example', 'http://localhost.evil.example', 'http://[::2]'])(
    'never offers the local keys to %s',
    (url) => {
      expect(resolveSettings({ url }, {})).toMatchObject({ value: { http: { key: null }, store: null } });
    },
  );

  it('leaves keys, session and profile to the SDK for a named store, and knows those of the local endpoint', () => {
    const env = {
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
      AWS_SESSION_TOKEN: 'c',
      AWS_REGION: 'eu-west-1',
    };
    expect(resolveSettings({ store: 's3://models/team' }, env)).toEqual({
      ok: true,
      value: { http: null, store: { bucket: 'models', prefix: 'team', region: 'eu-west-1' } },
    });
    const local = resolveSettings({ store: 's3://holdfast', endpoint: S3 }, {});
    expect(local).toMatchObject({ value: { http: null, store: { credentials: LOCAL_KEYS } } });
    const named = resolveSettings({ store: 's3://holdfast', endpoint: S3 }, env);
    expect(named.ok && named.value.store?.credentials).toBeUndefined();
  });

  it('finds region, endpoint and switches where the AWS CLI does', () => {
    const env = {
      HOLDFAST_STORE: 's3://models',
      AWS_DEFAULT_REGION: 'eu-north-1',
      AWS_ENDPOINT_URL_S3: 'https://s3.example',
      AWS_REQUEST_CHECKSUM_CALCULATION: 'WHEN_SUPPORTED',
      HOLDFAST_S3_ADDRESSING: 'virtual',
    };
    expect(resolveSettings({}, env)).toMatchObject({
      value: {
        store: {
          region: 'eu-north-1',
          endpoint: 'https://s3.example',
          checksums: 'when-supported',
          addressing: 'virtual',
        },
      },
    });
    expect(resolveSettings({ checksums: 'when-required', addressing: 'path' }, env)).toMatchObject({
      value: { store: { checksums: 'when-required', addressing: 'path' } },
    });
  });

  it('speaks to the npm start whose port is known', () => {
    expect(resolveSettings({}, {}, 'http://127.0.0.1:8899')).toMatchObject({
      value: {
        http: { url: 'http://127.0.0.1:8899' },
        store: { endpoint: 'http://127.0.0.1:8899/cdn-cgi/local/r2/s3' },
      },
    });
  });

  it('lets an option win over the environment, and a URL over HOLDFAST_STORE', () => {
    const env = { HOLDFAST_STORE: 's3://models', HOLDFAST_URL: 'https://a.example', HOLDFAST_KEY: 'k' };
    expect(resolveSettings({}, env)).toMatchObject({
      value: { http: { url: 'https://a.example', key: 'k' } },
    });
    expect(resolveSettings({ store: 's3://other' }, env)).toMatchObject({
      value: { http: null, store: { bucket: 'other' } },
    });
    expect(resolveSettings({}, { HOLDFAST_STORE: 's3://models' })).toMatchObject({ value: { http: null } });
  });

  it.each([
    [{ store: 's3://a-bucket', url: 'http://localhost' }, /--store or --url, got both/],
    [{ url: 'localhost:8787' }, /expected a URL like/],
    [{ store: 'bucket' }, /expected a store like s3:\/\/bucket/],
    [{ store: 's3://a-bucket', endpoint: 'nonsense' }, /expected an endpoint like/],
    [
      { store: 's3://a-bucket', endpoint: 'https://1234.r2.cloudflarestorage.com/a-bucket' },
      /ends in a bucket \(a-bucket\).*--endpoint https:\/\/1234\.r2\.cloudflarestorage\.com$/,
    ],
    [
      { store: 's3://a-bucket', endpoint: 'https://1234.r2.cloudflarestorage.com/other/' },
      /ends in a bucket \(other\)/,
    ],
    [
      { store: 's3://a-bucket', endpoint: 'https://minio.example/s3/a-bucket' },
      /--endpoint https:\/\/minio\.example\/s3$/,
    ],
    [
      { store: 's3://a-bucket', endpoint: 'https://a-bucket.s3.example' },
      /begins with the bucket.*--endpoint https:\/\/s3\.example --addressing virtual/,
    ],
  ])('refuses %o', (options, message) => {
    expect(resolveSettings(options, {})).toEqual({ ok: false, error: expect.stringMatching(message) });
  });
});
