/**
 * Case 5: what an isolate holds that serves MobileNetV2: JavaScript's heap, array buffers, and the WASM memory.
 */
import type { BenchModel } from './bench-model.ts';
import type { Findings, Progress } from './findings.ts';
import { createMobileNetV2 } from './models.ts';
import { bundleWorker, withWorker } from './runtime.ts';
import { summarise } from './summarise.ts';
import type { WasmMemory } from './workers/memory.ts';

const BUDGET_BYTES = 64 * 2 ** 20;
const MEBIBYTE = 2 ** 20;
const PREDICTIONS = 10;
const INSPECTOR_TIMEOUT_MS = 10_000;
/** The Worker's own inspector; workerd has one for each of its services. */
const INSPECTED = '/core:user:worker';

export async function benchMemory(scratch: string, _quick: boolean, progress: Progress): Promise<Findings> {
  const bundle = await bundleWorker('memory', scratch);
  const model = await createMobileNetV2();
  const title = 'memory, serving MobileNetV2 1.0/224';
  progress(title);
  const bytes = await withWorker(bundle, { inspectorPort: 0 }, async (miniflare, url) => {
    const { wasmBytes } = await serve(url, model);
    return wasmBytes + (await measureHeap(new URL(INSPECTED, await miniflare.getInspectorURL())));
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

interface HeapUsage {
  readonly usedSize: number;
  readonly embedderHeapUsedSize: number;
  /** Array buffers; the WASM memory is none of them. */
  readonly backingStorageSize: number;
}

/** What is in use, garbage that waits for its collection included, as V8's inspector says. */
async function measureHeap(url: URL): Promise<number> {
  const socket = new WebSocket(url);
  try {
    await nextEvent(socket, 'open');
    socket.send(JSON.stringify({ id: 1, method: 'Runtime.getHeapUsage' }));
    const { data } = (await nextEvent(socket, 'message')) as MessageEvent;
    const { result } = JSON.parse(String(data)) as { result: HeapUsage };
    return result.usedSize + result.embedderHeapUsedSize + result.backingStorageSize;
  } finally {
    socket.close();
  }
}

function nextEvent(socket: WebSocket, name: 'open' | 'message'): Promise<Event> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(INSPECTOR_TIMEOUT_MS);
    signal.addEventListener('abort', () => reject(new Error(`${socket.url}: no '${name}' in time`)));
    socket.addEventListener(name, resolve, { once: true });
  });
}
