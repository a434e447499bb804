import { expect, test } from 'vitest';
import { loadKernelModule } from '../../../trainer/kernels/kernels-node.ts';
import { createRuntime } from '../../../shared/model/run/runtime.ts';
import { trainingSchema } from '../../../shared/model/spec/training.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { createRandom } from '../../../shared/random.ts';
import { trainRecipe } from '../../../trainer/recipes/train-recipe.ts';

const wasm = await loadWasmModule();
const machine = { kernels: await loadKernelModule(), runtime: createRuntime(wasm), wasm };
const N = 400;
const random = createRandom(1);
const classes = Float64Array.from({ length: N }, () => random.below(2));
/** Two features of a base, of which the first tells the labels apart. */
const values = Float32Array.from({ length: 2 * N }, (_, i) =>
  i % 2 === 0 ? 2 * (classes[i >> 1] ?? 0) - 1 + 0.2 * random.uniform() : random.uniform(),
);
const units = Array.from({ length: N }, (_, i) => i);
const subject = {
  input: { kind: 'image', height: 1, width: 1, channels: 3, scale: 1, offset: 0 } as const,
  task: { task: 'classification' as const, labels: ['a', 'b'] },
  values,
  size: 2,
  hasBase: true,
  labels: classes,
  identities: { units, contents: units },
};

function score(copies: Float32Array, augmentation: object | null = null) {
  const training = trainingSchema.parse({ epochs: 6, learningRate: 0.01, augmentation });
  return trainRecipe({ ...subject, copies }, { head: [], training }, { seed: 3, testShare: 0.2 }, machine);
}

test('copies of what is trained on are learned with the labels of their originals', async () => {
  const plain = await score(new Float32Array());
  expect(plain.test).toBeGreaterThan(0.95);
  expect(await score(values.slice())).toMatchObject({ trained: plain.trained, tested: plain.tested });
  // Copies that look like the other label, four for each original: whoever learns from them says the opposite.
  const opposite = values.map((value, i) => (i % 2 === 0 ? -value : value));
  const misled = await score(Float32Array.from([0, 1, 2, 3].flatMap(() => [...opposite])));
  // Validation stays as it is, and early stopping keeps what it likes best: not all is unlearned.
  expect(misled.test).toBeLessThan(0.3);
});

test('mixup changes what is learned, the same way every time', async () => {
  const mixed = await score(new Float32Array(), { mixup: 1 });
  expect(mixed.test).toBeGreaterThan(0.9);
  expect(await score(new Float32Array(), { mixup: 1 })).toEqual(mixed);
});
