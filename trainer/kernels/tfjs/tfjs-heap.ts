/**
 * The kernels on the heap of TensorFlow.js's WASM backend: they read and write its tensors in place.
 */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { backend_util, DataId, TensorInfo } from '@tensorflow/tfjs';
import { instantiateTrainingKernels, type TrainingKernels, STACK_BYTES } from '../training-kernels.ts';

/** What the backend has and its published types leave out. */
interface Backend extends Pick<BackendWasm, 'makeOutput'> {
  readonly wasm: {
    readonly asm?: { readonly memory?: WebAssembly.Memory };
    readonly _malloc: (bytes: number) => number;
    readonly _free: (address: number) => void;
    readonly tfjs: {
      readonly registerTensor: (id: number, size: number, address: number) => void;
      readonly disposeData: (id: number) => void;
    };
  };
  readonly dataIdMap: { get(dataId: DataId): { readonly id: number; readonly memoryOffset: number } };
  refCount(dataId: DataId): number;
}

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
  forgetPacked(tensor: { readonly dataId: DataId; readonly size: number }): void;
}

/** Integers in `geometry` (source/geometry.h). */
const GEOMETRY = 21;
const NUMBER_BYTES = 4;

/** By backend: kernels are started on a memory once. */
const attached = new WeakMap<object, TfjsHeap>();

/**
 * Starts the kernels on a backend's memory; a second call with the same backend gives the same heap.
 *
 * @param backend  the WASM backend (`tf.backend()`), in its variant without threads
 * @param module   `kernels.wasm`, compiled (kernels-node.ts, kernels-worker.ts)
 * @throws TypeError when it is another backend, or the variant with threads
 */
export function attachKernels(backend: object, module: WebAssembly.Module): TfjsHeap {
  const present = attached.get(backend);
  if (present) return present;
  if (!isWasmBackend(backend))
    throw new TypeError('expected the WASM backend of TensorFlow.js to be current');
  const memory = backend.wasm.asm?.memory;
  // The variant with threads brings no memory of its own, it is given one that is shared.
  if (!(memory?.buffer instanceof ArrayBuffer))
    throw new TypeError(
      "expected the WASM backend without threads, whose memory is not shared: call tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false) before it starts",
    );
  const heap = createHeap(backend, memory, module);
  attached.set(backend, heap);
  return heap;
}

function isWasmBackend(backend: object): backend is Backend {
  return (backend as Partial<Backend>).wasm?.tfjs !== undefined;
}

function createHeap(backend: Backend, memory: WebAssembly.Memory, module: WebAssembly.Module): TfjsHeap {
  const { wasm, dataIdMap } = backend;
  const { _free: free } = wasm;
  // Taken once and never given back: they live as long as the backend. `malloc` aligns to 8, the stack wants 16.
  const stack = allocate(wasm, STACK_BYTES + 16);
  const kernels = instantiateTrainingKernels(
    module,
    memory,
    Math.floor((stack + STACK_BYTES + 16) / 16) * 16,
  );
  const geometry = allocate(wasm, GEOMETRY * NUMBER_BYTES);
  const settings = allocate(wasm, NUMBER_BYTES * 16);
  let scratch = { address: 0, bytes: 0 };
  const address = ({ dataId }: Pick<TensorInfo, 'dataId'>): number => dataIdMap.get(dataId).memoryOffset;
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

function allocate({ _malloc: malloc }: Backend['wasm'], bytes: number): number {
  // Addresses past 2 GiB come back signed.
  const address = malloc(bytes) >>> 0;
  if (address === 0) throw new Error(`the heap of the WASM backend has no ${bytes} bytes left`);
  return address;
}

/** In the order of `geometry` in source/geometry.h. */
function geometryOf(info: Sizes): number[] {
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
function depthOf(info: Sizes): number[] {
  if (!('inDepth' in info)) return [1, 1, 1, 1, 1, 0];
  const { inDepth, outDepth, filterDepth, strideDepth, dilationDepth, padInfo } = info;
  return [inDepth, outDepth, filterDepth, strideDepth, dilationDepth, padInfo.front];
}
