/**
 * Case 3: the first prediction of an empty isolate, and what is uploaded for it.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { BUDGETS } from '../budgets.ts';
import { type BenchModel, toForm } from '../bench-model.ts';
import type { Findings, Progress } from '../findings.ts';
import { encodedSize } from '../../../shared/model/spec/input.ts';
import { outputWidth } from '../../../shared/model/spec/task.ts';
import { createMlp } from '../models.ts';
import { loadPeers } from '../peers.ts';
import { type Bundle, bundleEdge, bundleWorker, measureGzipBytes, withWorker } from '../runtime.ts';
import { createInstance, KEY, serveModel } from './served-model.ts';
import { type Row, summarise } from '../summarise.ts';
import type { FirstAnswer } from '../workers/cold-host.ts';

const QUICK_SAMPLES = 2;
const FULL_SAMPLES = 9;
const BYTES_PER_KILOBYTE = 1_000;

export async function benchColdStart(scratch: string, quick: boolean, progress: Progress): Promise<Findings> {
  const peers = await loadPeers(progress);
  const host = await bundleWorker('cold-host', scratch);
  const ours = await bundleWorker('cold-executor', scratch);
  const layers = await bundleWorker('cold-layers', scratch);
  const onnx = peers.ok ? await bundleWorker('cold-onnx', scratch, peers.value.aliases) : undefined;

  const edge = await bundleEdge(scratch);
  const edgeHost = await bundleWorker('cold-edge', scratch);

  const title = 'cold start, first prediction of the MLP';
  progress(title);
  const model = await createMlp();
  const bundles = [ours, layers, ...(onnx === undefined ? [] : [onnx])];
  const [edgeMs = [], ms = [], layersMs = [], onnxMs = []] = await measureInTurns(
    [
      () => measureEdge(edgeHost, edge, model),
      ...bundles.map((bundle) => () => measureFirstAnswer(host, bundle, model)),
    ],
    quick ? QUICK_SAMPLES : FULL_SAMPLES,
  );
  const first = { case: title, unit: 'ms', ours: ms };
  const whole = { case: `${title}, the whole edge Worker`, unit: 'ms', ours: edgeMs };
  const rows = [
    summarise({ ...first, peer: 'tfjs core + layers', theirs: layersMs, target: { atMost: 0.25 } }),
    ...(onnx === undefined ? [] : [summarise({ ...first, peer: 'onnxruntime-web', theirs: onnxMs })]),
    summarise({ ...whole, peer: 'tfjs core + layers', theirs: layersMs }),
    ...(await compareSizes(ours, layers, onnx)),
    compareWithBudget('edge Worker, compressed', await bundleKilobytes(edge), BUDGETS.edge.bytes),
  ];
  return { rows, skipped: peers.ok ? [] : [`cold start beside onnxruntime-web: ${peers.error}`] };
}

/** @returns milliseconds, by side and sample */
async function measureInTurns(
  sides: readonly (() => Promise<number>)[],
  samples: number,
): Promise<number[][]> {
  const ms: number[][] = sides.map(() => []);
  for (let sample = 0; sample < samples; sample++)
    for (const [i, measure] of sides.entries()) ms[i]?.push(await measure());
  return ms;
}

async function compareSizes(ours: Bundle, layers: Bundle, onnx: Bundle | undefined): Promise<Row[]> {
  const title = 'what predicting uploads, compressed';
  const kilobytes = await bundleKilobytes(ours);
  const compare = async (peer: string, bundle: Bundle) =>
    summarise({ case: title, unit: 'kB', ours: [kilobytes], peer, theirs: [await bundleKilobytes(bundle)] });
  return [
    compareWithBudget(title, kilobytes, BUDGETS.inference.bytes),
    await compare('tfjs core + layers', layers),
    ...(onnx === undefined ? [] : [await compare('onnxruntime-web', onnx)]),
  ];
}

function compareWithBudget(title: string, kilobytes: number, budgetBytes: number): Row {
  const theirs = [budgetBytes / BYTES_PER_KILOBYTE];
  const row = { case: title, unit: 'kB', ours: [kilobytes], peer: 'budget', theirs };
  return summarise({ ...row, target: { atMost: 1 } });
}

async function bundleKilobytes(bundle: Bundle): Promise<number> {
  return (await measureGzipBytes(bundle)) / BYTES_PER_KILOBYTE;
}

/** In a new process each time: within one, the engine would find the WASM binary compiled already. */
function measureFirstAnswer(host: Bundle, bundle: Bundle, model: BenchModel): Promise<number> {
  return withWorker(host, { workerLoaders: { LOADER: {} } }, async (_, url) => {
    const answer = await fetch(url, { method: 'POST', body: await toHostForm(bundle, model) });
    if (!answer.ok) throw new Error(`${bundle.entry}: ${await answer.text()}`);
    const { ms, status, bytes } = (await answer.json()) as FirstAnswer;
    const expected = outputWidth(model.spec) * Float32Array.BYTES_PER_ELEMENT;
    if (status === 200 && bytes === expected) return ms;
    throw new Error(`${bundle.entry}: expected ${expected} bytes, got ${bytes} with status ${status}`);
  });
}

/** The whole edge Worker, keys, bucket and all: what its first caller waits for in the isolate. */
function measureEdge(host: Bundle, edge: Bundle, model: BenchModel): Promise<number> {
  const extra = {
    workerLoaders: { LOADER: {} },
    r2Buckets: ['BUCKET'],
    serviceBindings: { STORAGE: { name: 'worker', entrypoint: 'Storage' } },
  };
  return withWorker(host, extra, async (miniflare, url) => {
    await serveModel(miniflare, model);
    const form = await toBundleForm(edge);
    form.set('url', `http://127.0.0.1/v1/models/${model.spec.name}:predict`);
    form.set('authorization', KEY.authorization);
    form.set('body', JSON.stringify({ instances: [createInstance(encodedSize(model.spec.input))] }));
    const answer = await fetch(url, { method: 'POST', body: form });
    if (!answer.ok) throw new Error(`the edge Worker: ${await answer.text()}`);
    const { ms, status } = (await answer.json()) as FirstAnswer;
    if (status !== 200) throw new Error(`the edge Worker: expected 200, got ${status}`);
    return ms;
  });
}

async function toHostForm(bundle: Bundle, model: BenchModel): Promise<FormData> {
  const form = await toBundleForm(bundle);
  const request = new Request('http://cold/', { method: 'POST', body: toForm(model) });
  form.set('content-type', request.headers.get('content-type') ?? '');
  form.set('body', await request.blob());
  return form;
}

async function toBundleForm({ folder, entry, wasm }: Bundle): Promise<FormData> {
  const form = new FormData();
  form.set('entry', await toBlob(folder, entry), entry);
  for (const file of wasm) form.append('wasm', await toBlob(folder, file), file);
  return form;
}

async function toBlob(folder: string, file: string): Promise<Blob> {
  return new Blob([new Uint8Array(await readFile(path.join(folder, file)))]);
}
