import { describe, expect, test } from 'vitest';
import { encodeInput } from '../../../shared/model/spec/input.ts';
import { loadKernelModule } from '../../../trainer/kernels/kernels-node.ts';
import { idleBytes } from '../../../trainer/kernels/workspace.ts';
import type { InputSpec } from '../../../shared/model/spec/spec.ts';
import { trainingSchema } from '../../../shared/model/spec/training.ts';
import { createRandom } from '../../../shared/random.ts';
import { createBatchHookFor } from '../../../trainer/augment/batch-hook.ts';
import type { Batch } from '../../../trainer/training/models/trainable.ts';
import { noisePicture } from './pictures.ts';

const kernels = await loadKernelModule();
const IMAGE = { kind: 'image', height: 6, width: 5, channels: 3, scale: 1 / 127.5, offset: -1 } as const;
const SIZE = 6 * 5 * 3;
const TABULAR: InputSpec = {
  kind: 'tabular',
  features: [
    { name: 'x', type: 'number' },
    { name: 'y', type: 'number' },
  ],
};

function hookFor(
  input: InputSpec,
  augmentation: object | null,
  features = new Float32Array(),
  hasBase = false,
) {
  const { augmentation: parsed } = trainingSchema.parse({ augmentation });
  return createBatchHookFor({ input, hasBase, augmentation: parsed }, features, kernels);
}

/** A batch with room for `capacity` rows, whose pictures and targets tell rows apart. */
function pictureBatch(capacity: number): Batch & { readonly raw: readonly Uint8Array[] } {
  const raw = Array.from({ length: capacity }, (_, i) => noisePicture(IMAGE, i));
  const inputs = new Float32Array(capacity * SIZE);
  for (const [i, pixels] of raw.entries()) {
    encodeInput(IMAGE, null, Float32Array.from(pixels), inputs, i * SIZE);
  }
  const targets = Float32Array.from({ length: 2 * capacity }, (_, i) => (i % 4 === 0 || i % 4 === 3 ? 1 : 0));
  const weights = Float32Array.from({ length: capacity }, (_, i) => 1 + i);
  const teacherWeights = weights.map((weight) => weight / 2);
  return { raw, inputs, targets, weights, teacher: targets.slice(), teacherWeights };
}

/** Back to pixels, which must be whole numbers from 0 to 255. */
function pixelsOf({ inputs }: Batch, row: number): number[] {
  return Array.from(inputs.subarray(row * SIZE, (row + 1) * SIZE), (value) => {
    const pixel = (value - IMAGE.offset) / IMAGE.scale;
    expect(Math.abs(pixel - Math.round(pixel))).toBeLessThan(1e-3);
    expect(pixel).toBeGreaterThan(-1e-3);
    expect(pixel).toBeLessThan(255.001);
    return Math.round(pixel);
  });
}

describe('augmentation of a batch', () => {
  test('is nothing without a spec of it, and with a base nothing but mixup', () => {
    expect(hookFor(IMAGE, null)).toBeNull();
    expect(hookFor(IMAGE, { rotation: 10 }, undefined, true)).toBeNull();
    expect(hookFor(IMAGE, { rotation: 10, mixup: 0.2 }, undefined, true)).not.toBeNull();
  });

  test('changes pictures as the model sees them, and only the rows in use', () => {
    const batch = pictureBatch(4);
    hookFor(IMAGE, { horizontalFlip: 1 })?.(batch, 3, createRandom(1));
    for (let row = 0; row < 4; row++) {
      const flipped = batch.raw[row]?.map((_, i, pixels) => {
        const [c, x, y] = [i % 3, Math.floor(i / 3) % 5, Math.floor(i / 15)];
        return pixels[(y * 5 + (4 - x)) * 3 + c] as number;
      });
      expect(pixelsOf(batch, row)).toEqual([...((row < 3 ? flipped : batch.raw[row]) ?? [])]);
    }
    const { targets, weights } = pictureBatch(4);
    expect([batch.targets, batch.weights]).toEqual([targets, weights]);
  });

  test('keeps pictures in the range of pixels, whatever is done to them', () => {
    const batch = pictureBatch(8);
    hookFor(IMAGE, { brightness: 1, contrast: 1, noise: 1, rotation: 90 })?.(batch, 8, createRandom(2));
    for (let row = 0; row < 8; row++) pixelsOf(batch, row);
  });

  test('is another in every epoch, and the same for the same generator', () => {
    const hook = hookFor(IMAGE, { rotation: 30, noise: 0.1 });
    const [first, again, next] = [pictureBatch(2), pictureBatch(2), pictureBatch(2)];
    const random = createRandom(5);
    hook?.(first, 2, random);
    hook?.(next, 2, random);
    hook?.(again, 2, createRandom(5));
    expect(again.inputs).toEqual(first.inputs);
    expect(next.inputs).not.toEqual(first.inputs);
  });

  test('mixes everything that belongs to a row by the same share', () => {
    const batch = pictureBatch(4);
    const before = pictureBatch(4);
    hookFor(IMAGE, { mixup: 1 }, undefined, true)?.(batch, 4, createRandom(3));
    for (let row = 0; row < 4; row++) {
      expect((batch.targets[2 * row] ?? 0) + (batch.targets[2 * row + 1] ?? 0)).toBe(1);
      expect(batch.teacherWeights[row]).toBeCloseTo((batch.weights[row] ?? 0) / 2, 6);
    }
    expect(batch.teacher).toEqual(batch.targets);
    expect(batch.inputs).not.toEqual(before.inputs);
    const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);
    // Every row is mixed with one other, so that nothing is lost.
    expect(sum(batch.weights)).toBeCloseTo(sum(before.weights), 4);
    expect(sum(batch.inputs)).toBeCloseTo(sum(before.inputs), 3);
  });

  test('changes rows of numbers by how far they vary among the training examples', () => {
    const features = Float32Array.of(0, 0, 0, 10, 0, -10);
    const n = 2_000;
    const batch: Batch = {
      inputs: new Float32Array(2 * n).fill(1),
      targets: new Float32Array(n),
      weights: new Float32Array(n).fill(1),
      teacher: new Float32Array(),
      teacherWeights: new Float32Array(n),
    };
    hookFor(TABULAR, { noise: 0.1 }, features)?.(batch, n, createRandom(4));
    const column = (at: number): number[] =>
      Array.from({ length: n }, (_, i) => batch.inputs[2 * i + at] ?? 0);
    expect(column(0).every((value) => value === 1)).toBe(true);
    const variance = column(1).reduce((sum, value) => sum + (value - 1) ** 2, 0) / n;
    expect(Math.abs(Math.sqrt(variance) - 0.1 * Math.sqrt(200 / 3))).toBeLessThan(0.03);
  });

  test('takes no more memory the longer it goes on', () => {
    const hook = hookFor(IMAGE, { rotation: 30 });
    const batch = pictureBatch(2);
    hook?.(batch, 2, createRandom(1));
    const before = idleBytes(kernels);
    for (let i = 0; i < 100; i++) hook?.(batch, 2, createRandom(i));
    expect(idleBytes(kernels)).toBe(before);
  });
});
