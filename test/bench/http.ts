/**
 * Case 2: what the edge Worker serves over HTTP, beside a Hono handler that parses the same body and answers a constant
 * of the same size. Each runs in a workerd process of its own, on loopback.
 */
import type { R2Bucket } from '@cloudflare/workers-types';
import type { Miniflare } from 'miniflare';
import { setTimeout as sleep } from 'node:timers/promises';
import { createModel } from '../../shared/model/load-spec.ts';
import { keys } from '../../shared/registry/keys.ts';
import { promote } from '../../shared/registry/promotion.ts';
import { createR2Store } from '../../shared/registry/r2-store.ts';
import type { ObjectStore } from '../../shared/registry/store.ts';
import { publishVersion } from '../../shared/registry/versions.ts';
import { randomNumbers, unwrap } from '../shared/model/support.ts';
import type { BenchModel } from './bench-model.ts';
import type { Findings, Progress } from './findings.ts';
import { applyLoad, type Exchange, type Load } from './load-client.ts';
import { createMlp } from './models.ts';
import { bundleEdge, bundleWorker, withWorker } from './runtime.ts';
import { percentile, type Row, summarise } from './summarise.ts';

const PEER = 'bare Hono handler';
const CONNECTIONS = [1, 16];
const QUICK = { rounds: 3, roundMs: 700 };
/** A round outlasts the queue's batch timeout: the edge merges what it logged while it serves. */
const FULL = { rounds: 7, roundMs: 5_000 };
const TARGET = { atLeast: 0.6 };

type Effort = typeof FULL;

/** The two servers; `settle` waits until the first has finished what it left for later. */
interface Pair {
  readonly edge: Exchange;
  readonly bare: Exchange;
  readonly settle: () => Promise<void>;
}

export async function benchHttp(scratch: string, quick: boolean, progress: Progress): Promise<Findings> {
  const effort = quick ? QUICK : FULL;
  const edge = await bundleEdge(scratch);
  const bare = await bundleWorker('bare', scratch);
  const model = await createMlp();
  // No trainer: a prediction never calls it.
  const extra = { bindings: { HOLDFAST_LOCAL_KEYS: 'on' }, serviceBindings: {} };
  const rows = await withWorker(edge, extra, async (miniflare, url) => {
    const store = await openStore(miniflare);
    await publish(store, model);
    const exchange = createExchange(url, model);
    const answer = await askOnce(exchange);
    return withWorker(bare, { bindings: { ANSWER: answer } }, (_, bareUrl) =>
      measureAll(
        {
          edge: exchange,
          bare: { ...exchange, url: new URL(exchange.url.pathname, bareUrl) },
          settle: () => waitUntilMerged(store, model.spec.name),
        },
        effort,
        progress,
      ),
    );
  });
  return { rows, skipped: [] };
}

async function openStore(miniflare: Miniflare): Promise<ObjectStore> {
  return createR2Store((await miniflare.getR2Bucket('BUCKET')) as unknown as R2Bucket);
}

async function publish(store: ObjectStore, { spec, manifest, files }: BenchModel): Promise<void> {
  await createModel(store, spec);
  await publishVersion(store, manifest, files);
  unwrap(await promote(store, spec.name, 1, { by: 'bench', reason: 'to be measured', at: new Date() }));
}

/** One instance, with numbers as clients write them. */
function createExchange(url: URL, { spec }: BenchModel): Exchange {
  const instance = Array.from(randomNumbers(64, 1), (x) => Number(x.toFixed(4)));
  return {
    url: new URL(`/v1/models/${spec.name}:predict`, url),
    headers: { authorization: 'Bearer local-predict', 'content-type': 'application/json' },
    body: JSON.stringify({ instances: [instance] }),
  };
}

async function askOnce({ url, headers, body }: Exchange): Promise<string> {
  const answer = await fetch(url, { method: 'POST', headers, body });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`the edge Worker answered ${answer.status}: ${text}`);
  return text;
}

async function measureAll(pair: Pair, effort: Effort, progress: Progress): Promise<Row[]> {
  progress('HTTP, warming up');
  await measurePair(pair, Math.max(...CONNECTIONS), { ...effort, rounds: 1 });
  const rows: Row[] = [];
  for (const connections of CONNECTIONS) {
    const title = `HTTP, ${connections} connection${connections === 1 ? '' : 's'}`;
    progress(title);
    rows.push(...toRows(title, await measurePair(pair, connections, effort)));
  }
  return rows;
}

async function measurePair({ edge, bare, settle }: Pair, connections: number, { rounds, roundMs }: Effort) {
  const ours: Load[] = [];
  const theirs: Load[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(await applyLoad(edge, connections, roundMs));
    await settle();
    theirs.push(await applyLoad(bare, connections, roundMs));
  }
  return { ours, theirs };
}

function toRows(title: string, { ours, theirs }: { ours: Load[]; theirs: Load[] }): Row[] {
  const samples = (what: string, unit: string, of: (load: Load) => number) => ({
    case: `${title}, ${what}`,
    unit,
    ours: ours.map(of),
    peer: PEER,
    theirs: theirs.map(of),
  });
  return [
    summarise({ ...samples('requests', '1/s', (load) => load.requestsPerSecond), target: TARGET }),
    summarise(samples('p50', 'ms', (load) => percentile(load.latenciesMs, 0.5))),
    summarise(samples('p99', 'ms', (load) => percentile(load.latenciesMs, 0.99))),
  ];
}

/** Twice the queue's retry delay. */
const MERGED_WITHIN_MS = 60_000;

/** Both processes share the machine: what the edge still merges would slow down the other one's round. */
async function waitUntilMerged(store: ObjectStore, model: string): Promise<void> {
  const deadline = Date.now() + MERGED_WITHIN_MS;
  do {
    // At first too: the isolate gathers predictions for a moment before it writes them.
    await sleep(500);
    if ((await store.list(keys.inboxPrefix(model))).length === 0) return;
  } while (Date.now() < deadline);
  throw new Error(`the edge Worker did not merge its log within ${MERGED_WITHIN_MS} ms`);
}
