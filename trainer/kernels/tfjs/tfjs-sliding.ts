/**
 * The gradients of convolutions and of pooling, for TensorFlow.js: over images and over volumes.
 */
import type { backend_util, TensorInfo } from '@tensorflow/tfjs';
import type { Call, Shape4D, Shape5D, Util } from './tfjs-call.ts';
import type { TfjsHeap } from './tfjs-heap.ts';

interface Sliding<Steps> {
  readonly strides: number | Steps;
  readonly dilations?: number | Steps;
  readonly pad: Parameters<Util['computeConv2DInfo']>[4];
  readonly dataFormat?: 'NHWC' | 'NCHW' | 'NDHWC' | 'NCDHW';
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}
type Pair = [number, number];
type Triple = [number, number, number];

export type FilterCall = Call<'x' | 'dy', Sliding<Pair> & { readonly filterShape: Shape4D }>;
export type InputCall = Call<'dy' | 'filter', Sliding<Pair> & { readonly inputShape: Shape4D }>;
export type VolumeFilterCall = Call<'x' | 'dy', Sliding<Triple> & { readonly filterShape: Shape5D }>;
export type VolumeInputCall = Call<'dy' | 'filter', Sliding<Triple> & { readonly inputShape: Shape5D }>;

/**
 * `Conv2DBackpropFilter`: x [n, height, width, in] and dy [n, outHeight, outWidth, out] to dw [filterHeight,
 * filterWidth, in, out]. Throws for channels first.
 */
export function convolutionFilterGradient(
  heap: TfjsHeap,
  util: Util,
  { inputs, attrs }: FilterCall,
): TensorInfo {
  expectChannelsLast('Conv2DBackpropFilter', attrs);
  const { x, dy } = inputs;
  return filterGradient(heap, convolutionInfo(util, x.shape, attrs.filterShape, attrs), x, dy);
}

/**
 * `Conv2DBackpropInput`: dy [n, outHeight, outWidth, out] to dx [n, height, width, in]; null for channels first, which
 * stock's own kernel does.
 */
export function convolutionInputGradient(
  heap: TfjsHeap,
  util: Util,
  { inputs, attrs }: InputCall,
): TensorInfo | null {
  if (attrs.dataFormat === 'NCHW') return null;
  const { dy, filter } = inputs;
  return inputGradient(heap, convolutionInfo(util, attrs.inputShape, filter.shape, attrs), dy, filter);
}

/**
 * `Conv3DBackpropFilterV2`: x [n, depth, height, width, in] and dy to dw [filterDepth, filterHeight, filterWidth, in,
 * out].
 */
export function volumeFilterGradient(
  heap: TfjsHeap,
  util: Util,
  { inputs, attrs }: VolumeFilterCall,
): TensorInfo {
  const { x, dy } = inputs;
  return filterGradient(heap, volumeInfo(util, x.shape, attrs.filterShape, attrs), x, dy);
}

/** `Conv3DBackpropInputV2`: dy [n, outDepth, outHeight, outWidth, out] to dx [n, depth, height, width, in]. */
export function volumeInputGradient(
  heap: TfjsHeap,
  util: Util,
  { inputs, attrs }: VolumeInputCall,
): TensorInfo {
  const { dy, filter } = inputs;
  return inputGradient(heap, volumeInfo(util, attrs.inputShape, filter.shape, attrs), dy, filter);
}

type ConvolutionInfo = backend_util.Conv2DInfo | backend_util.Conv3DInfo;

function filterGradient(heap: TfjsHeap, info: ConvolutionInfo, x: TensorInfo, dy: TensorInfo): TensorInfo {
  const geometry = heap.geometry(info);
  const dw = heap.output([...info.filterShape]);
  const scratch = heap.scratch(heap.kernels.convolution_scratch(geometry));
  const { kernels, address } = heap;
  kernels.convolution_filter_gradient(geometry, address(x), address(dy), address(dw), scratch);
  return dw;
}

function inputGradient(
  heap: TfjsHeap,
  info: ConvolutionInfo,
  dy: TensorInfo,
  filter: TensorInfo,
): TensorInfo {
  const geometry = heap.geometry(info);
  const dx = heap.output([...info.inShape]);
  const scratch = heap.scratch(heap.kernels.convolution_scratch(geometry));
  const { kernels, address } = heap;
  kernels.convolution_input_gradient(geometry, address(dy), address(filter), address(dx), scratch);
  return dx;
}

/** `DepthwiseConv2dNativeBackpropFilter`: to dw [filterHeight, filterWidth, in, multiplier], dilations included. */
export function depthwiseFilterGradient(
  heap: TfjsHeap,
  util: Util,
  { inputs, attrs }: FilterCall,
): TensorInfo {
  const { x, dy } = inputs;
  const geometry = heap.geometry(depthwiseInfo(util, x.shape, attrs.filterShape, attrs));
  const dw = heap.output(attrs.filterShape);
  heap.kernels.depthwise_filter_gradient(geometry, heap.address(x), heap.address(dy), heap.address(dw));
  return dw;
}

