/**
 * Dense float32 arrays with a shape, as they stand in weight files. Nothing here computes.
 */

export type Shape = readonly number[];

export interface Tensor {
  readonly shape: Shape;
  /** Row-major, length = the product of the shape. */
  readonly data: Float32Array;
}

/** Number of elements; 1 for a scalar's empty shape. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** Whether both have the same axes with the same sizes. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}
