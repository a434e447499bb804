/**
 * What training on TensorFlow.js's WASM backend lacks, gets wrong or does slowly, as kernels on the backend's own memory.
 *
 * Missing in 4.22: Conv2DBackpropFilter, DepthwiseConv2dNativeBackpropFilter and -Input, UnsortedSegmentSum.
 * Wrong: MaxPoolGrad where all of a window is negative, AvgPoolGrad with padding, the gradients of resizing with half
 * pixel centres. Slow: Conv2DBackpropInput, products with transposed operands,
 * products with weights that change. docs/kernels.md says how to use it alone.
 */
import type { backend_util, KernelFunc, TensorInfo } from '@tensorflow/tfjs';
import { attachKernels, type TfjsHeap } from './tfjs-heap.ts';

/** What it needs of `@tensorflow/tfjs`, passed in so that everyone speaks of the same engine. */
export type Tensorflow = Pick<
  typeof import('@tensorflow/tfjs'),
  'backend' | 'backend_util' | 'getKernel' | 'registerKernel' | 'unregisterKernel'
>;

/** A kernel's arguments, as each one reads them. */
interface Call<Inputs extends string, Attributes> {
  readonly inputs: Readonly<Record<Inputs, TensorInfo>>;
  readonly attrs: Attributes;
}

type Util = typeof backend_util;
type Shape4D = [number, number, number, number];
/** Answers null where the stock kernel is to do it. */
type Kernel = (call: Call<string, never>) => TensorInfo | null;

const BACKEND = 'wasm';

/**
 * Registers the kernels in place of the stock ones, or where there were none. The current backend must be the WASM one.
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
    DepthwiseConv2dNativeBackpropFilter: (call: FilterCall) => depthwiseFilterGradient(heap, util, call),
    DepthwiseConv2dNativeBackpropInput: (call: InputCall) => depthwiseInputGradient(heap, util, call),
    MaxPoolGrad: (call: PoolCall) => maxPoolGradient(heap, util, call),
    AvgPoolGrad: (call: PoolCall) => averagePoolGradient(heap, util, call),
    ResizeBilinearGrad: (call: ResizeCall) => resizeGradient(heap, call, mixBilinear),
    ResizeNearestNeighborGrad: (call: ResizeCall) => resizeGradient(heap, call, mixNearest),
    UnsortedSegmentSum: (call: SegmentCall) => segmentSum(heap, call),
    BatchMatMul: (call: ProductCall) => product(heap, call),
    _FusedMatMul: (call: FusedProductCall) => fusedProduct(heap, call),
  };
}

interface Sliding {
  readonly strides: number | [number, number];
  readonly dilations?: number | [number, number];
  readonly pad: Parameters<Util['computeConv2DInfo']>[4];
  readonly dataFormat?: 'NHWC' | 'NCHW';
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}
type FilterCall = Call<'x' | 'dy', Sliding & { readonly filterShape: Shape4D }>;
type InputCall = Call<'dy' | 'filter', Sliding & { readonly inputShape: Shape4D }>;

function convolutionFilterGradient(heap: TfjsHeap, util: Util, call: FilterCall): TensorInfo {
  const { x, dy } = call.inputs;
  const { filterShape, dataFormat } = call.attrs;
  if (dataFormat === 'NCHW') throw new Error('Conv2DBackpropFilter: expected channels last (NHWC), got NCHW');
  const geometry = heap.geometry(convolutionInfo(util, x.shape, filterShape, call.attrs, false));
  const dw = heap.output(filterShape);
  const scratch = heap.scratch(heap.kernels.convolution_scratch(geometry));
  const { kernels, address } = heap;
  kernels.convolution_filter_gradient(geometry, address(x), address(dy), address(dw), scratch);
  return dw;
}

function convolutionInputGradient(heap: TfjsHeap, util: Util, call: InputCall): TensorInfo | null {
  const { dy, filter } = call.inputs;
  const { inputShape, dataFormat } = call.attrs;
  if (dataFormat === 'NCHW') return null;
  const geometry = heap.geometry(convolutionInfo(util, inputShape, filter.shape, call.attrs, false));
  const dx = heap.output(inputShape);
  const scratch = heap.scratch(heap.kernels.convolution_scratch(geometry));
  const { kernels, address } = heap;
  kernels.convolution_input_gradient(geometry, address(dy), address(filter), address(dx), scratch);
  return dx;
}

function depthwiseFilterGradient(heap: TfjsHeap, util: Util, call: FilterCall): TensorInfo {
  const { x, dy } = call.inputs;
  const { filterShape } = call.attrs;
  const geometry = heap.geometry(convolutionInfo(util, x.shape, filterShape, call.attrs, true));
  const dw = heap.output(filterShape);
  heap.kernels.depthwise_filter_gradient(geometry, heap.address(x), heap.address(dy), heap.address(dw));
  return dw;
}

function depthwiseInputGradient(heap: TfjsHeap, util: Util, call: InputCall): TensorInfo {
  const { dy, filter } = call.inputs;
  const { inputShape } = call.attrs;
  const geometry = heap.geometry(convolutionInfo(util, inputShape, filter.shape, call.attrs, true));
  const dx = heap.output(inputShape);
  heap.kernels.depthwise_input_gradient(geometry, heap.address(dy), heap.address(filter), heap.address(dx));
  return dx;
}

/** The gradients of a plain convolution know no dilation: TensorFlow.js refuses it before it comes here. */
function convolutionInfo(
  util: Util,
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, dilations, pad, dimRoundingMode }: Sliding,
  depthwise: boolean,
): backend_util.Conv2DInfo {
  return util.computeConv2DInfo(
    inputShape as Shape4D,
    filterShape as Shape4D,
    strides,
    depthwise ? (dilations ?? 1) : 1,
    pad,
    dimRoundingMode,
    depthwise,
  );
}

