import { instantiateTrainingKernels, STACK_BYTES } from '../training-kernels.js';
/** Integers in `geometry` (source/geometry.h). */
const GEOMETRY = 21;
const NUMBER_BYTES = 4;
/** By backend: kernels are started on a memory once. */
const attached = new WeakMap();
/**
 * Starts the kernels on a backend's memory; a second call with the same backend gives the same heap.
 *
 * @param backend  the WASM backend (`tf.backend()`), in its variant without threads
 * @param module   `kernels.wasm`, compiled (kernels-node.ts, kernels-worker.ts)
 * @throws TypeError when it is another backend, or the variant with threads
 */
export function attachKernels(backend, module) {
    const present = attached.get(backend);
    if (present)
        return present;
    if (!isWasmBackend(backend))
        throw new TypeError('expected the WASM backend of TensorFlow.js to be current');
    const memory = backend.wasm.asm?.memory;
    // The variant with threads brings no memory of its own, it is given one that is shared.
    if (!(memory?.buffer instanceof ArrayBuffer))
        throw new TypeError("expected the WASM backend without threads, whose memory is not shared: call tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false) before it starts");
    const heap = createHeap(backend, memory, module);
    attached.set(backend, heap);
    return heap;
}
function isWasmBackend(backend) {
    return backend.wasm?.tfjs !== undefined;
}
function createHeap(backend, memory, module) {
    const { wasm, dataIdMap } = backend;
    const { _free: free } = wasm;
    // Taken once and never given back: they live as long as the backend. `malloc` aligns to 8, the stack wants 16.
    const stack = allocate(wasm, STACK_BYTES + 16);
    const kernels = instantiateTrainingKernels(module, memory, Math.floor((stack + STACK_BYTES + 16) / 16) * 16);
    const geometry = allocate(wasm, GEOMETRY * NUMBER_BYTES);
    const settings = allocate(wasm, NUMBER_BYTES * 16);
    let scratch = { address: 0, bytes: 0 };
    const address = ({ dataId }) => dataIdMap.get(dataId).memoryOffset;
    return {
        kernels,
        address,
        output: (shape) => backend.makeOutput(shape, 'float32'),
        copy: (tensor) => {
            const bytes = NUMBER_BYTES * tensor.shape.reduce((product, dim) => product * dim, 1);
            const own = backend.makeOutput(tensor.shape, 'float32');
            new Uint8Array(memory.buffer).copyWithin(address(own), address(tensor), address(tensor) + bytes);
            return own;
        },
        scratch: (floats) => {
            const bytes = floats * NUMBER_BYTES;
            if (bytes > scratch.bytes) {
                free(scratch.address);
                scratch = { address: allocate(wasm, bytes), bytes };
            }
            return scratch.address;
        },
        view: (address, bytes) => new DataView(memory.buffer, address, bytes),
        geometry: (info) => {
            new Int32Array(memory.buffer, geometry, GEOMETRY).set(geometryOf(info));
            return geometry;
        },
        settings: (numbers) => {
            new Float32Array(memory.buffer, settings, numbers.length).set(numbers);
            return settings;
        },
        isShared: ({ dataId }) => backend.refCount(dataId) > 1,
        forgetPacked: ({ dataId, size }) => {
            const { id, memoryOffset } = dataIdMap.get(dataId);
            wasm.tfjs.disposeData(id);
            wasm.tfjs.registerTensor(id, size, memoryOffset);
        },
    };
}
function allocate({ _malloc: malloc }, bytes) {
    // Addresses past 2 GiB come back signed.
    const address = malloc(bytes) >>> 0;
    if (address === 0)
        throw new Error(`the heap of the WASM backend has no ${bytes} bytes left`);
    return address;
}
/** In the order of `geometry` in source/geometry.h. */
function geometryOf(info) {
    return [
        info.batchSize,
        info.inHeight,
        info.inWidth,
        info.inChannels,
        info.outHeight,
        info.outWidth,
        info.outChannels,
        info.filterHeight,
        info.filterWidth,
        info.strideHeight,
        info.strideWidth,
        info.dilationHeight,
        info.dilationWidth,
        info.padInfo.top,
        info.padInfo.left,
        ...depthOf(info),
    ];
}
/** An image is a volume of one slice. */
function depthOf(info) {
    if (!('inDepth' in info))
        return [1, 1, 1, 1, 1, 0];
    const { inDepth, outDepth, filterDepth, strideDepth, dilationDepth, padInfo } = info;
    return [inDepth, outDepth, filterDepth, strideDepth, dilationDepth, padInfo.front];
}