/** `DepthwiseConv2dNativeBackpropInput`: to dx [n, height, width, in], dilations included. */
export function depthwiseInputGradient(heap: TfjsHeap, util: Util, { inputs, attrs }: InputCall): TensorInfo {
  const { dy, filter } = inputs;
  const geometry = heap.geometry(depthwiseInfo(util, attrs.inputShape, filter.shape, attrs));
  const dx = heap.output(attrs.inputShape);
  heap.kernels.depthwise_input_gradient(geometry, heap.address(dy), heap.address(filter), heap.address(dx));
  return dx;
}

function expectChannelsLast(kernel: string, { dataFormat }: Sliding<unknown>): void {
  if (dataFormat === 'NCHW') throw new Error(`${kernel}: expected channels last (NHWC), got NCHW`);
}

/** The gradients of a plain convolution know no dilation: TensorFlow.js refuses it before it comes here. */
function convolutionInfo(
  util: Util,
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dimRoundingMode }: Sliding<Pair>,
): backend_util.Conv2DInfo {
  const [input, filter] = [inputShape as Shape4D, filterShape as Shape4D];
  return util.computeConv2DInfo(input, filter, strides, 1, pad, dimRoundingMode);
}

function volumeInfo(
  util: Util,
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad }: Sliding<Triple>,
): backend_util.Conv3DInfo {
  const [input, filter] = [inputShape as Shape5D, filterShape as Shape5D];
  return util.computeConv3DInfo(input, filter, strides, 1, pad as 'same' | 'valid');
}

function depthwiseInfo(
  util: Util,
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, dilations, pad, dimRoundingMode }: Sliding<Pair>,
): backend_util.Conv2DInfo {
  const [input, filter] = [inputShape as Shape4D, filterShape as Shape4D];
  return util.computeConv2DInfo(input, filter, strides, dilations ?? 1, pad, dimRoundingMode, true);
}

export type PoolCall = Call<'dy' | 'input', Sliding<Pair> & { readonly filterSize: number | Pair }>;
type VolumePooling = Sliding<Triple> & { readonly filterSize: number | Triple };
export type VolumePoolCall = Call<'dy' | 'input', VolumePooling>;
export type VolumeMaxPoolCall = Call<'x', VolumePooling>;

type Pool = 'max' | 'average';

/** Of volumes: stock's own kernel is right for images. */
export function maxPoolVolume(
  heap: TfjsHeap,
  util: Util,
  { inputs: { x }, attrs }: VolumeMaxPoolCall,
): TensorInfo {
  const info = volumePoolInfo(util, x.shape, attrs);
  const geometry = heap.geometry(info);
  const y = heap.output(info.outShape);
  heap.kernels.max_pool(geometry, heap.address(x), heap.address(y));
  return y;
}

/** `MaxPoolGrad` and `AvgPoolGrad` of images: dy [n, outHeight, outWidth, channels] to dx of the input's shape. */
export function poolGradient(
  heap: TfjsHeap,
  util: Util,
  { inputs, attrs }: PoolCall,
  pool: Pool,
): TensorInfo {
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const shape = inputs.input.shape as Shape4D;
  const info = util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  return pooled(heap, info, inputs, pool);
}

/** `MaxPool3DGrad` and `AvgPool3DGrad`: dy [n, outDepth, outHeight, outWidth, channels] to dx of the input's shape. */
export function volumePoolGradient(
  heap: TfjsHeap,
  util: Util,
  { inputs, attrs }: VolumePoolCall,
  pool: Pool,
): TensorInfo {
  return pooled(heap, volumePoolInfo(util, inputs.input.shape, attrs), inputs, pool);
}

function volumePoolInfo(
  util: Util,
  shape: readonly number[],
  { filterSize, strides, pad, dimRoundingMode }: VolumePooling,
): backend_util.Conv3DInfo {
  const padding = pad as Parameters<Util['computePool3DInfo']>[4];
  return util.computePool3DInfo(shape as Shape5D, filterSize, strides, 1, padding, dimRoundingMode);
}

function pooled(
  heap: TfjsHeap,
  info: ConvolutionInfo,
  { dy, input }: PoolCall['inputs'],
  pool: Pool,
): TensorInfo {
  const geometry = heap.geometry(info);
  const dx = heap.output(input.shape);
  const { kernels, address } = heap;
  if (pool === 'max') kernels.max_pool_gradient(geometry, address(input), address(dy), address(dx));
  else kernels.average_pool_gradient(geometry, address(dy), address(dx));
  return dx;
}
