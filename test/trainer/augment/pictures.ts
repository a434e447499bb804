/**
 * Ranges, draws and pictures that tests of augmentation share.
 */
import { pictureRanges } from '../../../shared/model/spec/augmentation.ts';
import { createRandom } from '../../../shared/random.ts';
import type { PictureShape } from '../../../trainer/augment/picture-augmenter.ts';
import type { PictureDraw } from '../../../trainer/augment/picture-draw.ts';

export const NOTHING = pictureRanges({});

export const ANYTHING = pictureRanges({
  rotation: 180,
  scale: [0.25, 4],
  shift: 0.5,
  shear: 40,
  crop: 0.3,
  horizontalFlip: 0.5,
  verticalFlip: 0.5,
  brightness: 0.5,
  contrast: 0.9,
  noise: 0.3,
  cutout: 0.6,
});

/** A draw that changes nothing. */
export const AS_IT_IS: PictureDraw = {
  rotation: 0,
  scale: 1,
  shift: { down: 0, right: 0 },
  shear: 0,
  crop: { share: 1, top: 0.3, left: 0.7 },
  flip: { horizontal: false, vertical: false },
  brightness: 0,
  contrast: 1,
  noise: { deviation: 0, seed: 1 },
  cutout: null,
};

/** Pixels uniform in [low, high]. */
export function noisePicture(
  { height, width, channels }: PictureShape,
  seed: number,
  low = 0,
  high = 255,
): Uint8Array {
  const random = createRandom(seed);
  return Uint8Array.from({ length: height * width * channels }, () => low + random.below(high - low + 1));
}
