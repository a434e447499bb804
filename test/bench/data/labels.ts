/**
 * Labels that the edge accepts a second, one a request, beside a bare Hono handler that puts one object. Each side runs in
 * a workerd process of its own, over the local bucket.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { keys } from '../../../shared/registry/store/keys.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { createMlp } from '../models.ts';
import { bundleEdge, bundleWorker, withScratch, withWorker } from '../runtime.ts';
import { applyLoad, type Exchange } from '../serving/load-client.ts';
import { createInstance, serveModel } from '../serving/served-model.ts';
import { type Row, summarise } from '../summarise.ts';

const INPUTS = 64;
const KEY = { authorization: 'Bearer local-feedback', 'content-type': 'application/json' };
const CONNECTIONS = [1, 16];
const ROUNDS = 4;
const LOAD = { leadInMs: 500, durationMs: 2_000, status: 202 };
const QUICK = { leadInMs: 100, durationMs: 300, status: 202 };
/** Of the bare handler's. */
const TARGET = { atLeast: 0.8 };

export function benchLabels(quick: boolean): Promise<Row[]> {
  return withScratch(async (scratch) => {
    const edge = await bundleEdge(scratch);
    const bare = await bundleWorker('bare-put', scratch);
    const model = await createMlp();
    const { name, labels } = model.spec as typeof model.spec & { readonly labels: readonly string[] };
    const body = JSON.stringify({ items: [{ instance: createInstance(INPUTS), label: labels[0] }] });
    const extra = { bindings: { HOLDFAST_LOCAL_KEYS: 'on' }, serviceBindings: {} };
    return withWorker(edge, extra, async (miniflare, url) => {
      const store = await serveModel(miniflare, model);
      return withWorker(bare, { r2Buckets: ['BUCKET'] }, async (_, bareUrl) => {
        const path = `/v1/models/${name}:feedback`;
        const [ours, theirs] = [url, bareUrl].map((base): Exchange => ({
          url: new URL(path, base),
          headers: KEY,
          body,
        }));
        if (ours === undefined || theirs === undefined) throw new Error('expected two sides');
        await checkAccepted(ours);
        await checkAccepted(theirs);
        return measure(ours, theirs, () => waitUntilMerged(store, name), quick);
      });
    });
  });
}

async function checkAccepted({ url, headers, body }: Exchange): Promise<void> {
  const sent = typeof body === 'string' ? body : new Uint8Array(body);
  const answer = await fetch(url, { method: 'POST', headers, body: sent });
  if (answer.status !== 202) throw new Error(`${url.href} answered ${answer.status}: ${await answer.text()}`);
}

async function measure(
  ours: Exchange,
  theirs: Exchange,
  settle: () => Promise<void>,
  quick: boolean,
): Promise<Row[]> {
  const load = quick ? QUICK : LOAD;
  const found = CONNECTIONS.map(() => ({ ours: [] as number[], theirs: [] as number[] }));
  for (let round = 1; round <= (quick ? 1 : ROUNDS); round++) {
    process.stderr.write(`labels, round ${round}\n`);
    for (const [i, connections] of CONNECTIONS.entries())
      found[i]?.ours.push((await applyLoad(ours, { connections, ...load })).requestsPerSecond);
    // Both processes share the machine: what is still merged would slow down the other one's round.
    await settle();
    for (const [i, connections] of CONNECTIONS.entries())
      found[i]?.theirs.push((await applyLoad(theirs, { connections, ...load })).requestsPerSecond);
  }
  return CONNECTIONS.map((connections, i) =>
    summarise({
      case: `labels accepted, ${connections} connection${connections === 1 ? '' : 's'}`,
      unit: '1/s',
      ours: found[i]?.ours ?? [],
      peer: 'bare Hono handler, one put',
      theirs: found[i]?.theirs ?? [],
      target: TARGET,
    }),
  );
}

const MERGED_WITHIN_MS = 120_000;

async function waitUntilMerged(store: ObjectStore, model: string): Promise<void> {
  const deadline = Date.now() + MERGED_WITHIN_MS;
  while (Date.now() < deadline) {
    await sleep(500);
    if ((await store.list(keys.inboxPrefix(model))).length === 0) return;
  }
  throw new Error(`the edge did not merge its labels within ${MERGED_WITHIN_MS} ms`);
}
