/**
 * All that moves pixels, composed into one map, so that a picture is resampled once and blurred once.
 */
import { cosineOfDegrees, sineOfDegrees } from '../../shared/exact-math.ts';
import type { PictureDraw, PictureSize } from './picture-draw.ts';

/** From an output pixel to where it is taken from: x' = xx x + xy y + x0, y' = yx x + yy y + y0, in pixels. */
export interface Affine {
  readonly xx: number;
  readonly xy: number;
  readonly x0: number;
  readonly yx: number;
  readonly yy: number;
  readonly y0: number;
}

/**
 * The picture is flipped, sheared, enlarged, turned and shifted, in this order and about its middle; then the crop
 * becomes the whole. The map leads back: from a pixel of the result to its source.
 */
export function composeAffine(draw: PictureDraw, { height, width }: PictureSize): Affine {
  const { rotation, scale, shift, shear, crop, flip } = draw;
  const [cos, sin] = [cosineOfDegrees(rotation), sineOfDegrees(rotation)];
  const lean = sineOfDegrees(shear) / cosineOfDegrees(shear);
  // Back through rotation and enlargement, then through the shear (x' = x - lean y), then through the flips.
  const [rx, ry] = [cos / scale, sin / scale];
  const [sx, sy] = [flip.horizontal ? -1 : 1, flip.vertical ? -1 : 1];
  const back = { xx: sx * (rx - lean * ry), xy: sx * (-ry - lean * rx), yx: sy * ry, yy: sy * rx };
  // The middle of the crop, seen from the picture's, and without the shift.
  const away = (corner: number, side: number): number => (1 - crop.share) * (corner - 0.5) * side;
  const dx = away(crop.left, width) - shift.right * width;
  const dy = away(crop.top, height) - shift.down * height;
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2];
  const linear = {
    xx: back.xx * crop.share,
    xy: back.xy * crop.share,
    yx: back.yx * crop.share,
    yy: back.yy * crop.share,
  };
  return {
    ...linear,
    x0: middleX + back.xx * dx + back.xy * dy - linear.xx * middleX - linear.xy * middleY,
    y0: middleY + back.yx * dx + back.yy * dy - linear.yx * middleX - linear.yy * middleY,
  };
}

/** Whether every pixel stays where it is. */
export function isIdentity({ xx, xy, x0, yx, yy, y0 }: Affine): boolean {
  return xx === 1 && yy === 1 && xy === 0 && yx === 0 && x0 === 0 && y0 === 0;
}
