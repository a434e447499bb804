/**
 * As cold-host.ts, for the whole edge Worker: the isolate that it makes reads a bucket, by way of an entrypoint of this
 * Worker, because a loaded one may have no bucket of its own.
 */
import type { R2Bucket, Service, WorkerLoader } from '@cloudflare/workers-types';
import { WorkerEntrypoint } from 'cloudflare:workers';
import { type FirstAnswer, readCode } from './cold-host.ts';

interface Env {
  readonly LOADER: WorkerLoader;
  readonly BUCKET: R2Bucket;
  /** This Worker's own entrypoint `Storage`. */
  readonly STORAGE: Service;
}

/** What a prediction asks of the bucket and, for its log, of the queue. */
export class Storage extends WorkerEntrypoint<Env> {
  async get(key: string) {
    const object = await this.env.BUCKET.get(key);
    return object === null ? null : { etag: object.etag, arrayBuffer: () => object.arrayBuffer() };
  }
  put(): { etag: string } {
    return { etag: '' };
  }
  send(): void {}
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const form = await request.formData();
    const code = await readCode(form);
    const body = form.get('body') as string;
    const url = form.get('url') as string;
    const headers = { authorization: form.get('authorization') as string, 'cf-connecting-ip': '127.0.0.1' };

    const start = performance.now();
    const isolate = env.LOADER.get('cold', () =>
      Promise.resolve({
        ...code,
        env: { BUCKET: env.STORAGE, EVENTS: env.STORAGE, HOLDFAST_LOCAL_KEYS: 'on' },
      }),
    );
    const answer = await isolate.getEntrypoint().fetch(url, { method: 'POST', headers, body });
    const bytes = (await answer.arrayBuffer()).byteLength;
    const ms = performance.now() - start;

    return Response.json({ ms, status: answer.status, bytes } satisfies FirstAnswer);
  },
};
