import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { loadKernelModule } from '../../../../trainer/kernels/kernels-node.ts';
import { loadWasmModule } from '../../../../shared/model/run/wasm-node.ts';
import { createRandom } from '../../../../shared/random.ts';
import { initialHead } from '../../../../trainer/model/head-layers.ts';
import { initialTrunk, trunkSize } from '../../../../trainer/model/trunk-layers.ts';
import { startTensorflow } from '../../../../trainer/training/models/tensorflow.ts';
import { trainHead } from '../../../../trainer/training/train-head.ts';
import { barSet, barSpec } from '../../../support/image-model.ts';
import { testTrainableLayers } from './trainable-layers-suite.ts';

const kernels = await loadKernelModule();
const wasm = await loadWasmModule();

async function train(set: ReturnType<typeof barSet>, changes: object = {}) {
  const spec = barSpec('bars', changes);
  const random = createRandom(3);
  const trunk = initialTrunk(spec, random);
  if (trunk === null) throw new Error('bars have a network');
  const watched = [{ id: 'w01', past: false, set: barSet(100, 9) }];
  return trainHead({ train: set, watched }, initialHead(spec, trunkSize({ spec }, 64), random), {
    training: spec.training,
    task: 'classification',
    seed: 3,
    dropout: [],
    fromChampion: false,
    kernels,
    trunk: { initial: trunk, tf: await startTensorflow(wasm), unfrozen: false },
  });
}

describe('training a whole model', () => {
  testTrainableLayers(kernels, wasm);

  test('learns what a bar is', async () => {
    const { course } = await train(barSet(600, 1));
    const { best, epochs } = course;
    expect(epochs[best.epoch - 1]?.validationAccuracy).toBeGreaterThan(0.9);
  });

  test('a loss that explodes at any rate fails by name, and leaves no tensor behind', async () => {
    await train(barSet(40, 1), { training: { epochs: 1 } });
    const before = tf.memory().numTensors;
    const set = barSet(60, 1);
    const wild = { ...set, features: set.features.map((x) => x * 1e38) };
    const network = [{ type: 'conv2d', filters: 4, activation: 'linear' }, { type: 'flatten' }];
    await expect(train(wild, { network })).rejects.toThrow(
      /loss became .* in epoch 1, also after the rate was halved 5 times/,
    );
    expect(tf.memory().numTensors).toBe(before);
  });

  test('refuses examples of another size', async () => {
    const set = { features: new Float32Array(30).map((_, i) => i), labels: Int32Array.of(0, 1, 2) };
    await expect(train(set)).rejects.toThrow('expected a head that reads 10 features, got one that reads 64');
  });
});
