/**
 * Bilinear resampling as the textbook has it, in doubles, one pixel after the other: the oracle of the kernel. It
 * takes angles from the engine and matrices from products of elementary ones, and shares no code with what it judges.
 */
import type { PictureRanges } from '../../../shared/model/spec/augmentation.ts';
import type { PictureDraw } from '../../../trainer/augment/picture-draw.ts';
import type { PictureShape } from '../../../trainer/augment/picture-augmenter.ts';

type Matrix = readonly [readonly number[], readonly number[], readonly number[]];

const multiply = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) =>
    [0, 1, 2].map((j) => row.reduce((sum, value, k) => sum + value * (b[k]?.[j] ?? 0), 0)),
  ) as unknown as Matrix;
const move = (x: number, y: number): Matrix => [
  [1, 0, x],
  [0, 1, y],
  [0, 0, 1],
];
const stretch = (x: number, y: number): Matrix => [
  [x, 0, 0],
  [0, y, 0],
  [0, 0, 1],
];

/** The map forwards, from a point of the picture to a point of the result; points of pixel centres are at n + 0.5. */
function forwardMap(draw: PictureDraw, { height, width }: PictureShape): Matrix {
  const angle = (draw.rotation * Math.PI) / 180;
  const lean = Math.tan((draw.shear * Math.PI) / 180);
  const { share, top, left } = draw.crop;
  const steps: Matrix[] = [
    move(-width / 2, -height / 2),
    stretch(draw.flip.horizontal ? -1 : 1, draw.flip.vertical ? -1 : 1),
    [
      [1, lean, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    stretch(draw.scale, draw.scale),
    // Counter-clockwise to the eye, and y points down.
    [
      [Math.cos(angle), Math.sin(angle), 0],
      [-Math.sin(angle), Math.cos(angle), 0],
      [0, 0, 1],
    ],
    move(width / 2 + draw.shift.right * width, height / 2 + draw.shift.down * height),
    move(-left * (1 - share) * width, -top * (1 - share) * height),
    stretch(1 / share, 1 / share),
  ];
  return steps.reduce((whole, step) => multiply(step, whole));
}

function invert([[a = 0, b = 0, c = 0], [d = 0, e = 0, f = 0]]: Matrix): Matrix {
  const det = a * e - b * d;
  return [
    [e / det, -b / det, (b * f - c * e) / det],
    [-d / det, a / det, (c * d - a * f) / det],
    [0, 0, 1],
  ];
}

/** @returns pixels that are not rounded, [height, width, channels] */
export function resampleNaively(
  pixels: ArrayLike<number>,
  shape: PictureShape,
  fill: PictureRanges['fill'],
  draw: PictureDraw,
): Float64Array {
  const { height, width, channels } = shape;
  const [[a = 0, b = 0, c = 0], [d = 0, e = 0, f = 0]] = invert(forwardMap(draw, shape));
  const bounce = (at: number, size: number): number => {
    let i = at;
    while (i < 0 || i >= size) i = i < 0 ? -1 - i : 2 * size - 1 - i;
    return i;
  };
  const pixel = (y: number, x: number, channel: number): number => {
    if (fill !== 'reflect' && (y < 0 || x < 0 || y >= height || x >= width)) return fill;
    return pixels[(bounce(y, height) * width + bounce(x, width)) * channels + channel] ?? 0;
  };
  const out = new Float64Array(height * width * channels);
  for (let i = 0; i < out.length; i++) {
    const channel = i % channels;
    const x = (Math.floor(i / channels) % width) + 0.5;
    const y = Math.floor(i / channels / width) + 0.5;
    const fromX = a * x + b * y + c - 0.5;
    const fromY = d * x + e * y + f - 0.5;
    const [x0, y0] = [Math.floor(fromX), Math.floor(fromY)];
    const [right, down] = [fromX - x0, fromY - y0];
    out[i] =
      (1 - down) * ((1 - right) * pixel(y0, x0, channel) + right * pixel(y0, x0 + 1, channel)) +
      down * ((1 - right) * pixel(y0 + 1, x0, channel) + right * pixel(y0 + 1, x0 + 1, channel));
  }
  return out;
}
