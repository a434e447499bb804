/**
 * The gradients of resizing images, for TensorFlow.js: what stock kernels get wrong.
 */
import type { TensorInfo } from '@tensorflow/tfjs';
import type { Call } from './tfjs-call.ts';
import type { TfjsHeap } from './tfjs-heap.ts';
export type ResizeCall = Call<'dy' | 'images', {
    readonly alignCorners: boolean;
    readonly halfPixelCenters: boolean;
}>;
/** What an output row or column is mixed from: two inputs, and how much the second counts. */
type Mix = readonly [low: number, high: number, share: number];
/** With half pixel centres; without them the stock kernels are right. */
export declare function resizeGradient(heap: TfjsHeap, { inputs, attrs }: ResizeCall, mix: (at: number, size: number) => Mix): TensorInfo | null;
/** @param at  the output's centre in the input, whose pixels are centred at 0.5, 1.5, … */
export declare function mixNearest(at: number, size: number): Mix;
/**
 * @param at  the output's centre in the input, whose pixels are centred at 0.5, 1.5, …
 * @returns the two pixels beside it, and the second one's share
 */
export declare function mixBilinear(at: number, size: number): Mix;
export {};
