/**
 * PyTorch beside our training, where a Python on this machine has it: a process of its own that takes steps when asked.
 */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { BATCH, CLASSES, createBatch, createLayers, LEARNING_RATE } from './head-training.ts';

const DEFAULT_PYTHON = '/usr/bin/python3';
const PROGRAM = path.join(import.meta.dirname, 'torch/train.py');

export interface Torch {
  readonly version: string;
  /** Takes so many steps. @returns milliseconds of one, and their mean loss */
  train(model: 'head' | 'cnn', steps: number): Promise<Answer>;
  end(): void;
}

export interface Answer {
  readonly ms: number;
  readonly loss: number;
}

/** @returns why there is none, otherwise */
export async function startTorch(scratch: string): Promise<Torch | string> {
  const python = process.env['HOLDFAST_PYTHON'] ?? DEFAULT_PYTHON;
  await writeTask(scratch);
  const child = spawn(python, [PROGRAM, scratch], { stdio: ['pipe', 'pipe', 'inherit'] });
  const failed = new Promise<string>((resolve) => child.once('error', ({ message }) => resolve(message)));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`${python} ended before it answered`);
    return value;
  };
  const first = await Promise.race([failed.then((error) => ({ error })), next().then(parseGreeting)]);
  if ('error' in first) return `PyTorch: ${python}: ${first.error} (HOLDFAST_PYTHON names another)`;
  return {
    version: first.version,
    train: async (model, steps) => {
      child.stdin.write(`${model} ${steps}\n`);
      return JSON.parse(await next()) as Answer;
    },
    end: () => child.stdin.end(),
  };
}

function parseGreeting(line: string): { readonly version: string } | { readonly error: string } {
  return JSON.parse(line) as { readonly version: string } | { readonly error: string };
}

/** What it reads: the batch, and the weights that all sides start from. */
async function writeTask(folder: string): Promise<void> {
  const { features, labels } = createBatch();
  const layers = createLayers();
  const sizes = {
    batch: BATCH,
    classes: CLASSES,
    rate: LEARNING_RATE,
    layers: layers.map(({ kernel }) => kernel.shape),
  };
  const write = (name: string, data: Float32Array | Int32Array | string) =>
    writeFile(path.join(folder, name), data);
  await write('sizes.json', JSON.stringify(sizes));
  await write('features', features);
  await write('labels', labels);
  for (const [i, { kernel }] of layers.entries()) await write(`kernel-${i}`, kernel.data);
}
