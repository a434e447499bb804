/**
 * `model.fit` of TensorFlow.js on one batch, repeated: as a peer on stock kernels, and on ours.
 */
import * as tf from '@tensorflow/tfjs';
import { createRandom } from '../../../shared/random.ts';
import { BATCH, CLASSES, createBatch, createLayers, INPUTS, LEARNING_RATE } from './head-training.ts';

export interface Fit {
  /** Takes so many steps on the current backend. @returns their mean loss */
  (steps: number): Promise<number>;
}

/** The head that a dense stack trains, from the same weights. */
export function createHeadFit(optimizer: tf.Optimizer = tf.train.adam(LEARNING_RATE)): Fit {
  const layers = createLayers();
  const model = tf.sequential({
    layers: layers.map(({ bias }, i) =>
      tf.layers.dense({
        units: bias.data.length,
        activation: i < layers.length - 1 ? 'relu' : 'softmax',
        ...(i === 0 ? { inputShape: [INPUTS] } : {}),
      }),
    ),
  });
  const weights = layers.flatMap(({ kernel, bias }) => [kernel, bias]);
  tf.tidy(() => model.setWeights(weights.map(({ data, shape }) => tf.tensor(data, [...shape]))));
  const { features, labels } = createBatch();
  return createFit(model, optimizer, [features, [INPUTS]], labels);
}

/** The small CNN: 28x28, two convolutions, pooling. */
export function createCnnFit(optimizer: tf.Optimizer): Fit {
  const glorot = (seed: number) => tf.initializers.glorotUniform({ seed });
  const convolution = { kernelSize: 3, padding: 'same', activation: 'relu' } as const;
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        ...convolution,
        filters: 16,
        inputShape: [28, 28, 1],
        kernelInitializer: glorot(1),
      }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.conv2d({ ...convolution, filters: 32, kernelInitializer: glorot(2) }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: CLASSES, activation: 'softmax', kernelInitializer: glorot(3) }),
    ],
  });
  const random = createRandom(3);
  const pixels = Float32Array.from({ length: BATCH * 28 * 28 }, () => random.uniform());
  return createFit(model, optimizer, [pixels, [28, 28, 1]], createBatch().labels);
}

function createFit(
  model: tf.LayersModel,
  optimizer: tf.Optimizer,
  [values, shape]: [Float32Array, number[]],
  labels: Int32Array,
): Fit {
  model.compile({ optimizer, loss: 'categoricalCrossentropy' });
  return async (steps) => {
    const [x, y] = tf.tidy(() => [
      repeat(tf.tensor(values, [BATCH, ...shape]), steps),
      repeat(tf.oneHot(tf.tensor1d(labels, 'int32'), CLASSES).toFloat(), steps),
    ]) as [tf.Tensor, tf.Tensor];
    const { history } = await model.fit(x, y, { batchSize: BATCH, epochs: 1, shuffle: false, verbose: 0 });
    tf.dispose([x, y]);
    return history['loss']?.[0] as number;
  };
}

function repeat(batch: tf.Tensor, times: number): tf.Tensor {
  return tf.tile(
    batch,
    batch.shape.map((_, i) => (i === 0 ? times : 1)),
  );
}
