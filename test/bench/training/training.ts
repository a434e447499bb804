/**
 * Case 4: how long a training step takes: a head beside `model.fit` of TensorFlow.js, workerd and PyTorch, `model.fit` on
 * our kernels beside stock's, and a small CNN beside the cpu backend, the only one of stock's that trains it here.
 */
import * as tf from '@tensorflow/tfjs';
import { loadKernelModule } from '../../../trainer/kernels/kernels-node.ts';
import { registerTrainingKernels } from '../../../trainer/kernels/tfjs/tfjs-kernels.ts';
import { registerWasmBackend } from '../../../trainer/kernels/tfjs/tfjs-backend.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import type { Findings, Progress } from '../findings.ts';
import { createCnnFit, createHeadFit } from './fit.ts';
import { createStackStep, LEARNING_RATE } from './head-training.ts';
import { bundleWorker, withWorker } from '../runtime.ts';
import { type Row, summarise } from '../summarise.ts';
import { startTorch, type Torch } from './torch.ts';

const HEAD = 'train head 1280-1024-10, batch 32';
const CNN = 'train CNN 28x28, batch 32';
const UNIT = 'ms a step';
/** Largest difference of the losses, compared before anything is timed. */
const TOLERANCE = 1e-3;
/** What a step of the CNN may take, in milliseconds. */
const CNN_BUDGET_MS = 50;

interface Effort {
  /** Steps whose losses are compared. */
  readonly agreeing: number;
  readonly rounds: number;
  /** Steps of a round; the first round is not counted. */
  readonly steps: number;
  /** The cpu backend takes seconds for a step of the CNN. */
  readonly cpuRounds: number;
}

const QUICK: Effort = { agreeing: 5, rounds: 3, steps: 3, cpuRounds: 1 };
const FULL: Effort = { agreeing: 50, rounds: 15, steps: 10, cpuRounds: 3 };

/** Takes so many steps. @returns the mean loss */
type Side = (steps: number) => Promise<number>;

export async function benchTraining(scratch: string, quick: boolean, progress: Progress): Promise<Findings> {
  const effort = quick ? QUICK : FULL;
  const module = await loadKernelModule();
  await registerWasmBackend(tf, await loadWasmModule());
  progress(`${HEAD}, Node`);
  const rows = [await benchHead(module, effort)];
  progress(`${HEAD}, workerd`);
  rows.push(await benchWorkerd(module, scratch, effort));
  progress(`${HEAD}, model.fit`);
  rows.push(await benchFit(module, effort));
  progress(CNN);
  rows.push(...(await benchCnn(module, effort)));
  progress('PyTorch');
  const torch = await startTorch(scratch);
  if (typeof torch === 'string') return { rows, skipped: [torch] };
  rows.push(...(await benchTorch(module, torch, effort)));
  torch.end();
  return { rows, skipped: [] };
}

async function benchHead(module: WebAssembly.Module, effort: Effort): Promise<Row> {
  const samples = await compare(repeatStep(createStackStep(module)), createHeadFit(), effort);
  return summarise({
    case: `${HEAD}, Node`,
    unit: UNIT,
    peer: 'model.fit',
    ...samples,
    target: { atMost: 0.1 },
  });
}

async function benchWorkerd(module: WebAssembly.Module, scratch: string, effort: Effort): Promise<Row> {
  const bundle = await bundleWorker('training', scratch);
  const step = repeatStep(createStackStep(module));
  // The clock inside workerd counts whole milliseconds: more steps make it exact enough.
  const steps = effort.steps * 4;
  const samples = await withWorker(bundle, {}, async (_, url) => {
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round <= effort.rounds; round++) {
      const answer = await fetch(new URL(`?steps=${steps}`, url));
      ours.push((await answer.json()) as number);
      theirs.push(await timeSteps(step, steps));
    }
    return { ours: ours.slice(1), theirs: theirs.slice(1) };
  });
  const target = { atMost: 1.2 };
  return summarise({ case: `${HEAD}, workerd`, unit: UNIT, peer: 'the same in Node', ...samples, target });
}

async function benchFit(module: WebAssembly.Module, effort: Effort): Promise<Row> {
  const samples = await compare(withOurKernels(module, createHeadFit()), createHeadFit(), effort);
  const target = { atMost: 0.2 };
  return summarise({ case: `${HEAD}, model.fit`, unit: UNIT, peer: 'stock model.fit', ...samples, target });
}

