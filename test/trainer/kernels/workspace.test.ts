/**
 * Workspaces in the executor's memory: what is trained there shares it with models that are loaded meanwhile, and sees
 * it grow.
 */
import { expect, test } from 'vitest';
import { planHead } from '../../../trainer/model/head.ts';
import { loadKernelModule } from '../../../trainer/kernels/kernels-node.ts';
import { borrowWorkspace, shareMemory, WorkspaceFull } from '../../../trainer/kernels/workspace.ts';
import { createRuntime } from '../../../shared/model/run/runtime.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { unwrap } from '../compile/support.ts';
import { DIGEST, takeTwentySteps } from './dense-stack-suite.ts';

const MEBIBYTE = 2 ** 20;
const wasm = await loadWasmModule();
const ones = (...shape: number[]) => ({
  shape,
  data: new Float32Array(shape.reduce((all, size) => all * size, 1)).fill(1),
});
/** One mebibyte. */
const { plan, weights } = unwrap(
  planHead([{ kernel: ones(512, 512), bias: ones(512), activation: 'linear' }]),
);

/** An executor, and kernels that are lent its memory. */
async function share(maxHeapBytes = 512 * MEBIBYTE) {
  const kernels = await loadKernelModule();
  const runtime = createRuntime(wasm, { maxHeapBytes });
  shareMemory(kernels, runtime.shared);
  return { kernels, runtime };
}

test('a training in a memory that grows under it ends in the same bits, and so do the models beside it', async () => {
  const { kernels, runtime } = await share();
  const before = runtime.memory().heapBytes;
  const programs = [unwrap(runtime.load(plan, weights))];
  const input = Float32Array.from({ length: 512 }, (_, i) => i % 7);
  const alone = programs[0]?.run(input, 1);
  const digest = takeTwentySteps(kernels, () => void programs.push(unwrap(runtime.load(plan, weights))));
  expect(digest).toBe(DIGEST);
  expect(runtime.memory().heapBytes).toBeGreaterThan(before);
  for (const program of programs) expect(program.run(input, 1)).toEqual(alone);
});

test('what is given back is lent again: ten trainings take the memory of one', async () => {
  const { kernels, runtime } = await share();
  const borrow = () => {
    const workspace = borrowWorkspace(kernels);
    for (let i = 0; i < 20; i++) workspace.allocate((2 * MEBIBYTE) / 4);
    workspace.release();
    workspace.release();
  };
  borrow();
  const bytes = runtime.memory().heapBytes;
  expect(bytes).toBeGreaterThan(40 * MEBIBYTE);
  for (let i = 0; i < 10; i++) borrow();
  expect(runtime.memory().heapBytes).toBe(bytes);
});

test('where there is no room it says how much was wanted, and what was taken is free again', async () => {
  const { kernels, runtime } = await share(64 * MEBIBYTE);
  const half = (40 * MEBIBYTE) / 4;
  const failed = (count: number): WorkspaceFull => {
    const workspace = borrowWorkspace(kernels);
    workspace.allocate(8);
    try {
      for (;;) workspace.allocate(count);
    } catch (error) {
      if (error instanceof WorkspaceFull) return error;
      throw error;
    }
  };
  expect(failed(half)).toMatchObject({ always: false });
  expect(failed(half)).toMatchObject({ always: false });
  const whole = failed(2 * half);
  expect(whole).toMatchObject({ always: true });
  expect(whole.message).toBe(
    `the training needs ${80 * MEBIBYTE + 80} bytes, of WASM memory of at most ${64 * MEBIBYTE}`,
  );
  const workspace = borrowWorkspace(kernels);
  expect(workspace.allocate(half)).toBeGreaterThan(0);
  workspace.release();
  expect(runtime.memory().heapBytes).toBeLessThanOrEqual(64 * MEBIBYTE);
});
