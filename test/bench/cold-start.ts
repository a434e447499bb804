/**
 * Case 3: the first prediction of an empty isolate, and what is uploaded for it.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type BenchModel, toForm } from './bench-model.ts';
import type { Findings, Progress } from './findings.ts';
import { createMlp } from './models.ts';
import { outputWidth } from '../../shared/model/task.ts';
import { type Bundle, bundleWorker, measureGzipBytes, withWorker } from './runtime.ts';
import { summarise } from './summarise.ts';
import type { FirstAnswer } from './workers/cold-host.ts';

const PEER = 'tfjs core + layers';
const QUICK_SAMPLES = 2;
const FULL_SAMPLES = 9;
const BYTES_PER_KILOBYTE = 1_000;

export async function benchColdStart(scratch: string, quick: boolean, progress: Progress): Promise<Findings> {
  const host = await bundleWorker('cold-host', scratch);
  const executor = await bundleWorker('cold-executor', scratch);
  const layers = await bundleWorker('cold-layers', scratch);
  const model = await createMlp();

  const title = 'cold start, first prediction of the MLP';
  progress(title);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let sample = 0; sample < (quick ? QUICK_SAMPLES : FULL_SAMPLES); sample++) {
    ours.push(await measureFirstAnswer(host, executor, model));
    theirs.push(await measureFirstAnswer(host, layers, model));
  }
  const sizes = {
    ours: [(await measureGzipBytes(executor)) / BYTES_PER_KILOBYTE],
    theirs: [(await measureGzipBytes(layers)) / BYTES_PER_KILOBYTE],
  };
  const rows = [
    summarise({ case: title, unit: 'ms', ours, peer: PEER, theirs }),
    summarise({ case: 'bundle, minified and compressed', unit: 'kB', peer: PEER, ...sizes }),
  ];
  return { rows, skipped: [] };
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

async function toHostForm({ folder, entry, wasm }: Bundle, model: BenchModel): Promise<FormData> {
  const form = new FormData();
  form.set('entry', await toBlob(folder, entry), entry);
  for (const file of wasm) form.append('wasm', await toBlob(folder, file), file);
  const request = new Request('http://cold/', { method: 'POST', body: toForm(model) });
  form.set('content-type', request.headers.get('content-type') ?? '');
  form.set('body', await request.blob());
  return form;
}

async function toBlob(folder: string, file: string): Promise<Blob> {
  return new Blob([new Uint8Array(await readFile(path.join(folder, file)))]);
}