async function benchCnn(module: WebAssembly.Module, { cpuRounds, ...effort }: Effort): Promise<Row[]> {
  const ours = withOurKernels(module, createCnnFit(tf.train.adam(LEARNING_RATE)));
  await tf.setBackend('cpu');
  const theirs = onCpu(createCnnFit(tf.train.adam(LEARNING_RATE)));
  const few = { agreeing: 1, cpuRounds, rounds: cpuRounds, steps: 1 };
  const beside = await compare(ours, theirs, few);
  const alone: number[] = [];
  for (let round = 0; round < effort.rounds; round++) alone.push(await timeSteps(ours, effort.steps));
  const budget = { ours: alone, peer: 'a budget', theirs: [CNN_BUDGET_MS], target: { atMost: 1 } };
  return [
    summarise({ case: CNN, unit: UNIT, peer: 'the cpu backend', ...beside, target: { atMost: 0.02 } }),
    summarise({ case: `${CNN}, absolute`, unit: UNIT, ...budget }),
  ];
}

/** On one thread, with the Adam that it has by default: its steps in its process, ours in this one. */
async function benchTorch(module: WebAssembly.Module, torch: Torch, effort: Effort): Promise<Row[]> {
  const peer = `PyTorch ${torch.version}`;
  const beside = (model: 'head' | 'cnn', ours: Side, { agreeing }: { agreeing: number }) =>
    compare(
      ours,
      async (steps) => {
        const { ms, loss } = await torch.train(model, steps);
        // What the pipe between the processes takes is not its time.
        torchMs = ms;
        return loss;
      },
      { ...effort, agreeing },
      () => torchMs,
    );
  let torchMs = Number.NaN;
  const head = await beside('head', repeatStep(createStackStep(module)), effort);
  // Its images are others: nothing to agree on.
  const cnn = await beside('cnn', withOurKernels(module, createCnnFit(tf.train.adam(LEARNING_RATE))), {
    agreeing: 0,
  });
  return [
    summarise({ case: `${HEAD}, Node`, unit: UNIT, peer, ...head, target: { atMost: 1 } }),
    summarise({ case: CNN, unit: UNIT, peer, ...cnn }),
  ];
}

/** Kernels are registered for all models of a process: only while this side has its turn. */
function withOurKernels(module: WebAssembly.Module, side: Side): Side {
  return async (steps) => {
    await tf.setBackend('wasm');
    const restore = registerTrainingKernels(tf, module);
    const loss = await side(steps);
    restore();
    return loss;
  };
}

function onCpu(side: Side): Side {
  return async (steps) => {
    await tf.setBackend('cpu');
    return side(steps);
  };
}

function repeatStep(step: () => number): Side {
  return (steps) => {
    let total = 0;
    for (let i = 0; i < steps; i++) total += step();
    return Promise.resolve(total / steps);
  };
}

/**
 * Both sides' losses agree over the first steps, then both are timed in turns.
 *
 * @param theirMs  milliseconds of one of their last steps, where they say so themselves
 */
async function compare(
  ours: Side,
  theirs: Side,
  { agreeing, rounds, steps }: Effort,
  theirMs?: () => number,
): Promise<{ ours: number[]; theirs: number[] }> {
  for (let i = 0; i < agreeing; i++) {
    const [our, their] = [await ours(1), await theirs(1)];
    // Written so that NaN fails.
    if (!(Math.abs(our - their) <= TOLERANCE))
      throw new Error(`step ${i}: expected the same loss within ${TOLERANCE}, got ${our} and ${their}`);
  }
  const samples = { ours: [] as number[], theirs: [] as number[] };
  await ours(steps);
  await theirs(1);
  for (let round = 0; round < rounds; round++) {
    samples.ours.push(await timeSteps(ours, steps));
    const measured = await timeSteps(theirs, steps);
    samples.theirs.push(theirMs?.() ?? measured);
  }
  return samples;
}

/** @returns milliseconds of one step */
async function timeSteps(side: Side, steps: number): Promise<number> {
  const start = performance.now();
  await side(steps);
  return (performance.now() - start) / steps;
}
