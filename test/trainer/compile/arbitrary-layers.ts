/**
 * Random layers in odd configurations, for properties of whole models.
 */
import * as tf from '@tensorflow/tfjs';
import * as fc from 'fast-check';

const { layers } = tf;
const activation = fc.constantFrom('linear', 'relu', 'relu6', 'sigmoid', 'tanh', 'elu', 'softmax');
const padding = fc.constantFrom('same', 'valid');
const kernelSize = fc.integer({ min: 1, max: 3 });
const strides = fc.integer({ min: 1, max: 2 });
const useBias = fc.boolean();
/** Layers from images to images. */
export const spatialLayer = fc.oneof(
  fc
    .record({ filters: fc.integer({ min: 1, max: 9 }), kernelSize, strides, padding, activation, useBias })
    .map((c) => () => layers.conv2d(c)),
  fc
    .record({
      depthMultiplier: fc.integer({ min: 1, max: 2 }),
      kernelSize,
      strides,
      padding,
      activation,
      useBias,
    })
    .map((c) => () => layers.depthwiseConv2d(c)),
  fc
    .record({ poolSize: fc.integer({ min: 1, max: 2 }), strides, padding })
    .map((c) => () => layers.maxPooling2d(c)),
  fc
    .record({ poolSize: fc.integer({ min: 1, max: 2 }), strides, padding })
    .map((c) => () => layers.averagePooling2d(c)),
  fc.constant(() => layers.batchNormalization()),
  fc.constant(() => layers.reLU()),
  fc.constant(() => layers.zeroPadding2d({ padding: [1, 1] })),
);
/** Layers from vectors to vectors. */
export const flatLayer = fc.oneof(
  fc
    .record({ units: fc.integer({ min: 1, max: 40 }), activation, useBias })
    .map((c) => () => layers.dense(c)),
  fc.constant(() => layers.batchNormalization()),
  fc.constant(() => layers.reLU()),
);

/** An image's shape: large enough for three windows of 3 with stride 2. */
export const imageShape = fc.tuple(
  fc.integer({ min: 12, max: 15 }),
  fc.integer({ min: 12, max: 15 }),
  fc.integer({ min: 1, max: 4 }),
);
