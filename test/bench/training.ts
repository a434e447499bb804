/**
 * Case 4: how long a training step takes: a head beside `model.fit` of TensorFlow.js and beside workerd.
 */
import * as tf from '@tensorflow/tfjs';
import { loadKernelModule } from '../../shared/model/kernels/kernels-node.ts';
import { registerWasmBackend } from '../../shared/model/tfjs-backend.ts';
import { loadWasmModule } from '../../shared/model/wasm-node.ts';
import type { Findings, Progress } from './findings.ts';
import {
  BATCH,
  CLASSES,
  createBatch,
  createLayers,
  createStackStep,
  INPUTS,
  LEARNING_RATE,
} from './head-training.ts';
import { bundleWorker, withWorker } from './runtime.ts';
import { type Row, summarise } from './summarise.ts';

const HEAD = 'train head 1280-1024-10, batch 32';
/** Largest difference of the losses before anything is timed. */
const TOLERANCE = 1e-3;

interface Effort {
  readonly rounds: number;
  /** Steps of a round; one round before the first is not counted. */
  readonly steps: number;
}

const QUICK: Effort = { rounds: 3, steps: 3 };
const FULL: Effort = { rounds: 15, steps: 10 };

/** Takes so many steps. */
type Side = (steps: number) => Promise<void>;

export async function benchTraining(scratch: string, quick: boolean, progress: Progress): Promise<Findings> {
  const effort = quick ? QUICK : FULL;
  progress(`${HEAD}, Node`);
  const rows = [await benchFit(effort)];
  progress(`${HEAD}, workerd`);
  rows.push(await benchWorkerd(scratch, effort));
  return { rows, skipped: [] };
}

async function benchFit(effort: Effort): Promise<Row> {
  await registerWasmBackend(tf, await loadWasmModule());
  const step = createStackStep(await loadKernelModule());
  const fit = createFit();
  await checkAgreement(step, fit);
  const [ours, theirs] = await timeInTurns(steps(step), fit.side, effort);
  fit.dispose();
  const target = { atMost: 0.1 };
  return summarise({ case: `${HEAD}, Node`, unit: 'ms a step', peer: 'model.fit', ours, theirs, target });
}

async function benchWorkerd(scratch: string, effort: Effort): Promise<Row> {
  const bundle = await bundleWorker('training', scratch);
  const step = steps(createStackStep(await loadKernelModule()));
  const samples = await withWorker(bundle, {}, async (_, url) => {
    const inWorker = async (count: number): Promise<number> => {
      const answer = await fetch(new URL(`?steps=${count}`, url));
      return (await answer.json()) as number;
    };
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round <= effort.rounds; round++) {
      // The clock inside workerd counts whole milliseconds: four times the steps make it exact enough.
      ours.push(await inWorker(effort.steps * 4));
      theirs.push(await timeSteps(step, effort.steps * 4));
    }
    return { ours: ours.slice(1), theirs: theirs.slice(1) };
  });
  const target = { atMost: 1.2 };
  return summarise({
    case: `${HEAD}, workerd`,
    unit: 'ms a step',
    peer: 'the same in Node',
    ...samples,
    target,
  });
}

/** `model.fit` on the same weights and batch, as often as a round has steps. */
function createFit() {
  const layers = createLayers();
  const model = tf.sequential({
    layers: layers.map(({ bias, activation }, i) =>
      tf.layers.dense({
        units: bias.data.length,
        activation,
        ...(i === 0 ? { inputShape: [INPUTS] } : {}),
      }),
    ),
  });
  tf.tidy(() => model.setWeights(layers.flatMap((layer) => [layer.kernel, layer.bias]).map(toTensor)));
  model.compile({ optimizer: tf.train.adam(LEARNING_RATE), loss: 'categoricalCrossentropy' });
  const { features, labels } = createBatch();
  const fit = async (count: number): Promise<number> => {
    const x = tf.tile(tf.tensor2d(features, [BATCH, INPUTS]), [count, 1]);
    const y = tf.tile(tf.oneHot(tf.tensor1d(labels, 'int32'), CLASSES).toFloat(), [count, 1]);
    const { history } = await model.fit(x, y, { batchSize: BATCH, epochs: 1, shuffle: false, verbose: 0 });
    tf.dispose([x, y]);
    return history['loss']?.[0] as number;
  };
  return {
    fit,
    side: async (count: number) => {
      await fit(count);
    },
    dispose: () => model.dispose(),
  };
}

function toTensor({
  data,
  shape,
}: {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}): tf.Tensor {
  return tf.tensor(data, [...shape]);
}

async function checkAgreement(step: () => number, { fit }: ReturnType<typeof createFit>): Promise<void> {
  for (let i = 0; i < 5; i++) {
    const [ours, theirs] = [step(), await fit(1)];
    // Written so that NaN fails.
    if (!(Math.abs(ours - theirs) <= TOLERANCE))
      throw new Error(`step ${i}: expected the same loss within ${TOLERANCE}, got ${ours} and ${theirs}`);
  }
}

function steps(step: () => number): Side {
  return (count) => {
    for (let i = 0; i < count; i++) step();
    return Promise.resolve();
  };
}

/** @returns milliseconds of one step, by round */
async function timeInTurns(
  ours: Side,
  theirs: Side,
  { rounds, steps }: Effort,
): Promise<[number[], number[]]> {
  await ours(steps);
  await theirs(steps);
  const samples: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    samples[0].push(await timeSteps(ours, steps));
    samples[1].push(await timeSteps(theirs, steps));
  }
  return samples;
}

async function timeSteps(side: Side, count: number): Promise<number> {
  const start = performance.now();
  await side(count);
  return (performance.now() - start) / count;
}
