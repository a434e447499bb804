/**
 * Matrix products for TensorFlow.js, where stock kernels are slow: transposed operands, and weights that change.
 */
import type { TensorInfo } from '@tensorflow/tfjs';
import { type Call } from './tfjs-call.ts';
import type { TfjsHeap } from './tfjs-heap.ts';
interface Transposed {
    readonly transposeA: boolean;
    readonly transposeB: boolean;
}
export type ProductCall = Call<'a' | 'b', Transposed>;
export type FusedProductCall = Call<'a' | 'b', Transposed & {
    readonly activation: string;
}> & {
    readonly inputs: {
        readonly bias?: TensorInfo;
        readonly preluActivationWeights?: TensorInfo;
    };
};
/**
 * `BatchMatMul` of two single matrices, [m, k] times [k, n]; null where stock's own kernel is to do it (batches of
 * matrices, or few rows with nothing transposed).
 */
export declare function product(heap: TfjsHeap, { inputs, attrs }: ProductCall): TensorInfo | null;
/**
 * `_FusedMatMul`: [m, k] times [k, n] plus bias [n], then the activation; null where stock's own kernel is to do it
 * (an activation that is no clamp, PReLU weights, batches of matrices, few rows).
 */
export declare function fusedProduct(heap: TfjsHeap, { inputs, attrs }: FusedProductCall): TensorInfo | null;
export {};
