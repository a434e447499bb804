/**
 * Case 7: how many images a second a features step looks at, beside `LayersModel.predict` on one core, and with two
 * threads beside one. What the base's arithmetic alone gains by a second thread says how much of that is the machine's.
 */
import { joinFloats } from '../../../shared/bytes.ts';
import * as tf from '@tensorflow/tfjs';
import { registerWasmBackend } from '../../../trainer/kernels/tfjs/tfjs-backend.ts';
import { loadBaseFiles } from '../../../shared/model/run/servable.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { sizeOf } from '../../../shared/model/plan/tensor.ts';
import { localFeatureBackend } from '../../../trainer/pipeline/features/feature-extractor.ts';
import { threadedFeatureBackend } from '../../../trainer/node/feature-threads.ts';
import { type WorkerPool, createWorkerPool } from '../../../trainer/node/worker-pool.ts';
import { createNodeHost } from '../../../trainer/node/node-host.ts';
import { type FeatureCase, loadLayersBase, type Looker, openLooker, setUpCase } from './feature-case.ts';
import type { Findings, Progress } from '../findings.ts';
import { createMobileNetV1, createMobileNetV2 } from '../models.ts';
import { median, type Row, summarise } from '../summarise.ts';

const UNIT = 'images/s';
/** Largest difference, over the largest feature, compared before anything is timed. */
const TOLERANCE = 1e-4;
const BATCHES = [1, 32] as const;

const CASES = [
  { name: 'MobileNetV1 0.25/224', create: () => createMobileNetV1(224), images: 768 },
  { name: 'MobileNetV2 1.0/224', create: createMobileNetV2, images: 160 },
] as const;

/** The peer takes its time: of its images a round has fewer. */
const QUICK = { rounds: 2, share: 0.125, peerImages: 4 };
const FULL = { rounds: 5, share: 1, peerImages: 32 };
type Effort = typeof FULL;

export async function benchFeatures(_scratch: string, quick: boolean, progress: Progress): Promise<Findings> {
  const effort = quick ? QUICK : FULL;
  const rows: Row[] = [];
  for (const { name, create, images } of CASES) {
    const title = `features ${name}`;
    progress(title);
    const bench = await setUpCase(await create(), images * effort.share, effort.peerImages);
    // Models are made on the plain backend.
    await registerWasmBackend(tf, await loadWasmModule());
    rows.push(await besideLayers(title, bench, effort));
    progress(`${title}, two threads`);
    rows.push(...(await besideOneThread(title, bench, effort)));
  }
  return { rows, skipped: [] };
}

/** Everything on this thread. */
async function besideLayers(title: string, bench: FeatureCase, { rounds, peerImages }: Effort): Promise<Row> {
  const host = await createNodeHost({ store: bench.store, threads: 1 });
  const ours = openLooker(bench, host, localFeatureBackend(host));
  const model = await loadLayersBase(bench);
  const predict = (batch: number) =>
    predictFirst(model, bench.pixels, peerImages, Math.min(batch, peerImages));
  await ours.look();
  compare(await ours.take(), predict(1));
  const samples = { ours: [] as number[], theirs: BATCHES.map(() => [] as number[]) };
  // The first round compiles what runs often.
  for (let round = 0; round <= rounds; round++) {
    samples.ours.push(await timeImages(bench.images, () => ours.look()));
    await ours.take();
    for (const [i, batch] of BATCHES.entries())
      samples.theirs[i]?.push(await timeImages(peerImages, () => predict(batch)));
  }
  await ours.close();
  model.dispose();
  // Whichever batch suits the peer.
  const theirs = samples.theirs.map((of) => of.slice(1)).sort((a, b) => median(b) - median(a))[0] ?? [];
  const row = { case: `${title}, one core`, unit: UNIT, peer: 'LayersModel.predict' };
  return summarise({ ...row, ours: samples.ours.slice(1), theirs, target: { atLeast: 2 } });
}

async function besideOneThread(title: string, bench: FeatureCase, { rounds }: Effort): Promise<Row[]> {
  const host = await createNodeHost({ store: bench.store });
  const one = openLooker(bench, host, localFeatureBackend(host));
  const two = openLooker(bench, host, threadedFeatureBackend(2));
  await one.look();
  const alone = await one.take();
  await two.look();
  const together = await two.take();
  if (!alone.every((value, i) => value === together[i]))
    throw new Error(`${title}: two threads see otherwise`);
  const pool = await openArithmetic(bench);
  const images = { one: [] as number[], two: [] as number[] };
  const arithmetic = { one: [] as number[], two: [] as number[] };
  const measure = async (looker: Looker, into: number[]): Promise<void> => {
    into.push(await timeImages(bench.images, () => looker.look()));
    await looker.take();
  };
  for (let round = 0; round <= rounds; round++) {
    await measure(one, images.one);
    await measure(two, images.two);
    arithmetic.one.push(await timeImages(bench.images, () => pool.run(bench.images)));
    arithmetic.two.push(await timeImages(bench.images, () => bothAsk(pool, bench.images)));
  }
  await Promise.all([one.close(), two.close(), pool.close()]);
  const row = { unit: UNIT, peer: 'one thread' };
  const compared = ({ one: theirs, two: ours }: typeof images) => ({
    ours: ours.slice(1),
    theirs: theirs.slice(1),
  });
  return [
    summarise({
      ...row,
      case: `${title}, two threads`,
      ...compared(images),
      target: { atLeast: 1.8 },
    }),
    summarise({ ...row, case: `${title}, two threads, arithmetic alone`, ...compared(arithmetic) }),
  ];
}

type Arithmetic = WorkerPool<number, null>;

async function openArithmetic({ store, base }: FeatureCase): Promise<Arithmetic> {
  const files = await loadBaseFiles(store, base);
  if (!files.ok) throw new Error(files.error.detail);
  const file = new URL('./arithmetic-thread.ts', import.meta.url);
  return createWorkerPool({ name: 'a thread of arithmetic', file, workerData: files.value, threads: 2 });
}

/** In small portions, so that both end together. */
async function bothAsk(pool: Arithmetic, images: number): Promise<void> {
  const portion = 4;
  await Promise.all(Array.from({ length: images / portion }, () => pool.run(portion)));
}

/** @returns of the first so many images, [count, features] */
function predictFirst(
  model: tf.LayersModel,
  { values, shape }: FeatureCase['pixels'],
  count: number,
  batch: number,
): Float32Array {
  const size = sizeOf(shape);
  const seen: Float32Array[] = [];
  for (let at = 0; at < count; at += batch) {
    const rows = Math.min(batch, count - at);
    const flat = values.subarray(at * size, (at + rows) * size);
    const read = () => (model.predict(tf.tensor(flat, [rows, ...shape])) as tf.Tensor).dataSync<'float32'>();
    seen.push(tf.tidy(read));
  }
  return joinFloats(seen);
}

/** @param theirs  of the first images */
function compare(ours: Float32Array, theirs: Float32Array): void {
  const largest = theirs.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = theirs.reduce((most, value, i) => Math.max(most, Math.abs(value - (ours[i] ?? NaN))), 0);
  // Written so that NaN fails.
  if (!(worst <= TOLERANCE * largest))
    throw new Error(`expected the same features within ${TOLERANCE}, got ${worst / largest}`);
}

/** @returns images a second */
async function timeImages(images: number, work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (1_000 * images) / (performance.now() - start);
}
