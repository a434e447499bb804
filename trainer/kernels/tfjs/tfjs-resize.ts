/**
 * The gradients of resizing images, for TensorFlow.js: what stock kernels get wrong.
 */
import type { TensorInfo } from '@tensorflow/tfjs';
import type { Call, Shape4D } from './tfjs-call.ts';
import type { TfjsHeap } from './tfjs-heap.ts';

export type ResizeCall = Call<
  'dy' | 'images',
  { readonly alignCorners: boolean; readonly halfPixelCenters: boolean }
>;

/** What an output row or column is mixed from: two inputs, and how much the second counts. */
type Mix = readonly [low: number, high: number, share: number];

/** As in resize.c: two integers and a float. */
const MIX_BYTES = 12;

/** With half pixel centres; without them the stock kernels are right. */
export function resizeGradient(
  heap: TfjsHeap,
  { inputs, attrs }: ResizeCall,
  mix: (at: number, size: number) => Mix,
): TensorInfo | null {
  if (!attrs.halfPixelCenters || attrs.alignCorners) return null;
  const { dy, images } = inputs;
  const [batch, inHeight, inWidth, channels] = images.shape as Shape4D;
  const [, outHeight, outWidth] = dy.shape as Shape4D;
  const dx = heap.output(images.shape);
  const bytes = (outHeight + outWidth) * MIX_BYTES;
  const rows = heap.scratch(bytes / Float32Array.BYTES_PER_ELEMENT);
  const view = heap.view(rows, bytes);
  writeMixes(view, 0, inHeight, outHeight, mix);
  writeMixes(view, outHeight, inWidth, outWidth, mix);
  const { kernels, address } = heap;
  const [from, columns, to] = [address(dy), rows + outHeight * MIX_BYTES, address(dx)];
  kernels.resize_gradient(from, rows, columns, to, batch, inHeight, inWidth, outHeight, outWidth, channels);
  return dx;
}

function writeMixes(
  view: DataView,
  first: number,
  inSize: number,
  outSize: number,
  mix: (at: number, size: number) => Mix,
): void {
  for (let i = 0; i < outSize; i++) {
    const [low, high, share] = mix(((i + 0.5) * inSize) / outSize, inSize);
    const at = (first + i) * MIX_BYTES;
    view.setInt32(at, low, true);
    view.setInt32(at + 4, high, true);
    view.setFloat32(at + 8, share, true);
  }
}

/** @param at  the output's centre in the input, whose pixels are centred at 0.5, 1.5, … */
export function mixNearest(at: number, size: number): Mix {
  const nearest = Math.min(size - 1, Math.floor(at));
  return [nearest, nearest, 0];
}

/**
 * @param at  the output's centre in the input, whose pixels are centred at 0.5, 1.5, …
 * @returns the two pixels beside it, and the second one's share
 */
export function mixBilinear(at: number, size: number): Mix {
  const from = Math.max(0, at - 0.5);
  const low = Math.min(size - 1, Math.floor(from));
  return [low, Math.min(size - 1, low + 1), from - low];
}
