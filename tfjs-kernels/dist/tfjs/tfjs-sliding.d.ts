/**
 * The gradients of convolutions and of pooling, for TensorFlow.js: over images and over volumes.
 */
import type { TensorInfo } from '@tensorflow/tfjs';
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
export type FilterCall = Call<'x' | 'dy', Sliding<Pair> & {
    readonly filterShape: Shape4D;
}>;
export type InputCall = Call<'dy' | 'filter', Sliding<Pair> & {
    readonly inputShape: Shape4D;
}>;
export type VolumeFilterCall = Call<'x' | 'dy', Sliding<Triple> & {
    readonly filterShape: Shape5D;
}>;
export type VolumeInputCall = Call<'dy' | 'filter', Sliding<Triple> & {
    readonly inputShape: Shape5D;
}>;
/**
 * `Conv2DBackpropFilter`: x [n, height, width, in] and dy [n, outHeight, outWidth, out] to dw [filterHeight,
 * filterWidth, in, out]. Throws for channels first.
 */
export declare function convolutionFilterGradient(heap: TfjsHeap, util: Util, { inputs, attrs }: FilterCall): TensorInfo;
/**
 * `Conv2DBackpropInput`: dy [n, outHeight, outWidth, out] to dx [n, height, width, in]; null for channels first, which
 * stock's own kernel does.
 */
export declare function convolutionInputGradient(heap: TfjsHeap, util: Util, { inputs, attrs }: InputCall): TensorInfo | null;
/**
 * `Conv3DBackpropFilterV2`: x [n, depth, height, width, in] and dy to dw [filterDepth, filterHeight, filterWidth, in,
 * out].
 */
export declare function volumeFilterGradient(heap: TfjsHeap, util: Util, { inputs, attrs }: VolumeFilterCall): TensorInfo;
/** `Conv3DBackpropInputV2`: dy [n, outDepth, outHeight, outWidth, out] to dx [n, depth, height, width, in]. */
export declare function volumeInputGradient(heap: TfjsHeap, util: Util, { inputs, attrs }: VolumeInputCall): TensorInfo;
/** `DepthwiseConv2dNativeBackpropFilter`: to dw [filterHeight, filterWidth, in, multiplier], dilations included. */
export declare function depthwiseFilterGradient(heap: TfjsHeap, util: Util, { inputs, attrs }: FilterCall): TensorInfo;
/** `DepthwiseConv2dNativeBackpropInput`: to dx [n, height, width, in], dilations included. */
export declare function depthwiseInputGradient(heap: TfjsHeap, util: Util, { inputs, attrs }: InputCall): TensorInfo;
export type PoolCall = Call<'dy' | 'input', Sliding<Pair> & {
    readonly filterSize: number | Pair;
}>;
type VolumePooling = Sliding<Triple> & {
    readonly filterSize: number | Triple;
};
export type VolumePoolCall = Call<'dy' | 'input', VolumePooling>;
export type VolumeMaxPoolCall = Call<'x', VolumePooling>;
type Pool = 'max' | 'average';
/** Of volumes: stock's own kernel is right for images. */
export declare function maxPoolVolume(heap: TfjsHeap, util: Util, { inputs: { x }, attrs }: VolumeMaxPoolCall): TensorInfo;
/** `MaxPoolGrad` and `AvgPoolGrad` of images: dy [n, outHeight, outWidth, channels] to dx of the input's shape. */
export declare function poolGradient(heap: TfjsHeap, util: Util, { inputs, attrs }: PoolCall, pool: Pool): TensorInfo;
/** `MaxPool3DGrad` and `AvgPool3DGrad`: dy [n, outDepth, outHeight, outWidth, channels] to dx of the input's shape. */
export declare function volumePoolGradient(heap: TfjsHeap, util: Util, { inputs, attrs }: VolumePoolCall, pool: Pool): TensorInfo;
export {};
