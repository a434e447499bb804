import { sizeOf } from './tfjs-call.js';
import { replaceAdam } from './tfjs-adam.js';
import { attachKernels } from './tfjs-heap.js';
import { fusedProduct, product } from './tfjs-products.js';
import { mixBilinear, mixNearest, resizeGradient } from './tfjs-resize.js';
import { convolutionFilterGradient, convolutionInputGradient, depthwiseFilterGradient, depthwiseInputGradient, maxPoolVolume, poolGradient, volumeFilterGradient, volumeInputGradient, volumePoolGradient, } from './tfjs-sliding.js';
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
export function registerTrainingKernels(tf, module) {
    const heap = attachKernels(tf.backend(), module);
    const kernels = createKernels(heap, tf.backend_util);
    const restore = Object.entries(kernels).map(([name, kernel]) => replaceKernel(tf, name, kernel));
    restore.push(replaceAdam(tf, heap));
    return () => {
        for (const putBack of restore)
            putBack();
    };
}
function replaceKernel(tf, kernelName, kernel) {
    const stock = tf.getKernel(kernelName, BACKEND);
    const kernelFunc = (call) => {
        const answer = kernel(call);
        if (answer !== null)
            return answer;
        if (stock)
            return stock.kernelFunc(call);
        throw new Error(`${kernelName}: there is no stock kernel to leave this to`);
    };
    if (stock)
        tf.unregisterKernel(kernelName, BACKEND);
    // Not the stock kernel's `setupFunc`: it ran already when the backend started.
    tf.registerKernel({ kernelName, backendName: BACKEND, kernelFunc });
    return () => {
        tf.unregisterKernel(kernelName, BACKEND);
        if (stock)
            tf.registerKernel(stock);
    };
}
function createKernels(heap, util) {
    return {
        Conv2DBackpropFilter: (call) => convolutionFilterGradient(heap, util, call),
        Conv2DBackpropInput: (call) => convolutionInputGradient(heap, util, call),
        Conv3DBackpropFilterV2: (call) => volumeFilterGradient(heap, util, call),
        Conv3DBackpropInputV2: (call) => volumeInputGradient(heap, util, call),
        DepthwiseConv2dNativeBackpropFilter: (call) => depthwiseFilterGradient(heap, util, call),
        DepthwiseConv2dNativeBackpropInput: (call) => depthwiseInputGradient(heap, util, call),
        MaxPoolGrad: (call) => poolGradient(heap, util, call, 'max'),
        AvgPoolGrad: (call) => poolGradient(heap, util, call, 'average'),
        MaxPool3D: (call) => maxPoolVolume(heap, util, call),
        MaxPool3DGrad: (call) => volumePoolGradient(heap, util, call, 'max'),
        AvgPool3DGrad: (call) => volumePoolGradient(heap, util, call, 'average'),
        ResizeBilinearGrad: (call) => resizeGradient(heap, call, mixBilinear),
        ResizeNearestNeighborGrad: (call) => resizeGradient(heap, call, mixNearest),
        UnsortedSegmentSum: (call) => segmentSum(heap, call),
        BatchMatMul: (call) => product(heap, call),
        _FusedMatMul: (call) => fusedProduct(heap, call),
    };
}
function segmentSum(heap, { inputs, attrs }) {
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
