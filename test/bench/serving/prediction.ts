/**
 * Case 1: how long a prediction takes, beside ONNX Runtime and TensorFlow.js in the same isolate.
 */
import { type BenchModel, toForm } from '../bench-model.ts';
import type { Findings, Progress } from '../findings.ts';
import { createCnn, createMlp, createMobileNetV1, createMobileNetV2 } from '../models.ts';
import { timeNative } from './native.ts';
import { loadPeers } from '../peers.ts';
import { bundleWorker, withWorker } from '../runtime.ts';
import { type Row, summarise, type Target } from '../summarise.ts';
import type { Effort, Measured } from '../workers/measure.ts';

const BATCHES = [1, 32];
const QUICK = { warmUpMs: 300, rounds: 3, roundMs: 20, maxMs: 500 };
const FULL = { warmUpMs: 2_000, rounds: 31, roundMs: 60, maxMs: 10_000 };

interface Case {
  readonly name: string;
  readonly create: () => Promise<BenchModel>;
  /** Beside ONNX Runtime in the same isolate, and beside LayersModel.predict there. */
  readonly onnx: Target;
  readonly layers?: Target;
}

const CASES: readonly Case[] = [
  { name: 'MLP 64-256-256-10', create: createMlp, onnx: { atMost: 0.45 }, layers: { atMost: 0.25 } },
  { name: 'CNN 28x28', create: createCnn, onnx: { atMost: 0.6 } },
  { name: 'MobileNetV1 0.25/128', create: createMobileNetV1, onnx: { atMost: 0.5 }, layers: { atMost: 0.4 } },
  { name: 'MobileNetV2 1.0/224', create: createMobileNetV2, onnx: { atMost: 0.55 }, layers: { atMost: 0.4 } },
];

export async function benchPrediction(
  scratch: string,
  quick: boolean,
  progress: Progress,
): Promise<Findings> {
  const peers = await loadPeers(progress);
  const bundle = peers.ok
    ? await bundleWorker('prediction-onnx', scratch, peers.value.aliases)
    : await bundleWorker('prediction', scratch);
  const rows: Row[] = [];
  for (const bench of CASES) {
    const model = await bench.create();
    for (const batch of BATCHES) {
      const title = `predict ${bench.name}, batch ${batch}`;
      progress(title);
      const effort = { batch, ...(quick ? QUICK : FULL) };
      // A new process each: what one model leaves in the heap is not the next one's.
      const measured = await withWorker(bundle, {}, (_, url) => measure(url, model, effort));
      const native = peers.ok ? await timeNative(peers.value.node, model, effort) : undefined;
      rows.push(...toRows(title, bench, measured, native));
    }
  }
  return { rows, skipped: peers.ok ? [] : [`beside onnxruntime-web: ${peers.error}`] };
}

function toRows(
  title: string,
  { onnx, layers }: Case,
  measured: Measured,
  native: readonly number[] | undefined,
): Row[] {
  const { ours = [] } = measured;
  const compare = (peer: string, theirs: readonly number[] | undefined, target?: Target) => {
    const row = { case: title, unit: 'ms', ours, peer };
    if (theirs === undefined) return [];
    return [summarise(target === undefined ? { ...row, theirs } : { ...row, theirs, target })];
  };
  return [
    ...compare('onnxruntime-web', measured['onnx'], onnx),
    ...compare('LayersModel.predict', measured['layers'], layers),
    ...compare('onnxruntime-node (native)', native),
  ];
}

async function measure(url: URL, model: BenchModel, effort: Effort): Promise<Measured> {
  const form = toForm(model);
  form.set('effort', JSON.stringify(effort));
  const answer = await fetch(url, { method: 'POST', body: form });
  if (!answer.ok) throw new Error(`${model.spec.name}: ${await answer.text()}`);
  return (await answer.json()) as Measured;
}
