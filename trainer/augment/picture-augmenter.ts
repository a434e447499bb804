/**
 * Pictures changed as drawn: geometry first, in one resampling; then contrast and brightness; noise; what is blotted
 * out last. Bytes in WASM memory from beginning to end, so the same bytes come out in Node and in workerd, on every
 * machine.
 */
import type { PictureRanges } from '../../shared/model/spec/augmentation.ts';
import { borrowWorkspace, type Workspace } from '../kernels/workspace.ts';
import { type Affine, composeAffine, isIdentity } from './affine.ts';
import type { PictureDraw, PictureSize, Rectangle } from './picture-draw.ts';

export interface PictureShape extends PictureSize {
  readonly channels: 1 | 3;
}

export interface PictureAugmenter {
  /**
   * @param raw  pixels 0 to 255, [height, width, channels]; they are rounded to whole numbers
   * @returns the changed pixels, a view that ends with the next call or wait
   */
  apply(raw: ArrayLike<number>, draw: PictureDraw): Uint8Array;
  /** Gives the memory back. Nothing else may be called afterwards. */
  release(): void;
}

/** Standard deviation of the sum of four random bytes that add_noise draws. */
const DRAW_DEVIATION = 147.8;
const FULL = 255;
const AFFINE_NUMBERS = 6;
/** add_noise and resample work on whole vectors of bytes, and the workspace counts floats. */
const floatsFor = (bytes: number): number => Math.ceil(bytes / 4);

/** @param kernels  `kernels.wasm`, compiled */
export function createPictureAugmenter(
  kernels: WebAssembly.Module,
  shape: PictureShape,
  fill: PictureRanges['fill'],
): PictureAugmenter {
  const workspace = borrowWorkspace(kernels);
  const count = shape.height * shape.width * shape.channels;
  const from = workspace.allocate(floatsFor(count));
  const to = workspace.allocate(floatsFor(count));
  const table = workspace.allocate(floatsFor(FULL + 1));
  const map = workspace.allocate(2 * AFFINE_NUMBERS);
  return {
    apply(raw, draw) {
      const pixels = workspace.bytes(to, count);
      const affine = composeAffine(draw, shape);
      round(raw, isIdentity(affine) ? pixels : workspace.bytes(from, count));
      if (!isIdentity(affine)) {
        workspace.doubles(map, AFFINE_NUMBERS).set(coefficients(affine));
        const { height, width, channels } = shape;
        workspace.kernels.resample(from, to, height, width, channels, fill === 'reflect' ? -1 : fill, map);
      }
      recolour(workspace, to, count, table, draw);
      addNoise(workspace, to, count, draw.noise);
      if (draw.cutout !== null) blotOut(pixels, shape, draw.cutout, blotOf(workspace, to, count, fill));
      return pixels;
    },
    release: () => workspace.release(),
  };
}

function round(raw: ArrayLike<number>, out: Uint8Array): void {
  if (raw instanceof Uint8Array) out.set(raw);
  else for (let i = 0; i < out.length; i++) out[i] = Math.round(raw[i] as number);
}

function coefficients({ xx, xy, x0, yx, yy, y0 }: Affine): number[] {
  return [xx, xy, x0, yx, yy, y0];
}

/** Contrast about the picture's own mean, so that only brightness moves the mean. */
function recolour(
  workspace: Workspace,
  pixels: number,
  count: number,
  table: number,
  { contrast, brightness }: PictureDraw,
): void {
  if (contrast === 1 && brightness === 0) return;
  const { kernels } = workspace;
  const mean = kernels.sum_bytes(pixels, count) / count;
  const lookup = workspace.bytes(table, FULL + 1);
  for (let value = 0; value <= FULL; value++) {
    lookup[value] = clamp(Math.round((value - mean) * contrast + mean + brightness * FULL));
  }
  kernels.look_up(pixels, count, table);
}

function addNoise(
  { kernels }: Workspace,
  pixels: number,
  count: number,
  { deviation, seed }: PictureDraw['noise'],
): void {
  const amplitude = Math.round(((deviation * FULL) / DRAW_DEVIATION) * 65_536);
  if (amplitude > 0) kernels.add_noise(pixels, count, amplitude, seed);
}

/** What a blotted-out pixel becomes: what comes in from outside where that is a value, else the picture's mean. */
function blotOf({ kernels }: Workspace, pixels: number, count: number, fill: PictureRanges['fill']): number {
  return fill === 'reflect' ? Math.round(kernels.sum_bytes(pixels, count) / count) : fill;
}

function blotOut(
  pixels: Uint8Array,
  { width, channels }: PictureShape,
  { top, left, bottom, right }: Rectangle,
  value: number,
): void {
  for (let y = top; y < bottom; y++) {
    pixels.fill(value, (y * width + left) * channels, (y * width + right) * channels);
  }
}

function clamp(value: number): number {
  return Math.min(FULL, Math.max(0, value));
}
