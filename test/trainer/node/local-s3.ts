/**
 * An S3 server for tests: Miniflare's endpoint over a bucket that lives as long as the test.
 */
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';

export const LOCAL_KEYS = { accessKeyId: 'local', secretAccessKey: 'local-secret' } as const;

export interface LocalS3 {
  /** Where the Worker answers; the S3 endpoint is below it, as under `npm start`. */
  readonly url: string;
  readonly endpoint: string;
  close(): Promise<void>;
}

export async function startLocalS3(): Promise<LocalS3> {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: '127.0.0.1',
      port: 0,
      cf: false,
      modules: true,
      script: 'export default { fetch() { return new Response("not here", { status: 404 }) } }',
      compatibilityDate: '2026-10-01',
      r2Buckets: { BUCKET: { id: 'holdfast', s3Credentials: LOCAL_KEYS } },
    }),
  );
  const url = (await miniflare.ready).origin;
  return { url, endpoint: `${url}/cdn-cgi/local/r2/s3`, close: () => miniflare.dispose() };
}
