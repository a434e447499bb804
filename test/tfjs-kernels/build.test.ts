/** What is published as holdfast/tfjs-kernels is what the sources say, and runs by itself. */
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { useTempFolder } from '../support/temp-folder.ts';

const PROJECT = path.join(import.meta.dirname, '../..');
const PACKAGE = path.join(PROJECT, 'tfjs-kernels');
const DIST = path.join(PACKAGE, 'dist');
const KERNELS = path.join(PROJECT, 'trainer/kernels');
/** What is copied beside what tsc writes. */
const COPIED = ['kernels.wasm', 'kernels.wasm.d.ts'];

const scratch = useTempFolder();
const run = promisify(execFile);

test('the published files are what the sources give (npm run build:tfjs-kernels writes them)', async () => {
  const tsc = path.join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc');
  const built = path.join(scratch.path, 'dist');
  await run(process.execPath, [tsc, '-p', PACKAGE, '--outDir', built]);
  for (const file of COPIED) await cp(path.join(KERNELS, file), path.join(built, file));
  expect(await readFolder(DIST)).toEqual(await readFolder(built));
});

test('it imports nothing but its own files, TensorFlow.js and, in Node, the file system', async () => {
  const files = Object.entries(await readFolder(DIST)).filter(([name]) => name.endsWith('.js'));
  const imported = files.flatMap(([name, text]) =>
    [...text.matchAll(/from '([^']+)'/g)].map(([, from = '']) =>
      from.startsWith('.') ? path.join(path.dirname(name), from) : from,
    ),
  );
  const own = new Set((await readdir(DIST, { recursive: true })).map(String));
  expect([...new Set(imported.filter((from) => !own.has(from)))].sort()).toEqual([
    '@tensorflow/tfjs-backend-wasm',
    '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js',
    'node:fs/promises',
  ]);
});

test('the package by itself and the entry of holdfast lead to the same files', async () => {
  const alone = await readExports(PACKAGE);
  const whole = await readExports(PROJECT);
  for (const [name, conditions] of Object.entries(alone)) {
    const text = JSON.stringify(conditions).replaceAll('./dist/', './tfjs-kernels/dist/');
    expect(whole[name.replace('.', './tfjs-kernels')]).toEqual(JSON.parse(text));
  }
});

/** As `npm install` would lay it out, beside TensorFlow.js. */
test('a stranger trains a CNN through model.fit, in Node without flags', async () => {
  const modules = path.join(scratch.path, 'node_modules');
  await mkdir(modules);
  await cp(PACKAGE, path.join(modules, 'holdfast-tfjs-kernels'), { recursive: true });
  await symlink(path.join(PROJECT, 'node_modules/@tensorflow'), path.join(modules, '@tensorflow'));
  await writeFile(path.join(scratch.path, 'train.mjs'), STRANGER);
  const { stdout } = await run(process.execPath, ['train.mjs'], { cwd: scratch.path });
  const { backend, losses } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Trained;
  expect(backend).toBe('wasm');
  expect(losses.at(-1)).toBeLessThan((losses[0] as number) / 2);
});

interface Trained {
  readonly backend: string;
  readonly losses: readonly number[];
}

/** Images whose upper or lower half is bright. */
const STRANGER = `
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { loadKernelModule, registerTrainingKernels } from 'holdfast-tfjs-kernels';

await tf.setBackend('wasm');
registerTrainingKernels(tf, await loadKernelModule());
const model = tf.sequential({ layers: [
  tf.layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3, activation: 'relu',
    kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }) }),
  tf.layers.maxPooling2d({ poolSize: 2 }),
  tf.layers.flatten(),
  tf.layers.dense({ units: 2, activation: 'softmax', kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }) }),
]});
model.compile({ optimizer: tf.train.adam(0.01), loss: 'categoricalCrossentropy' });
const labels = Array.from({ length: 32 }, (_, i) => i % 2);
const x = tf.tensor(labels.flatMap((label) =>
  Array.from({ length: 64 }, (_, i) => (i < 32) === (label === 0) ? 1 : 0)), [32, 8, 8, 1]);
const y = tf.oneHot(tf.tensor1d(labels, 'int32'), 2);
const { history } = await model.fit(x, y, { epochs: 20, batchSize: 16, verbose: 0 });
console.log(JSON.stringify({ backend: tf.getBackend(), losses: history.loss }));
`;

async function readExports(folder: string): Promise<Record<string, unknown>> {
  const manifest = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as {
    readonly exports: Record<string, unknown>;
  };
  return manifest.exports;
}

async function readFolder(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const texts = files.map(async ({ parentPath, name }) => {
    const file = path.join(parentPath, name);
    return [path.relative(folder, file), await readFile(file, 'latin1')] as const;
  });
  return Object.fromEntries(await Promise.all(texts));
}
