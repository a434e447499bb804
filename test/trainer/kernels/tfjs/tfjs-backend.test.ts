import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { registerWasmBackend } from '../../../../trainer/kernels/tfjs/tfjs-backend.ts';
import { loadWasmModule } from '../../../../shared/model/run/wasm-node.ts';

test('the backend starts once, computes, and leaves the process its own last resorts', async () => {
  const resorts = () => [process.listeners('uncaughtException'), process.listeners('unhandledRejection')];
  const before = resorts();
  const module = await loadWasmModule();
  await registerWasmBackend(tf, module);
  const backend = tf.backend();
  await registerWasmBackend(tf, module);
  expect(tf.getBackend()).toBe('wasm');
  expect(tf.backend()).toBe(backend);
  expect(tf.tidy(() => [...tf.square(tf.tensor1d([1, 2, 3])).dataSync()])).toEqual([1, 4, 9]);
  expect(resorts()).toEqual(before);
});