type PoolCall = Call<'dy' | 'input', Sliding & { readonly filterSize: number | [number, number] }>;

function maxPoolGradient(heap: TfjsHeap, util: Util, call: PoolCall): TensorInfo {
  const { dy, input } = call.inputs;
  const { filterSize, strides, pad, dimRoundingMode } = call.attrs;
  const shape = input.shape as Shape4D;
  const geometry = heap.geometry(util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode));
  const dx = heap.output(shape);
  heap.kernels.max_pool_gradient(geometry, heap.address(input), heap.address(dy), heap.address(dx));
  return dx;
}

function averagePoolGradient(heap: TfjsHeap, util: Util, call: PoolCall): TensorInfo {
  const { dy, input } = call.inputs;
  const { filterSize, strides, pad, dimRoundingMode } = call.attrs;
  const shape = input.shape as Shape4D;
  const geometry = heap.geometry(util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode));
  const dx = heap.output(shape);
  heap.kernels.average_pool_gradient(geometry, heap.address(dy), heap.address(dx));
  return dx;
}

type ResizeCall = Call<
  'dy' | 'images',
  { readonly alignCorners: boolean; readonly halfPixelCenters: boolean }
>;

/** What an output row or column is mixed from: two inputs, and how much the second counts. */
type Mix = readonly [low: number, high: number, share: number];

/** As in resize.c: two integers and a float. */
const MIX_BYTES = 12;

/** With half pixel centres; without them the stock kernels are right. */
function resizeGradient(
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
function mixNearest(at: number, size: number): Mix {
  const nearest = Math.min(size - 1, Math.floor(at));
  return [nearest, nearest, 0];
}

function mixBilinear(at: number, size: number): Mix {
  const from = Math.max(0, at - 0.5);
  const low = Math.min(size - 1, Math.floor(from));
  return [low, Math.min(size - 1, low + 1), from - low];
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

interface Transposed {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}
type ProductCall = Call<'a' | 'b', Transposed>;
type FusedProductCall = Call<'a' | 'b', Transposed & { readonly activation: string }> & {
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

function product(heap: TfjsHeap, { inputs, attrs }: ProductCall): TensorInfo | null {
  const { a, b } = inputs;
  const { transposeA, transposeB } = attrs;
  const [rows] = matrixSize(a, transposeA);
  if (!isOneMatrix(a) || !isOneMatrix(b) || (rows < FEWEST_ROWS && !transposeA && !transposeB)) return null;
  return multiply(heap, a, b, attrs, null, CLAMPS['linear'] as [number, number]);
}

function fusedProduct(heap: TfjsHeap, { inputs, attrs }: FusedProductCall): TensorInfo | null {
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

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}
