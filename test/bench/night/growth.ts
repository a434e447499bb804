/**
 * Ten small nights in one process, and what it holds after each, collected garbage aside:
 *
 *   node --expose-gc growth.ts ENDPOINT MODEL
 *
 * Its last line on stdout is a list of Held.
 */
import { countWasmMemories } from './wasm-memory.ts';
import * as tf from '@tensorflow/tfjs';
import { runJob } from '../../../trainer/node/job.ts';
import { createNightModel, trainChampion } from './model.ts';
import { openNightStore } from './store.ts';

export interface Held {
  readonly tensors: number;
  readonly wasmMemories: number;
  readonly wasmBytes: number;
  /** V8's heap, array buffers and what else hangs on it. */
  readonly heapBytes: number;
}

const NIGHTS = 10;
const EXAMPLES = 600;
const HOUR_MS = 3_600_000;

const [endpoint = '', model = ''] = process.argv.slice(2);
const collect = (globalThis as { gc?: () => void }).gc;
if (collect === undefined) throw new Error('expected node --expose-gc');
const store = openNightStore(endpoint);
const nights = await createNightModel(store, model, 2, 2_000);
const fromMs = Date.now() - (NIGHTS + 2) * 24 * HOUR_MS;
await nights.write({ n: 900, seed: 1, fromMs: fromMs - HOUR_MS, toMs: fromMs });
await trainChampion(store, model);
const held: Held[] = [await measure()];
for (let night = 1; night <= NIGHTS; night++) {
  const at = fromMs + night * 24 * HOUR_MS;
  await nights.write({ n: EXAMPLES, seed: 10 + night, fromMs: at, toMs: at + HOUR_MS });
  const ended = await runJob({ store, model, by: 'bench', promote: true });
  if (!ended.ok) throw new Error(ended.error.detail);
  if (ended.value.status !== 'complete') throw new Error(`night ${night}: ${ended.value.summary}`);
  held.push(await measure());
}
process.stdout.write(`${JSON.stringify(held)}\n`);

async function measure(): Promise<Held> {
  // What is held weakly goes with a task of its own.
  for (let i = 0; i < 3; i++) {
    collect?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { count, bytes } = countWasmMemories();
  const { heapUsed, external } = process.memoryUsage();
  return {
    tensors: tf.memory().numTensors,
    wasmMemories: count,
    wasmBytes: bytes,
    heapBytes: heapUsed + external,
  };
}
