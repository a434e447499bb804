/**
 * What training on TensorFlow.js's WASM backend lacks, gets wrong or does slowly, as kernels on the backend's own memory.
 *
 * Missing in 4.22: Conv2DBackpropFilter, DepthwiseConv2dNativeBackpropFilter and -Input, UnsortedSegmentSum.
 * Wrong: MaxPoolGrad, MaxPool3D and its gradient where all of a window is negative, AvgPoolGrad and AvgPool3DGrad with padding,
 * Conv3DBackpropInputV2, the gradients of resizing with half pixel centres. Slow: Conv2DBackpropInput, products with
 * transposed operands, products with weights that change. docs/kernels.md says how to use it alone.
 */
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs';
import { type Call, sizeOf, type Util } from './tfjs-call.ts';
import { replaceAdam, type Tensorflow as AdamTensorflow } from './tfjs-adam.ts';
import { attachKernels, type TfjsHeap } from './tfjs-heap.ts';
import { type FusedProductCall, fusedProduct, product, type ProductCall } from './tfjs-products.ts';
import { mixBilinear, mixNearest, type ResizeCall, resizeGradient } from './tfjs-resize.ts';
import {
  convolutionFilterGradient,
  convolutionInputGradient,
  depthwiseFilterGradient,
  depthwiseInputGradient,
  type FilterCall,
  type InputCall,
  maxPoolVolume,
  type PoolCall,
  poolGradient,
  type VolumeFilterCall,
  volumeFilterGradient,
  type VolumeInputCall,
  volumeInputGradient,
  type VolumeMaxPoolCall,
  type VolumePoolCall,
  volumePoolGradient,
} from './tfjs-sliding.ts';

/** What it needs of `@tensorflow/tfjs`, passed in so that everyone speaks of the same engine. */
export type Tensorflow = AdamTensorflow &
  Pick<
    typeof import('@tensorflow/tfjs'),
    'backend_util' | 'getKernel' | 'registerKernel' | 'unregisterKernel'
  >;

/** Answers null where the stock kernel is to do it. */
type Kernel = (call: Call<string, never>) => TensorInfo | null;

const BACKEND = 'wasm';

/**
 * Registers the kernels in place of the stock ones, or where there were none, and takes the steps of every
 * `tf.train.adam` in one pass. The current backend must be the WASM one.
 *
 * @param tf      `@tensorflow/tfjs`, or tfjs-core
 * @param module  `kernels.wasm`, compiled (kernels-node.ts, kernels-worker.ts)
 * @returns a function that puts the stock kernels back
 * @throws TypeError when another backend is current
 */
export function registerTrainingKernels(tf: Tensorflow, module: WebAssembly.Module): () => void {
  const heap = attachKernels(tf.backend(), module);
  const kernels = createKernels(heap, tf.backend_util);
  const restore = Object.entries(kernels).map(([name, kernel]) => replaceKernel(tf, name, kernel as Kernel));
  restore.push(replaceAdam(tf, heap));
  return () => {
    for (const putBack of restore) putBack();
  };
}

function replaceKernel(tf: Tensorflow, kernelName: string, kernel: Kernel): () => void {
  const stock = tf.getKernel(kernelName, BACKEND);
  const kernelFunc: KernelFunc = (call) => {
    const answer = kernel(call as unknown as Call<string, never>);
    if (answer !== null) return answer;
    if (stock) return stock.kernelFunc(call);
    throw new Error(`${kernelName}: there is no stock kernel to leave this to`);
  };
  if (stock) tf.unregisterKernel(kernelName, BACKEND);
  // Not the stock kernel's `setupFunc`: it ran already when the backend started.
  tf.registerKernel({ kernelName, backendName: BACKEND, kernelFunc });
  return () => {
    tf.unregisterKernel(kernelName, BACKEND);
    if (stock) tf.registerKernel(stock);
  };
}

function createKernels(heap: TfjsHeap, util: Util) {
  return {
    Conv2DBackpropFilter: (call: FilterCall) => convolutionFilterGradient(heap, util, call),
    Conv2DBackpropInput: (call: InputCall) => convolutionInputGradient(heap, util, call),
    Conv3DBackpropFilterV2: (call: VolumeFilterCall) => volumeFilterGradient(heap, util, call),
    Conv3DBackpropInputV2: (call: VolumeInputCall) => volumeInputGradient(heap, util, call),
    DepthwiseConv2dNativeBackpropFilter: (call: FilterCall) => depthwiseFilterGradient(heap, util, call),
    DepthwiseConv2dNativeBackpropInput: (call: InputCall) => depthwiseInputGradient(heap, util, call),
    MaxPoolGrad: (call: PoolCall) => poolGradient(heap, util, call, 'max'),
    AvgPoolGrad: (call: PoolCall) => poolGradient(heap, util, call, 'average'),
    MaxPool3D: (call: VolumeMaxPoolCall) => maxPoolVolume(heap, util, call),
    MaxPool3DGrad: (call: VolumePoolCall) => volumePoolGradient(heap, util, call, 'max'),
    AvgPool3DGrad: (call: VolumePoolCall) => volumePoolGradient(heap, util, call, 'average'),
    ResizeBilinearGrad: (call: ResizeCall) => resizeGradient(heap, call, mixBilinear),
    ResizeNearestNeighborGrad: (call: ResizeCall) => resizeGradient(heap, call, mixNearest),
    UnsortedSegmentSum: (call: SegmentCall) => segmentSum(heap, call),
    BatchMatMul: (call: ProductCall) => product(heap, call),
    _FusedMatMul: (call: FusedProductCall) => fusedProduct(heap, call),
  };
}

type SegmentCall = Call<'x' | 'segmentIds', { readonly numSegments: number }>;

function segmentSum(heap: TfjsHeap, { inputs, attrs }: SegmentCall): TensorInfo {
  const { x, segmentIds } = inputs;
  const [rows = 0, ...rest] = x.shape;
  if (segmentIds.shape.length !== 1 || x.dtype !== 'float32') {
    const got = `ids of rank ${segmentIds.shape.length} and ${x.dtype} values`;
    throw new Error(`UnsortedSegmentSum: expected ids of rank 1 and float32 values, got ${got}`);
  }
  const out = heap.output([attrs.numSegments, ...rest]);
  const { kernels, address } = heap;
  kernels.segment_sum(address(x), address(segmentIds), address(out), rows, sizeOf(rest), attrs.numSegments);
  return out;
}
