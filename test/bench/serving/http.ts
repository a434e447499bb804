/**
 * Case 2: what the edge Worker serves over HTTP, beside a Hono handler that parses the same body and answers a constant:
 * the edge's own answer. As TF Serving's JSON, and as the Open Inference Protocol with tensors in binary. Each side runs
 * in a workerd process of its own, on loopback.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { keys } from '../../../shared/registry/store/keys.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import type { BenchModel } from '../bench-model.ts';
import type { Findings, Progress } from '../findings.ts';
import { applyLoad, type Exchange, type Load } from './load-client.ts';
import { createMlp } from '../models.ts';
import { bundleEdge, bundleWorker, withWorker } from '../runtime.ts';
import { createInstance, KEY, serveModel } from './served-model.ts';
import { percentile, type Row, summarise, type Target } from '../summarise.ts';

const PEER = 'bare Hono handler';
/** Of the MLP. */
const INPUTS = 64;
const QUICK = { rounds: 2, leadInMs: 300, durationMs: 700 };
const WARM_UP = { leadInMs: 0, durationMs: 2_000 };
/** What the edge logs is written within a second and merged two later: so it is by the time anything counts. */
const FULL = { rounds: 4, leadInMs: 3_000, durationMs: 3_000 };
/** The bare handler leaves nothing for later. */
const BARE_LEAD_IN_MS = 300;
/** Requests per second, of the peer's. */
const CASES = [
  { connections: 1, target: { atLeast: 0.7 } },
  { connections: 16, target: { atLeast: 0.6 } },
] as const;
const P99_TARGET = { atMost: 2 };

type Effort = typeof FULL;

/** One kind of request to the two servers; `settle` waits until the first has finished what it left for later. */
interface Pair {
  readonly form: string;
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
    const store = await serveModel(miniflare, model);
    const forms = { JSON: createJsonExchange(url, model), binary: createBinaryExchange(url, model) };
    const answers = {
      ANSWER: new TextDecoder().decode(await askOnce(forms.JSON)),
      BINARY_ANSWER: await askOnce(forms.binary),
    };
    const settle = () => waitUntilMerged(store, model.spec.name);
    return withWorker(bare, toBindings(answers), async (_, bareUrl) => {
      const found: Row[] = [];
      for (const [form, exchange] of Object.entries(forms)) {
        const peer = { ...exchange, url: new URL(exchange.url.pathname, bareUrl) };
        found.push(...(await measureAll({ form, edge: exchange, bare: peer, settle }, effort, progress)));
      }
      return found;
    });
  });
  return { rows, skipped: [] };
}

function toBindings({ ANSWER, BINARY_ANSWER }: { ANSWER: string; BINARY_ANSWER: ArrayBuffer }) {
  return { bindings: { ANSWER }, dataBlobBindings: { BINARY_ANSWER: new Uint8Array(BINARY_ANSWER) } };
}

function createJsonExchange(url: URL, { spec }: BenchModel): Exchange {
  return {
    url: new URL(`/v1/models/${spec.name}:predict`, url),
    headers: { ...KEY, 'content-type': 'application/json' },
    body: JSON.stringify({ instances: [createInstance(INPUTS)] }),
  };
}

/** As Triton's client sends it by default: the tensor's bytes behind the JSON, and the answer asked for likewise. */
function createBinaryExchange(url: URL, { spec }: BenchModel): Exchange {
  const bytes = new Uint8Array(Float32Array.from(createInstance(INPUTS)).buffer);
  const input = { name: 'input', shape: [1, 64], datatype: 'FP32', parameters: { binary_data_size: 256 } };
  const json = Buffer.from(JSON.stringify({ inputs: [input], parameters: { binary_data_output: true } }));
  return {
    url: new URL(`/v2/models/${spec.name}/infer`, url),
    headers: {
      ...KEY,
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(json.byteLength),
    },
    body: Buffer.concat([json, bytes]),
  };
}

async function askOnce({ url, headers, body }: Exchange): Promise<ArrayBuffer> {
  const sent = typeof body === 'string' ? body : new Uint8Array(body);
  const answer = await fetch(url, { method: 'POST', headers, body: sent });
  if (answer.status === 200) return answer.arrayBuffer();
  throw new Error(`the edge Worker answered ${answer.status}: ${await answer.text()}`);
}

async function measureAll(pair: Pair, effort: Effort, progress: Progress): Promise<Row[]> {
  progress(`HTTP, ${pair.form}, warming up`);
  await measureRound(pair, WARM_UP);
  const rounds: Round[] = [];
  for (let round = 1; round <= effort.rounds; round++) {
    progress(`HTTP, ${pair.form}, round ${round} of ${effort.rounds}`);
    rounds.push(await measureRound(pair, effort));
  }
  return CASES.flatMap(({ connections, target }, i) => {
    const title = `HTTP, ${pair.form}, ${connections} connection${connections === 1 ? '' : 's'}`;
    const ours = rounds.map((round) => round.ours[i] as Load);
    const theirs = rounds.map((round) => round.theirs[i] as Load);
    return toRows(title, target, { ours, theirs });
  });
}

/** By case. */
interface Round {
  readonly ours: readonly Load[];
  readonly theirs: readonly Load[];
}

/** Both sides take all cases before the other has its turn, so that there is one wait for what is still merged. */
async function measureRound(
  { edge, bare, settle }: Pair,
  { leadInMs, durationMs }: Omit<Effort, 'rounds'>,
): Promise<Round> {
  const ours: Load[] = [];
  const theirs: Load[] = [];
  for (const { connections } of CASES)
    ours.push(await applyLoad(edge, { connections, leadInMs, durationMs }));
  await settle();
  for (const { connections } of CASES) {
    theirs.push(await applyLoad(bare, { connections, leadInMs: BARE_LEAD_IN_MS, durationMs }));
  }
  return { ours, theirs };
}

function toRows(title: string, target: Target, { ours, theirs }: { ours: Load[]; theirs: Load[] }): Row[] {
  const samples = (what: string, unit: string, of: (load: Load) => number) => ({
    case: `${title}, ${what}`,
    unit,
    ours: ours.map(of),
    peer: PEER,
    theirs: theirs.map(of),
  });
  return [
    summarise({ ...samples('requests', '1/s', (load) => load.requestsPerSecond), target }),
    summarise(samples('p50', 'ms', (load) => percentile(load.latenciesMs, 0.5))),
    summarise({
      ...samples('p99', 'ms', (load) => percentile(load.latenciesMs, 0.99)),
      target: P99_TARGET,
    }),
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
