/**
 * Starts TensorFlow.js's WASM binary (SIMD) without its Emscripten glue, and types the exports that plans use.
 *
 * The binary asks for memory growth, big copies and a place for its warnings; everything else it brings itself.
 */

/** Argument orders follow `cwrap` in the package's dist/kernels. Ids name registered tensors; 0 is none. */
export interface TfjsKernels {
  readonly memory: WebAssembly.Memory;
  readonly __wasm_call_ctors: () => void;
  readonly init: () => void;
  /** @returns an address aligned to 8 bytes, or 0 when the heap is full */
  readonly malloc: (bytes: number) => number;
  readonly free: (address: number) => void;
  readonly stackSave: () => number;
  readonly stackRestore: (address: number) => void;
  readonly register_tensor: (id: number, elements: number, address: number) => void;
  /** Also drops what kernels cached for the tensor: packed weights. */
  readonly dispose_data: (id: number) => void;
  readonly _FusedMatMul: (
    a: number,
    aShape: number,
    aRank: number,
    b: number,
    bShape: number,
    bRank: number,
    transposeA: number,
    transposeB: number,
    activation: number,
    bias: number,
    prelu: number,
    leakyAlpha: number,
    out: number,
  ) => void;
  readonly FusedConv2D: ConvolutionKernel;
  readonly FusedDepthwiseConv2D: ConvolutionKernel;
  readonly MaxPool: (
    x: number,
    batch: number,
    height: number,
    width: number,
    windowHeight: number,
    windowWidth: number,
    padTop: number,
    padRight: number,
    padBottom: number,
    padLeft: number,
    dilationHeight: number,
    dilationWidth: number,
    strideHeight: number,
    strideWidth: number,
    inChannels: number,
    outChannels: number,
    out: number,
  ) => void;
  readonly AvgPool: (
    x: number,
    batch: number,
    height: number,
    width: number,
    windowHeight: number,
    windowWidth: number,
    padTop: number,
    padRight: number,
    padBottom: number,
    padLeft: number,
    strideHeight: number,
    strideWidth: number,
    channels: number,
    out: number,
  ) => void;
  readonly PadV2: (
    x: number,
    shape: number,
    rank: number,
    dtype: number,
    before: number,
    after: number,
    value: number,
    out: number,
  ) => void;
  readonly Softmax: (x: number, out: number, channels: number, rows: number) => void;
  readonly Sigmoid: (x: number, out: number) => void;
  readonly Relu: UnaryKernel;
  readonly Relu6: UnaryKernel;
  readonly Elu: UnaryKernel;
  readonly Selu: UnaryKernel;
  readonly Tanh: UnaryKernel;
  readonly Softplus: UnaryKernel;
  readonly Erf: UnaryKernel;
  readonly Exp: UnaryKernel;
  readonly Abs: UnaryKernel;
  readonly Sqrt: UnaryKernel;
  readonly Rsqrt: UnaryKernel;
  readonly LeakyRelu: (x: number, dtype: number, alpha: number, out: number) => void;
  readonly ClipByValue: (x: number, min: number, max: number, out: number) => void;
  readonly Add: BinaryKernel;
  readonly Sub: BinaryKernel;
  readonly Multiply: BinaryKernel;
  readonly RealDiv: BinaryKernel;
  readonly Maximum: BinaryKernel;
  readonly Minimum: BinaryKernel;
}

type UnaryKernel = (x: number, dtype: number, out: number) => void;

type BinaryKernel = (
  a: number,
  aShape: number,
  aRank: number,
  b: number,
  bShape: number,
  bRank: number,
  dtype: number,
  out: number,
) => void;

type ConvolutionKernel = (
  x: number,
  batch: number,
  height: number,
  width: number,
  filter: number,
  filterHeight: number,
  filterWidth: number,
  bias: number,
  padTop: number,
  padRight: number,
  padBottom: number,
  padLeft: number,
  isSamePad: number,
  dilationHeight: number,
  dilationWidth: number,
  strideHeight: number,
  strideWidth: number,
  inChannels: number,
  outChannels: number,
  activation: number,
  prelu: number,
  leakyAlpha: number,
  out: number,
) => void;

export interface WasmInstance {
  readonly exports: TfjsKernels;
  /** What the binary printed since the last call: kernels warn instead of failing. */
  takeWarnings(): string;
}

const PAGE_BYTES = 65_536;
const IOVEC_BYTES = 8;

/**
 * @param module        `tfjs-backend-wasm-simd.wasm`, compiled
 * @param maxHeapBytes  the heap never grows past this; `malloc` then returns 0
 */
export function instantiateWasm(module: WebAssembly.Module, maxHeapBytes: number): WasmInstance {
  let warnings = '';
  // The binary exports its memory, so imports reach it only after instantiation.
  const heap = () => exports.memory.buffer;
  const env = {
    abort: () => {
      throw new Error('the WASM binary aborted');
    },
    emscripten_memcpy_big: (to: number, from: number, bytes: number) => {
      new Uint8Array(heap()).copyWithin(to, from, from + bytes);
    },
    emscripten_get_heap_max: () => maxHeapBytes,
    emscripten_resize_heap: (bytes: number) => growHeap(exports.memory, bytes >>> 0, maxHeapBytes),
  };
  const wasi = {
    fd_close: () => 0,
    fd_seek: () => 0,
    fd_write: (_fd: number, iovecs: number, count: number, written: number) => {
      const text = readIovecs(heap(), iovecs, count);
      warnings += text.decoded;
      new DataView(heap()).setUint32(written, text.bytes, true);
      return 0;
    },
  };
  const instance = new WebAssembly.Instance(module, { env, wasi_snapshot_preview1: wasi });
  const exports = instance.exports as unknown as TfjsKernels;
  const { __wasm_call_ctors: runConstructors, init } = exports;
  runConstructors();
  init();
  const takeWarnings = () => {
    const taken = warnings.trim();
    warnings = '';
    return taken;
  };
  return { exports, takeWarnings };
}

/** @returns 1 when the heap now has `bytes`, 0 when it may not */
function growHeap(memory: WebAssembly.Memory, bytes: number, maxBytes: number): 0 | 1 {
  if (bytes > maxBytes) return 0;
  try {
    memory.grow(Math.max(0, Math.ceil((bytes - memory.buffer.byteLength) / PAGE_BYTES)));
    return 1;
  } catch {
    return 0;
  }
}

function readIovecs(heap: ArrayBuffer, iovecs: number, count: number): { decoded: string; bytes: number } {
  const view = new DataView(heap);
  const decoder = new TextDecoder();
  let decoded = '';
  let bytes = 0;
  for (let at = iovecs; at < iovecs + count * IOVEC_BYTES; at += IOVEC_BYTES) {
    const length = view.getUint32(at + 4, true);
    decoded += decoder.decode(new Uint8Array(heap, view.getUint32(at, true), length));
    bytes += length;
  }
  return { decoded, bytes };
}
