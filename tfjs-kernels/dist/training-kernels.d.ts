/**
 * Our own WASM kernels for training (source/*.c): what they export, and how an instance starts on a memory.
 *
 * An `Address` counts bytes in that memory; the C sources say what stands there.
 */
type Address = number;
type Flag = 0 | 1;
export interface TrainingKernels {
    /** Grows downwards. No kernel keeps anything on it between calls. */
    readonly __stack_pointer: {
        value: Address;
    };
    readonly pack_weights: (kernel: Address, bias: Address, panels: Address, inputs: number, outputs: number) => void;
    readonly unpack_weights: (panels: Address, kernel: Address, bias: Address, inputs: number, outputs: number) => void;
    readonly pack_inputs: (from: Address, panels: Address, rows: number, columns: number) => void;
    readonly pack_gradient: (from: Address, panels: Address, rows: number, columns: number) => void;
    readonly dense_forward: (x: Address, weights: Address, y: Address, rows: number, inputs: number, outputs: number) => void;
    readonly activate: (kind: number, values: Address, slopes: Address, masked: Flag, count: number) => void;
    readonly cross_entropy: (logits: Address, targets: Address, weights: Address, gradient: Address, scratch: Address, rows: number, classes: number, temperature: number, accumulate: Flag) => number;
    readonly squared_error: (outputs: Address, targets: Address, weights: Address, gradient: Address, rows: number, columns: number, accumulate: Flag) => number;
    readonly temper: (probabilities: Address, out: Address, rows: number, classes: number, temperature: number) => void;
    readonly normalize_batch: (values: Address, normalized: Address, inverse: Address, gamma: Address, beta: Address, mean: Address, variance: Address, rows: number, columns: number, share: number, epsilon: number) => void;
    readonly normalize_running: (values: Address, gamma: Address, beta: Address, mean: Address, variance: Address, rows: number, columns: number, epsilon: number) => void;
    readonly normalization_gradient: (gradient: Address, normalized: Address, inverse: Address, gamma: Address, gammaGradient: Address, betaGradient: Address, rows: number, columns: number) => void;
    readonly pull_towards: (weights: Address, anchors: Address, share: number, count: number) => void;
    readonly dense_input_gradient: (gradient: Address, weights: Address, slopes: Address, out: Address, rows: number, inputs: number, outputs: number) => void;
    readonly dense_update: (x: Address, gradient: Address, weights: Address, m: Address, v: Address, rows: number, inputs: number, outputs: number, settings: Address) => void;
    readonly matmul_scratch: (rows: number, depth: number, columns: number, transposeA: Flag) => number;
    readonly matmul: (a: Address, transposeA: Flag, b: Address, transposeB: Flag, bias: Address, out: Address, rows: number, depth: number, columns: number, low: number, high: number, scratch: Address) => void;
    readonly adam_update: (weights: Address, m: Address, v: Address, gradient: Address, count: number, settings: Address) => void;
    readonly convolution_scratch: (geometry: Address) => number;
    readonly convolution_filter_gradient: (geometry: Address, x: Address, dy: Address, dw: Address, scratch: Address) => void;
    readonly convolution_input_gradient: (geometry: Address, dy: Address, filter: Address, dx: Address, scratch: Address) => void;
    readonly depthwise_filter_gradient: (geometry: Address, x: Address, dy: Address, dw: Address) => void;
    readonly depthwise_input_gradient: (geometry: Address, dy: Address, filter: Address, dx: Address) => void;
    readonly max_pool: (geometry: Address, x: Address, y: Address) => void;
    readonly max_pool_gradient: (geometry: Address, x: Address, dy: Address, dx: Address) => void;
    readonly average_pool_gradient: (geometry: Address, dy: Address, dx: Address) => void;
    readonly resize_gradient: (dy: Address, rows: Address, columns: Address, dx: Address, batch: number, inHeight: number, inWidth: number, outHeight: number, outWidth: number, channels: number) => void;
    readonly segment_sum: (x: Address, ids: Address, out: Address, rows: number, size: number, segments: number) => void;
    readonly resample: (pixels: Address, to: Address, height: number, width: number, channels: number, fill: number, map: Address) => void;
    readonly sum_bytes: (bytes: Address, count: number) => number;
    readonly look_up: (bytes: Address, count: number, table: Address) => void;
    readonly add_noise: (bytes: Address, count: number, amplitude: number, seed: number) => void;
}
/** Columns of a weight panel. */
export declare const PANEL_COLUMNS = 8;
/** Rows of a tile; inputs are padded to a multiple of it. */
export declare const TILE_ROWS = 4;
export declare const STACK_BYTES = 65536;
/**
 * @param module    `kernels.wasm`, compiled (kernels-node.ts, kernels-worker.ts)
 * @param memory    what the kernels work on
 * @param stackTop  the end of STACK_BYTES that nobody else uses, a multiple of 16
 */
export declare function instantiateTrainingKernels(module: WebAssembly.Module, memory: WebAssembly.Memory, stackTop: Address): TrainingKernels;
export {};
