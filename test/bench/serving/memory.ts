/**
 * Case 5: what an isolate holds that serves MobileNetV2: JavaScript's heap, array buffers, and the WASM memory.
 */
import type { BenchModel } from '../bench-model.ts';
import { openInspector } from './inspector.ts';
import type { Findings, Progress } from '../findings.ts';
import { createMobileNetV2 } from '../models.ts';
import { bundleWorker, withWorker } from '../runtime.ts';
import { summarise } from '../summarise.ts';
import type { WasmMemory } from '../workers/memory.ts';

const BUDGET_BYTES = 64 * 2 ** 20;
const MEBIBYTE = 2 ** 20;
const PREDICTIONS = 10;
/** The Worker's own inspector; workerd has one for each of its services. */
const INSPECTED = '/core:user:worker';

export async function benchMemory(scratch: string, _quick: boolean, progress: Progress): Promise<Findings> {
  const bundle = await bundleWorker('memory', scratch);
  const model = await createMobileNetV2();
  const title = 'memory, serving MobileNetV2 1.0/224';
  progress(title);
  const bytes = await withWorker(bundle, { inspectorPort: 0 }, async (miniflare, url) => {
    const { wasmBytes } = await serve(url, model);
    const inspector = await openInspector(new URL(INSPECTED, await miniflare.getInspectorURL()));
    try {
      return wasmBytes + (await inspector.measureHeap());
    } finally {
      inspector.close();
    }
  });
  const row = { case: title, unit: 'MiB', peer: 'budget', target: { atMost: 1 } };
  return {
    rows: [summarise({ ...row, ours: [bytes / MEBIBYTE], theirs: [BUDGET_BYTES / MEBIBYTE] })],
    skipped: [],
  };
}

async function serve(url: URL, { files }: BenchModel): Promise<WasmMemory> {
  await call(new URL('/plan', url), files['edge.json']);
  await call(new URL('/weights', url), files['edge.bin']);
  for (let i = 1; i < PREDICTIONS; i++) await call(url);
  return call(url);
}

async function call(url: URL, body?: Uint8Array): Promise<WasmMemory> {
  const upload = body === undefined ? {} : { method: 'PUT', body: new Uint8Array(body) };
  const answer = await fetch(url, upload);
  if (!answer.ok) throw new Error(`memory: ${await answer.text()}`);
  return (await answer.json()) as WasmMemory;
}
