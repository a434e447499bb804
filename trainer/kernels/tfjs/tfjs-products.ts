/**
 * Matrix products for TensorFlow.js, where stock kernels are slow: transposed operands, and weights that change.
 */
import type { TensorInfo } from '@tensorflow/tfjs';
import { type Call, sizeOf } from './tfjs-call.ts';
import type { TfjsHeap } from './tfjs-heap.ts';

interface Transposed {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}
export type ProductCall = Call<'a' | 'b', Transposed>;
export type FusedProductCall = Call<'a' | 'b', Transposed & { readonly activation: string }> & {
  readonly inputs: { readonly bias?: TensorInfo; readonly preluActivationWeights?: TensorInfo };
};

/** What an activation clamps to: those a product can end with. */
const CLAMPS: Readonly<Record<string, readonly [number, number]>> = {
  linear: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  relu: [0, Number.POSITIVE_INFINITY],
  relu6: [0, 6],
};

/** Below, packing the weights costs more than it gains: the stock kernel keeps its packing from call to call. */
const FEWEST_ROWS = 8;

/**
 * `BatchMatMul` of two single matrices, [m, k] times [k, n]; null where stock's own kernel is to do it (batches of
 * matrices, or few rows with nothing transposed).
 */
export function product(heap: TfjsHeap, { inputs, attrs }: ProductCall): TensorInfo | null {
  const { a, b } = inputs;
  const { transposeA, transposeB } = attrs;
  const [rows] = matrixSize(a, transposeA);
  if (!isOneMatrix(a) || !isOneMatrix(b) || (rows < FEWEST_ROWS && !transposeA && !transposeB)) return null;
  return multiply(heap, a, b, attrs, null, CLAMPS['linear'] as [number, number]);
}

/**
 * `_FusedMatMul`: [m, k] times [k, n] plus bias [n], then the activation; null where stock's own kernel is to do it
 * (an activation that is no clamp, PReLU weights, batches of matrices, few rows).
 */
export function fusedProduct(heap: TfjsHeap, { inputs, attrs }: FusedProductCall): TensorInfo | null {
  const { a, b, bias, preluActivationWeights } = inputs;
  const clamp = CLAMPS[attrs.activation];
  const [rows] = matrixSize(a, attrs.transposeA);
  const simple = clamp !== undefined && !preluActivationWeights && (!bias || bias.shape.length === 1);
  if (!simple || !isOneMatrix(a) || !isOneMatrix(b) || rows < FEWEST_ROWS) return null;
  return multiply(heap, a, b, attrs, bias ?? null, clamp);
}

function multiply(
  heap: TfjsHeap,
  a: TensorInfo,
  b: TensorInfo,
  { transposeA, transposeB }: Transposed,
  bias: TensorInfo | null,
  [low, high]: readonly [number, number],
): TensorInfo {
  const [rows, depth] = matrixSize(a, transposeA);
  const [, columns] = matrixSize(b, transposeB);
  const { kernels, address } = heap;
  const [flagA, flagB] = [transposeA ? 1 : 0, transposeB ? 1 : 0] as const;
  const rank = Math.max(a.shape.length, b.shape.length);
  const out = heap.output([...Array.from({ length: rank - 2 }, () => 1), rows, columns]);
  const scratch = heap.scratch(kernels.matmul_scratch(rows, depth, columns, flagA));
  const from = bias === null ? 0 : address(bias);
  const [left, right, to] = [address(a), address(b), address(out)];
  kernels.matmul(left, flagA, right, flagB, from, to, rows, depth, columns, low, high, scratch);
  return out;
}

/** One float matrix, whatever dimensions of 1 stand before it. */
function isOneMatrix({ shape, dtype }: TensorInfo): boolean {
  return dtype === 'float32' && sizeOf(shape.slice(0, -2)) === 1;
}

/** [rows, columns] as the product sees it. */
function matrixSize({ shape }: TensorInfo, transposed: boolean): [number, number] {
  const [rows = 1, columns = 1] = shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}
