import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createRandom } from '../../../../shared/random.ts';
import { BASE_FEATURES, buildDigitBase } from '../../../../trainer/tools/demo/base.ts';
import { drawBatch, FIELD, OFFICE } from '../../../../trainer/tools/demo/digits.ts';

const fileSchema = z.object({
  modelTopology: z.record(z.string(), z.unknown()),
  weightsManifest: z.array(z.object({ weights: z.array(z.custom<tf.io.WeightsManifestEntry>()) })),
});

let base: tf.LayersModel;

beforeAll(async () => {
  await tf.setBackend('cpu');
  const files = buildDigitBase(1);
  const json = fileSchema.parse(JSON.parse(new TextDecoder().decode(files['model.json'])));
  base = await tf.loadLayersModel(
    tf.io.fromMemory({
      modelTopology: json.modelTopology,
      weightSpecs: json.weightsManifest.flatMap(({ weights }) => weights),
      weightData: files['weights.bin'].slice().buffer,
    }),
  );
});

describe('the digit base', () => {
  test('is the same to the byte from the same seed', () => {
    expect(buildDigitBase(5)).toEqual(buildDigitBase(5));
  });

  test('is a LayersModel that tfjs loads, from 28x28 grey pixels to its features', () => {
    expect(base.inputs[0]?.shape).toEqual([null, 28, 28, 1]);
    expect(base.outputs[0]?.shape).toEqual([null, BASE_FEATURES]);
  });

  test('lets a head read the office well and the field less well', async () => {
    const random = createRandom(11);
    const head = tf.sequential({
      layers: [
        tf.layers.dense({
          inputShape: [BASE_FEATURES],
          units: 10,
          activation: 'softmax',
          kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
        }),
      ],
    });
    head.compile({ optimizer: tf.train.adam(0.002), loss: 'categoricalCrossentropy' });
    const train = drawBatch(400, OFFICE, random);
    await head.fit(features(train.images), tf.oneHot(train.digits, 10), {
      epochs: 6,
      batchSize: 32,
      verbose: 0,
      shuffle: false,
    });
    expect(accuracy(head, drawBatch(200, OFFICE, random))).toBeGreaterThan(0.95);
    const field = accuracy(head, drawBatch(200, FIELD, random));
    expect(field).toBeGreaterThan(0.3);
    expect(field).toBeLessThan(0.88);
  });
});

function features(images: readonly Uint8Array[]): tf.Tensor {
  return tf.tidy(() => {
    const pixels = Float32Array.from(
      images.flatMap((image) => [...image]),
      (grey) => grey / 255,
    );
    const batch = tf.tensor4d(pixels, [images.length, 28, 28, 1]);
    return tf.concat(
      tf
        .split(batch, images.length / 100)
        .map((part) => base.predict(part))
        .flat(),
    );
  });
}

function accuracy(
  head: tf.LayersModel,
  batch: { readonly images: Uint8Array[]; readonly digits: number[] },
): number {
  const predicted = tf.tidy(() =>
    [head.predict(features(batch.images))].flat().map((scores) => scores.argMax(-1).dataSync()),
  )[0];
  return batch.digits.filter((digit, i) => digit === predicted?.[i]).length / batch.digits.length;
}
