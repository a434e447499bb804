import type { backend_util, DataId, TensorInfo } from '@tensorflow/tfjs';
import { type TrainingKernels } from '../training-kernels.ts';
/** Of images, or of volumes. */
type Sizes = backend_util.Conv2DInfo | backend_util.Conv3DInfo;
export interface TfjsHeap {
    readonly kernels: TrainingKernels;
    /** Where a tensor's values are. They stay there until it is disposed. */
    readonly address: (tensor: Pick<TensorInfo, 'dataId'>) => number;
    /** A float32 tensor whose values are not set. */
    output(shape: number[]): TensorInfo;
    /** A float32 tensor with the values of another. */
    copy(tensor: TensorInfo): TensorInfo;
    /** Room for so many floats until the next call of `scratch`. */
    scratch(floats: number): number;
    /** Writes the sizes for the kernels that slide; they stand until the next call. */
    geometry(info: Sizes): number;
    /** A view of what `scratch` gave; it ends when the heap grows. */
    view(address: number, bytes: number): DataView;
    /** Room for the settings of an optimizer, of its own. */
    settings(numbers: readonly number[]): number;
    /** Whether other tensors share a tensor's values. */
    isShared(tensor: Pick<TensorInfo, 'dataId'>): boolean;
    /** Must follow every change in place: drops what stock kernels keep of a tensor, weights packed for a product. */
    forgetPacked(tensor: {
        readonly dataId: DataId;
        readonly size: number;
    }): void;
}
/**
 * Starts the kernels on a backend's memory; a second call with the same backend gives the same heap.
 *
 * @param backend  the WASM backend (`tf.backend()`), in its variant without threads
 * @param module   `kernels.wasm`, compiled (kernels-node.ts, kernels-worker.ts)
 * @throws TypeError when it is another backend, or the variant with threads
 */
export declare function attachKernels(backend: object, module: WebAssembly.Module): TfjsHeap;
export {};
