/**
 * How TensorFlow.js calls a kernel.
 */
import type { backend_util, TensorInfo } from '@tensorflow/tfjs';

/** A kernel's arguments, as each one reads them. */
export interface Call<Inputs extends string, Attributes> {
  readonly inputs: Readonly<Record<Inputs, TensorInfo>>;
  readonly attrs: Attributes;
}

export type Util = typeof backend_util;
export type Shape4D = [number, number, number, number];
export type Shape5D = [number, number, number, number, number];

/** How many numbers a shape holds; 1 of a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}
