/**
 * Augmented copies of an example: which copy it is and whose decides what is drawn, not when or beside what it is made.
 */
import { type Augmentation, pictureRanges } from '../../shared/model/spec/augmentation.ts';
import { seedFrom } from '../../shared/digest.ts';
import { createRandom, type Random } from '../../shared/random.ts';
import { drawPicture, type PictureDraw, type PictureSize } from './picture-draw.ts';
import type { RowAugmenter } from './row-augmenter.ts';

/** Which copy: the run's seed, the example's id, and 1, 2, 3, … */
export interface CopyName {
  readonly seed: number;
  readonly example: string;
  readonly copy: number;
}

/** What is done to a picture to make one of its copies. */
export function drawCopy(augmentation: Augmentation, size: PictureSize, name: CopyName): PictureDraw {
  return drawPicture(pictureRanges(augmentation), size, randomOf(name));
}

/** A copy of a tabular example, as the model sees it, [encodedSize]. */
export function copyRow(augmenter: RowAugmenter, encoded: Float32Array, name: CopyName): Float32Array {
  const row = encoded.slice();
  augmenter.change(row, randomOf(name));
  return row;
}

function randomOf({ seed, example, copy }: CopyName): Random {
  return createRandom(seedFrom('augmentation', seed, example, copy));
}
