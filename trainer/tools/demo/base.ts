/**
 * A small convolutional base for digits, as the files of a tfjs LayersModel: 16 stroke detectors of 5x5 pixels, a
 * threshold, and the strongest answer in every 4x4 block. Learnt from patches of drawn digits, without labels.
 */
import { createRandom, type Random } from '../../../shared/random.ts';
import { DIGIT_PIXELS, DIGIT_SIZE, drawBatch, OFFICE } from './digits.ts';
import { sphericalKMeans } from './spherical-kmeans.ts';

const FILTERS = 16;
const FILTER_SIZE = 5;
/** A detector answers above this only: paper's grain stays silent. Pixels are 0 to 1, filters have length 1. */
const THRESHOLD = 0.3;
const POOL = 4;
/** 7 x 7 blocks of 16 detectors: 784 numbers, small enough that a head trains in seconds. */
export const BASE_FEATURES = (DIGIT_SIZE / POOL) ** 2 * FILTERS;

const DIGITS_LOOKED_AT = 300;
const PATCHES = 6_000;
const ROUNDS = 10;
/** Patches whose contrast (length once centred) is below this show paper, or the inside of a stroke. */
const LEAST_CONTRAST = 0.5;

export interface DigitBaseFiles {
  readonly 'model.json': Uint8Array;
  readonly 'weights.bin': Uint8Array;
}

/** Builds the base in a quarter of a second. The same seed gives the same bytes. */
export function buildDigitBase(seed: number): DigitBaseFiles {
  const random = createRandom(seed);
  const { images } = drawBatch(DIGITS_LOOKED_AT, OFFICE, random);
  const filters = sphericalKMeans(strokePatches(images, random), FILTERS, ROUNDS, random);
  return {
    'model.json': new TextEncoder().encode(JSON.stringify(modelJson())),
    'weights.bin': weightBytes(filters),
  };
}

/** Random patches with something on them, [FILTER_SIZE * FILTER_SIZE] each, pixels 0 to 1. */
function strokePatches(images: readonly Uint8Array[], random: Random): Float64Array[] {
  const patches: Float64Array[] = [];
  while (patches.length < PATCHES) {
    const image = images[random.below(images.length)] ?? new Uint8Array(DIGIT_PIXELS);
    const top = random.below(DIGIT_SIZE - FILTER_SIZE + 1);
    const left = random.below(DIGIT_SIZE - FILTER_SIZE + 1);
    const patch = Float64Array.from({ length: FILTER_SIZE * FILTER_SIZE }, (_, i) => {
      const row = top + Math.floor(i / FILTER_SIZE);
      return (image[row * DIGIT_SIZE + left + (i % FILTER_SIZE)] as number) / 255;
    });
    if (contrastOf(patch) > LEAST_CONTRAST) patches.push(patch);
  }
  return patches;
}

function contrastOf(patch: Float64Array): number {
  const mean = patch.reduce((sum, pixel) => sum + pixel, 0) / patch.length;
  return Math.sqrt(patch.reduce((sum, pixel) => sum + (pixel - mean) * (pixel - mean), 0));
}

/** Kernel [5, 5, 1, 16], then bias [16], float32, little-endian as in every tfjs file. */
function weightBytes(filters: readonly Float64Array[]): Uint8Array {
  const kernelSize = FILTER_SIZE * FILTER_SIZE * FILTERS;
  const view = new DataView(new ArrayBuffer((kernelSize + FILTERS) * 4));
  for (const [o, filter] of filters.entries()) {
    for (const [i, weight] of filter.entries()) view.setFloat32((i * FILTERS + o) * 4, weight, true);
    view.setFloat32((kernelSize + o) * 4, -THRESHOLD, true);
  }
  return new Uint8Array(view.buffer);
}

function modelJson(): unknown {
  const conv = {
    name: 'strokes',
    batch_input_shape: [null, DIGIT_SIZE, DIGIT_SIZE, 1],
    filters: FILTERS,
    kernel_size: [FILTER_SIZE, FILTER_SIZE],
    strides: [1, 1],
    padding: 'same',
    data_format: 'channels_last',
    activation: 'relu',
    use_bias: true,
  };
  const pool = { name: 'blocks', pool_size: [POOL, POOL], strides: [POOL, POOL], padding: 'valid' };
  const layers = [
    { class_name: 'Conv2D', config: conv },
    { class_name: 'MaxPooling2D', config: { ...pool, data_format: 'channels_last' } },
    { class_name: 'Flatten', config: { name: 'features' } },
  ];
  const weights = [
    { name: 'strokes/kernel', shape: [FILTER_SIZE, FILTER_SIZE, 1, FILTERS], dtype: 'float32' },
    { name: 'strokes/bias', shape: [FILTERS], dtype: 'float32' },
  ];
  return {
    format: 'layers-model',
    generatedBy: 'holdfast',
    convertedBy: null,
    modelTopology: { class_name: 'Sequential', config: { name: 'digit-strokes', layers } },
    weightsManifest: [{ paths: ['weights.bin'], weights }],
  };
}
