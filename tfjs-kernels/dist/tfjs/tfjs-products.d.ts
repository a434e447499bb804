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
export declare function product(heap: TfjsHeap, { inputs, attrs }: ProductCall): TensorInfo | null;
export declare function fusedProduct(heap: TfjsHeap, { inputs, attrs }: FusedProductCall): TensorInfo | null;
export {};
