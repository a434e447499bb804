/**
 * Augmentation of a batch in training, every epoch anew. Examples are changed as the model sees them; pictures go back
 * to pixels for it. What a base has seen can't be changed any more, only mixed: there the copies come in before
 * (trainer/pipeline/augmented-features.ts).
 */
import {
  type Augmentation,
  changesExamples,
  pictureRanges,
  rowRanges,
} from '../../shared/model/augmentation.ts';
import type { InputSpec, Spec } from '../../shared/model/spec.ts';
import type { Random } from '../../shared/random.ts';
import type { Batch, BatchHook } from '../training/trainable.ts';
import { mixBatch } from './mixup.ts';
import { createPictureAugmenter } from './picture-augmenter.ts';
import { drawPicture } from './picture-draw.ts';
import { createRowAugmenter, type RowAugmenter } from './row-augmenter.ts';

export interface Augmenter {
  readonly prepare: BatchHook;
  /** Gives the memory back. Nothing else may be called afterwards. */
  release(): void;
}

/**
 * @param features  what the model sees of the training examples, [n, encodedSize]
 * @param kernels   `kernels.wasm`, compiled
 * @returns null where nothing is to be done to a batch
 */
export function createBatchAugmenter(
  { input, base, training }: Pick<Spec, 'input' | 'base' | 'training'>,
  features: Float32Array,
  kernels: WebAssembly.Module,
): Augmenter | null {
  const { augmentation } = training;
  if (augmentation === null) return null;
  const rows =
    base === null && changesExamples(augmentation, input.kind)
      ? createRowChanger(input, augmentation, features, kernels)
      : null;
  if (rows === null && augmentation.mixup === 0) return null;
  return {
    prepare(batch, count, random) {
      if (rows !== null) changeRows(batch, count, (row) => rows.change(row, random));
      if (augmentation.mixup > 0) mixAll(batch, count, augmentation.mixup, random);
    },
    release: () => rows?.release(),
  };
}

interface RowChanger extends RowAugmenter {
  release(): void;
}

function createRowChanger(
  input: InputSpec,
  augmentation: Augmentation,
  features: Float32Array,
  kernels: WebAssembly.Module,
): RowChanger {
  if (input.kind === 'image') return createPictureChanger(input, augmentation, kernels);
  return { ...createRowAugmenter(input.features, rowRanges(augmentation), features), release: () => {} };
}

function createPictureChanger(
  input: Extract<InputSpec, { kind: 'image' }>,
  augmentation: Augmentation,
  kernels: WebAssembly.Module,
): RowChanger {
  const ranges = pictureRanges(augmentation);
  const augmenter = createPictureAugmenter(kernels, input, ranges.fill);
  // What encodeInput makes of every pixel, and back.
  const encoded = Float32Array.from({ length: 256 }, (_, pixel) => pixel * input.scale + input.offset);
  const raw = new Float32Array(input.height * input.width * input.channels);
  return {
    change(row, random) {
      for (let i = 0; i < raw.length; i++) raw[i] = ((row[i] as number) - input.offset) / input.scale;
      const pixels = augmenter.apply(raw, drawPicture(ranges, input, random));
      for (let i = 0; i < raw.length; i++) row[i] = encoded[pixels[i] as number] as number;
    },
    release: () => augmenter.release(),
  };
}

function changeRows({ inputs, weights }: Batch, count: number, change: (row: Float32Array) => void): void {
  const size = inputs.length / weights.length;
  for (let row = 0; row < count; row++) change(inputs.subarray(row * size, (row + 1) * size));
}

function mixAll(
  { inputs, targets, weights, teacher, teacherWeights }: Batch,
  rows: number,
  alpha: number,
  random: Random,
): void {
  const size = { rows, capacity: weights.length };
  mixBatch([inputs, targets, weights, teacher, teacherWeights], size, alpha, random);
}
