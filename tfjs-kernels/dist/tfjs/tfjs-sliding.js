/**
 * `Conv2DBackpropFilter`: x [n, height, width, in] and dy [n, outHeight, outWidth, out] to dw [filterHeight,
 * filterWidth, in, out]. Throws for channels first.
 */
export function convolutionFilterGradient(heap, util, { inputs, attrs }) {
    expectChannelsLast('Conv2DBackpropFilter', attrs);
    const { x, dy } = inputs;
    return filterGradient(heap, convolutionInfo(util, x.shape, attrs.filterShape, attrs), x, dy);
}
/**
 * `Conv2DBackpropInput`: dy [n, outHeight, outWidth, out] to dx [n, height, width, in]; null for channels first, which
 * stock's own kernel does.
 */
export function convolutionInputGradient(heap, util, { inputs, attrs }) {
    if (attrs.dataFormat === 'NCHW')
        return null;
    const { dy, filter } = inputs;
    return inputGradient(heap, convolutionInfo(util, attrs.inputShape, filter.shape, attrs), dy, filter);
}
/**
 * `Conv3DBackpropFilterV2`: x [n, depth, height, width, in] and dy to dw [filterDepth, filterHeight, filterWidth, in,
 * out].
 */
export function volumeFilterGradient(heap, util, { inputs, attrs }) {
    const { x, dy } = inputs;
    return filterGradient(heap, volumeInfo(util, x.shape, attrs.filterShape, attrs), x, dy);
}
/** `Conv3DBackpropInputV2`: dy [n, outDepth, outHeight, outWidth, out] to dx [n, depth, height, width, in]. */
export function volumeInputGradient(heap, util, { inputs, attrs }) {
    const { dy, filter } = inputs;
    return inputGradient(heap, volumeInfo(util, attrs.inputShape, filter.shape, attrs), dy, filter);
}
function filterGradient(heap, info, x, dy) {
    const geometry = heap.geometry(info);
    const dw = heap.output([...info.filterShape]);
    const scratch = heap.scratch(heap.kernels.convolution_scratch(geometry));
    const { kernels, address } = heap;
    kernels.convolution_filter_gradient(geometry, address(x), address(dy), address(dw), scratch);
    return dw;
}
function inputGradient(heap, info, dy, filter) {
    const geometry = heap.geometry(info);
    const dx = heap.output([...info.inShape]);
    const scratch = heap.scratch(heap.kernels.convolution_scratch(geometry));
    const { kernels, address } = heap;
    kernels.convolution_input_gradient(geometry, address(dy), address(filter), address(dx), scratch);
    return dx;
}
/** `DepthwiseConv2dNativeBackpropFilter`: to dw [filterHeight, filterWidth, in, multiplier], dilations included. */
export function depthwiseFilterGradient(heap, util, { inputs, attrs }) {
    const { x, dy } = inputs;
    const geometry = heap.geometry(depthwiseInfo(util, x.shape, attrs.filterShape, attrs));
    const dw = heap.output(attrs.filterShape);
    heap.kernels.depthwise_filter_gradient(geometry, heap.address(x), heap.address(dy), heap.address(dw));
    return dw;
}
/** `DepthwiseConv2dNativeBackpropInput`: to dx [n, height, width, in], dilations included. */
export function depthwiseInputGradient(heap, util, { inputs, attrs }) {
    const { dy, filter } = inputs;
    const geometry = heap.geometry(depthwiseInfo(util, attrs.inputShape, filter.shape, attrs));
    const dx = heap.output(attrs.inputShape);
    heap.kernels.depthwise_input_gradient(geometry, heap.address(dy), heap.address(filter), heap.address(dx));
    return dx;
}
function expectChannelsLast(kernel, { dataFormat }) {
    if (dataFormat === 'NCHW')
        throw new Error(`${kernel}: expected channels last (NHWC), got NCHW`);
}
/** The gradients of a plain convolution know no dilation: TensorFlow.js refuses it before it comes here. */
function convolutionInfo(util, inputShape, filterShape, { strides, pad, dimRoundingMode }) {
    const [input, filter] = [inputShape, filterShape];
    return util.computeConv2DInfo(input, filter, strides, 1, pad, dimRoundingMode);
}
function volumeInfo(util, inputShape, filterShape, { strides, pad }) {
    const [input, filter] = [inputShape, filterShape];
    return util.computeConv3DInfo(input, filter, strides, 1, pad);
}
function depthwiseInfo(util, inputShape, filterShape, { strides, dilations, pad, dimRoundingMode }) {
    const [input, filter] = [inputShape, filterShape];
    return util.computeConv2DInfo(input, filter, strides, dilations ?? 1, pad, dimRoundingMode, true);
}
/** Of volumes: stock's own kernel is right for images. */
export function maxPoolVolume(heap, util, { inputs: { x }, attrs }) {
    const info = volumePoolInfo(util, x.shape, attrs);
    const geometry = heap.geometry(info);
    const y = heap.output(info.outShape);
    heap.kernels.max_pool(geometry, heap.address(x), heap.address(y));
    return y;
}
/** `MaxPoolGrad` and `AvgPoolGrad` of images: dy [n, outHeight, outWidth, channels] to dx of the input's shape. */
export function poolGradient(heap, util, { inputs, attrs }, pool) {
    const { filterSize, strides, pad, dimRoundingMode } = attrs;
    const shape = inputs.input.shape;
    const info = util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
    return pooled(heap, info, inputs, pool);
}
/** `MaxPool3DGrad` and `AvgPool3DGrad`: dy [n, outDepth, outHeight, outWidth, channels] to dx of the input's shape. */
export function volumePoolGradient(heap, util, { inputs, attrs }, pool) {
    return pooled(heap, volumePoolInfo(util, inputs.input.shape, attrs), inputs, pool);
}
function volumePoolInfo(util, shape, { filterSize, strides, pad, dimRoundingMode }) {
    const padding = pad;
    return util.computePool3DInfo(shape, filterSize, strides, 1, padding, dimRoundingMode);
}
function pooled(heap, info, { dy, input }, pool) {
    const geometry = heap.geometry(info);
    const dx = heap.output(input.shape);
    const { kernels, address } = heap;
    if (pool === 'max')
        kernels.max_pool_gradient(geometry, address(input), address(dy), address(dx));
    else
        kernels.average_pool_gradient(geometry, address(dy), address(dx));
    return dx;
}
