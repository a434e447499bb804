/**
 * What is done to one picture: every parameter drawn within the spec's ranges, as plain data that a preview can show.
 */
import type { PictureRanges } from '../../shared/model/spec/augmentation.ts';
import type { Random } from '../../shared/random.ts';

export interface PictureSize {
  readonly height: number;
  readonly width: number;
}

export interface PictureDraw {
  /** degrees, counter-clockwise */
  readonly rotation: number;
  /** enlargement */
  readonly scale: number;
  /** shares of height and width, down and to the right */
  readonly shift: { readonly down: number; readonly right: number };
  /** degrees by which upright lines lean to the left at their top */
  readonly shear: number;
  /** the part that becomes the whole: its share of the sides, and its corner as shares of what is left of them */
  readonly crop: { readonly share: number; readonly top: number; readonly left: number };
  readonly flip: { readonly horizontal: boolean; readonly vertical: boolean };
  /** share of the range 0 to 255, added */
  readonly brightness: number;
  /** factor of the differences from the picture's mean */
  readonly contrast: number;
  /** standard deviation as a share of the range, and the seed of its draws */
  readonly noise: { readonly deviation: number; readonly seed: number };
  /** what is blotted out, in pixels, the ends exclusive; null when nothing is */
  readonly cutout: Rectangle | null;
}

export interface Rectangle {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/**
 * Every parameter takes its numbers from the generator in the same order whether it is wanted or not: so a range that
 * is changed in the spec changes nothing but its own parameter.
 */
export function drawPicture(ranges: PictureRanges, size: PictureSize, random: Random): PictureDraw {
  const around = (range: number): number => (2 * random.uniform() - 1) * range;
  const between = (low: number, high: number): number => low + (high - low) * random.uniform();
  return {
    rotation: around(ranges.rotation),
    scale: between(...ranges.scale),
    shift: { down: around(ranges.shift), right: around(ranges.shift) },
    shear: around(ranges.shear),
    crop: { share: between(ranges.crop, 1), top: random.uniform(), left: random.uniform() },
    flip: {
      horizontal: random.uniform() < ranges.horizontalFlip,
      vertical: random.uniform() < ranges.verticalFlip,
    },
    brightness: around(ranges.brightness),
    contrast: 1 + around(ranges.contrast),
    noise: { deviation: between(0, ranges.noise), seed: random.below(2 ** 32) },
    cutout: drawCutout(ranges.cutout, size, random),
  };
}

/** Centred anywhere in the picture, so that it may reach over the edge (DeVries & Taylor 2017). */
function drawCutout(share: number, { height, width }: PictureSize, random: Random): Rectangle | null {
  const [high, wide] = [Math.round(share * height), Math.round(share * width)];
  const top = random.below(height) - (high >> 1);
  const left = random.below(width) - (wide >> 1);
  if (high === 0 || wide === 0) return null;
  return {
    top: Math.max(0, top),
    left: Math.max(0, left),
    bottom: Math.min(height, top + high),
    right: Math.min(width, left + wide),
  };
}
