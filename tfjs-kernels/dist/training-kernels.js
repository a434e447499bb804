/**
 * Our own WASM kernels for training (source/*.c): what they export, and how an instance starts on a memory.
 *
 * An `Address` counts bytes in that memory; the C sources say what stands there.
 */
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
export function instantiateTrainingKernels(module, memory, stackTop) {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    const kernels = exports;
    const { __stack_pointer: stackPointer } = kernels;
    stackPointer.value = stackTop;
    return kernels;
}
