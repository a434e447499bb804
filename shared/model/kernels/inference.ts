/**
 * Our own WASM kernels for inference (source/inference/*.c): what they export, and how an instance starts on a memory.
 *
 * An `Address` counts bytes in that memory; the C sources say what stands there. `geometry` is source/geometry.h.
 */

type Address = number;

export interface InferenceKernels {
  readonly pack_dense: (
    kernel: Address,
    bias: Address,
    weights: Address,
    depth: number,
    columns: number,
  ) => void;
  readonly dense: (
    x: Address,
    weights: Address,
    out: Address,
    rows: number,
    depth: number,
    columns: number,
    low: number,
    high: number,
  ) => void;
  readonly pack_sparse: (
    kernel: Address,
    bias: Address,
    weights: Address,
    depth: number,
    columns: number,
  ) => void;
  readonly find_nonzero: (x: Address, weights: Address, rows: number, depth: number, places: Address) => void;
  readonly dense_sparse: (
    x: Address,
    weights: Address,
    out: Address,
    rows: number,
    depth: number,
    columns: number,
    low: number,
    high: number,
    places: Address,
  ) => void;
  readonly pad_images: (
    x: Address,
    out: Address,
    images: number,
    inHeight: number,
    inWidth: number,
    channels: number,
    height: number,
    width: number,
    top: number,
    left: number,
  ) => void;
  readonly convolution: (
    geometry: Address,
    x: Address,
    weights: Address,
    out: Address,
    low: number,
    high: number,
  ) => void;
  readonly pack_depthwise: (
    kernel: Address,
    bias: Address,
    weights: Address,
    taps: number,
    channels: number,
  ) => void;
  readonly depthwise: (
    geometry: Address,
    x: Address,
    weights: Address,
    out: Address,
    low: number,
    high: number,
    zeros: Address,
  ) => void;
  readonly scale: (
    x: Address,
    weights: Address,
    out: Address,
    rows: number,
    channels: number,
    low: number,
    high: number,
  ) => void;
  readonly max_pool: (geometry: Address, x: Address, out: Address) => void;
  readonly average_pool: (geometry: Address, x: Address, out: Address) => void;
  readonly softmax: (x: Address, out: Address, rows: number, channels: number) => void;
  readonly add_values: (x: Address, y: Address, out: Address, count: number) => void;
  readonly multiply_values: (x: Address, y: Address, out: Address, count: number) => void;
  readonly clamp_values: (x: Address, out: Address, count: number, low: number, high: number) => void;
}

/** Columns of packed weights that lie side by side: a panel. */
const PANEL_COLUMNS = 8;
const LANES = 4;
/** As in source/inference/sparse.c. */
export const SPARSE_TABLE_FLOATS = 1_024;
const SPARSE_BLOCK_PLACES = 4_352;
const SPARSE_COUNT_PLACES = 2;
const PLACE_BYTES = Uint16Array.BYTES_PER_ELEMENT;
/** Of an image, that four neighbouring pixels read under a 3x3 filter. */
const MAX_DEPTHWISE_COLUMNS = 9;

/**
 * @param module  `inference.wasm`, compiled
 * @param memory  what the kernels work on; they keep nothing of their own in it
 */
export function instantiateInference(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): InferenceKernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as InferenceKernels;
}

/** Floats that `pack_dense` writes. */
export function packedDenseSize(depth: number, columns: number): number {
  return (1 + depth) * roundUp(columns, PANEL_COLUMNS);
}

/** Floats that `pack_sparse` writes. */
export function packedSparseSize(depth: number, columns: number): number {
  return SPARSE_TABLE_FLOATS + packedDenseSize(depth, columns);
}

/** Floats of `places` that `dense_sparse` takes, for any number of rows. */
export function sparsePlaces(depth: number): number {
  return Math.max(SPARSE_BLOCK_PLACES, rowPlaces(depth)) / 2;
}

/** How `dense_sparse` goes through rows: how many at once, and bytes from a row's places to the next row's. */
export function sparseBlocks(depth: number): { readonly blockRows: number; readonly stride: number } {
  const blockRows = Math.max(1, Math.floor(SPARSE_BLOCK_PLACES / rowPlaces(depth)));
  return { blockRows, stride: rowPlaces(depth) * PLACE_BYTES };
}

function rowPlaces(depth: number): number {
  return SPARSE_COUNT_PLACES + roundUp(depth, 2);
}

/** Places are integers of 16 bits. */
export const MAX_SPARSE_DEPTH = 2 ** 16;

/** Floats that `pack_depthwise` writes. */
export function packedDepthwiseSize(taps: number, channels: number): number {
  return (1 + taps) * roundUp(channels, LANES);
}

/** Floats of `zeros` that `depthwise` takes. */
export function depthwiseZeros(channels: number): number {
  return MAX_DEPTHWISE_COLUMNS * channels;
}

function roundUp(n: number, multiple: number): number {
  return Math.ceil(n / multiple) * multiple;
}
