/**
 * Our own WASM kernels for training (source/*.c): what they export, and how an instance starts on a memory.
 *
 * An `Address` counts bytes in that memory; the C sources say what stands there.
 */

type Address = number;

export interface KernelExports {
  /** Grows downwards. No kernel keeps anything on it between calls. */
  readonly __stack_pointer: { value: Address };

  readonly pack_weights: (
    kernel: Address,
    bias: Address,
    panels: Address,
    inputs: number,
    outputs: number,
  ) => void;
  readonly unpack_weights: (
    panels: Address,
    kernel: Address,
    bias: Address,
    inputs: number,
    outputs: number,
  ) => void;
  readonly pack_inputs: (from: Address, panels: Address, rows: number, columns: number) => void;
  readonly pack_gradient: (from: Address, panels: Address, rows: number, columns: number) => void;
  readonly dense_forward: (
    x: Address,
    weights: Address,
    y: Address,
    rows: number,
    inputs: number,
    outputs: number,
  ) => void;
  readonly activate: (kind: number, values: Address, slopes: Address, masked: 0 | 1, count: number) => void;
  readonly softmax_cross_entropy: (
    logits: Address,
    labels: Address,
    gradient: Address,
    right: Address,
    rows: number,
    classes: number,
  ) => number;
  readonly dense_input_gradient: (
    gradient: Address,
    weights: Address,
    slopes: Address,
    out: Address,
    rows: number,
    inputs: number,
    outputs: number,
  ) => void;
  readonly dense_update: (
    x: Address,
    gradient: Address,
    weights: Address,
    m: Address,
    v: Address,
    rows: number,
    inputs: number,
    outputs: number,
    settings: Address,
  ) => void;
}

/** Columns of a weight panel. */
export const PANEL_COLUMNS = 8;
/** Rows of a tile; inputs are padded to a multiple of it. */
export const TILE_ROWS = 4;
export const STACK_BYTES = 65_536;

/**
 * @param module    `kernels.wasm`, compiled (kernels-node.ts, kernels-worker.ts)
 * @param memory    what the kernels work on
 * @param stackTop  the end of STACK_BYTES that nobody else uses, a multiple of 16
 */
export function instantiateKernels(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  stackTop: Address,
): KernelExports {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const kernels = exports as unknown as KernelExports;
  const { __stack_pointer: stackPointer } = kernels;
  stackPointer.value = stackTop;
  return kernels;
}
