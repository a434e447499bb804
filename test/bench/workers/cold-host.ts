/**
 * Makes an empty isolate of the bundle that it is given, in the process that runs already, and times its first answer:
 * from the source text on, without the start of a process.
 */
import type { WorkerLoader } from '@cloudflare/workers-types';

/** As in wrangler.toml. */
const COMPATIBILITY_DATE = '2026-10-01';

interface Env {
  readonly LOADER: WorkerLoader;
}

export interface FirstAnswer {
  readonly ms: number;
  readonly status: number;
  readonly bytes: number;
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const form = await request.formData();
    const code = await readCode(form);
    const body = await new Response(form.get('body') as File).arrayBuffer();
    const headers = { 'content-type': form.get('content-type') as string };

    const start = performance.now();
    const isolate = env.LOADER.get('cold', () => Promise.resolve(code));
    const answer = await isolate.getEntrypoint().fetch('http://cold/', { method: 'POST', headers, body });
    const bytes = (await answer.arrayBuffer()).byteLength;
    const ms = performance.now() - start;

    return Response.json({ ms, status: answer.status, bytes } satisfies FirstAnswer);
  },
};

export async function readCode(form: FormData) {
  const modules: Record<string, string | { wasm: ArrayBuffer }> = {};
  for (const file of form.getAll('wasm') as File[]) modules[file.name] = { wasm: await file.arrayBuffer() };
  const entry = form.get('entry') as File;
  modules[entry.name] = await entry.text();
  return {
    compatibilityDate: COMPATIBILITY_DATE,
    compatibilityFlags: ['no_nodejs_compat_v2'],
    mainModule: entry.name,
    modules,
  };
}
