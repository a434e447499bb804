/**
 * Augmentation of a batch in training, every epoch anew. Examples are changed as the model sees them; pictures go back
 * to pixels for it. What a base has seen can't be changed any more, only mixed: there the copies come in before
 * (trainer/pipeline/features/augmented-features.ts).
 */
import {
  type Augmentation,
  changesExamples,
  pictureRanges,
  rowRanges,
} from '../../shared/model/spec/augmentation.ts';
import type { Feature, InputSpec } from '../../shared/model/spec/spec.ts';
import { channelsOf, type TensorInput } from '../../shared/model/spec/tensor-input.ts';
import type { Random } from '../../shared/random.ts';
import type { Batch, BatchHook } from '../training/models/trainable.ts';
import { mixBatch } from './mixup.ts';
import { createPictureAugmenter } from './picture-augmenter.ts';
import { drawPicture } from './picture-draw.ts';
import { createRowAugmenter, measureFeatures, nearNormal } from './row-augmenter.ts';

export interface AugmentedInput {
  readonly input: InputSpec;
  /** Whether the model sees a base's features: then they can only be mixed. */
  readonly hasBase: boolean;
  readonly augmentation: Augmentation | null;
}

/** The features, or the channels of a tensor, whose deviations a hook goes by; null where it needs none. */
export function changesRows({ input, hasBase, augmentation }: AugmentedInput): readonly Feature[] | null {
  if (hasBase || augmentation === null || input.kind === 'image') return null;
  if (!changesExamples(augmentation, input.kind)) return null;
  return input.kind === 'tensor' ? channelFeatures(input) : input.features;
}

/** Each channel as a feature: an example is a row of them for every place. */
function channelFeatures(input: TensorInput): Feature[] {
  return Array.from({ length: channelsOf(input) }, (_, i) => ({ name: String(i), type: 'number' }));
}

/** The hook, by training examples in memory. @param features  as the model sees them, [n, encodedSize] */
export function createBatchHookFor(
  how: AugmentedInput,
  features: Float32Array,
  kernels: WebAssembly.Module,
): BatchHook | null {
  const changed = changesRows(how);
  return createBatchHook(how, changed && measureFeatures(changed, features), kernels);
}

/**
 * @param deviations  of the training examples' features, where rows are changed (`changesRows`, `measureFeatures`)
 * @param kernels     `kernels.wasm`, compiled
 * @returns null where nothing is to be done to a batch
 */
export function createBatchHook(
  { input, hasBase, augmentation }: AugmentedInput,
  deviations: readonly number[] | null,
  kernels: WebAssembly.Module,
): BatchHook | null {
  if (augmentation === null) return null;
  const change =
    !hasBase && changesExamples(augmentation, input.kind)
      ? createRowsChanger(input, augmentation, deviations ?? [], kernels)
      : null;
  const { mixup } = augmentation;
  if (change === null && mixup === 0) return null;
  return (batch, rows, random) => {
    change?.(batch, rows, random);
    if (mixup > 0) mixAll(batch, rows, mixup, random);
  };
}

function createRowsChanger(
  input: InputSpec,
  augmentation: Augmentation,
  deviations: readonly number[],
  kernels: WebAssembly.Module,
): BatchHook {
  if (input.kind === 'image') return createPicturesChanger(input, augmentation, kernels);
  if (input.kind === 'tensor') return createNoise(rowRanges(augmentation).noise, deviations);
  const augmenter = createRowAugmenter(input.features, rowRanges(augmentation), deviations);
  return (batch, rows, random) => {
    for (let row = 0; row < rows; row++) augmenter.change(rowOf(batch, row), random);
  };
}

/** Noise on every number of a tensor, by how far its channel varies. */
function createNoise(noise: number, deviations: readonly number[]): BatchHook {
  const steps = Float64Array.from(deviations, (deviation) => noise * deviation);
  return (batch, rows, random) => {
    for (let row = 0; row < rows; row++) {
      const numbers = rowOf(batch, row);
      for (let i = 0; i < numbers.length; i++) {
        const step = steps[i % steps.length] as number;
        if (step !== 0) numbers[i] = (numbers[i] as number) + nearNormal(random) * step;
      }
    }
  };
}

function createPicturesChanger(
  input: Extract<InputSpec, { kind: 'image' }>,
  augmentation: Augmentation,
  kernels: WebAssembly.Module,
): BatchHook {
  const ranges = pictureRanges(augmentation);
  // What encodeInput makes of every pixel, and back.
  const encoded = Float32Array.from({ length: 256 }, (_, pixel) => pixel * input.scale + input.offset);
  const raw = new Float32Array(input.height * input.width * input.channels);
  return (batch, rows, random) => {
    // Borrowed for a batch at a time, so that nobody has to give it back when the training ends.
    const augmenter = createPictureAugmenter(kernels, input, ranges.fill);
    for (let at = 0; at < rows; at++) {
      const row = rowOf(batch, at);
      for (let i = 0; i < raw.length; i++) raw[i] = ((row[i] as number) - input.offset) / input.scale;
      const pixels = augmenter.apply(raw, drawPicture(ranges, input, random));
      for (let i = 0; i < raw.length; i++) row[i] = encoded[pixels[i] as number] as number;
    }
    augmenter.release();
  };
}

function rowOf({ inputs, weights }: Batch, row: number): Float32Array {
  const size = inputs.length / weights.length;
  return inputs.subarray(row * size, (row + 1) * size);
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
