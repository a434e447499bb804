/**
 * A plan, loaded: memory laid out, tensors registered, weights packed, every kernel bound to its arguments.
 */
import { createViews } from './memory-views.ts';
import { ok, type Result } from '../../result.ts';
import { invalid, outOfMemory, type ModelError } from '../plan/error.ts';
import type { Heap, Holdings } from './heap.ts';
import { createPanels, panelsSize } from '../kernels/panels.ts';
import { once } from '../../once.ts';
import { bindNode } from './bind-ops.ts';
import { layOut } from './layout.ts';
import type { KernelLibrary, Operands, Registered, BoundOp } from './operands.ts';
import { weightsOf } from '../plan/ops.ts';
import { scratchSize } from './bind-own-ops.ts';
import { packingOf, skipsZeros } from './packing.ts';
import { outputShapeOf, WEIGHT_ALIGNMENT, type Plan, type PlanNode, type WeightRef } from '../plan/plan.ts';
import { sizeOf, type Shape } from '../plan/tensor.ts';
import type { TfjsKernels, WasmInstance } from './wasm-instance.ts';

export interface Program {
  /** Without the batch, like every shape here. */
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly inputSize: number;
  readonly outputSize: number;
  /** What it holds in the heap, weights and buffers, until it is disposed of. */
  readonly heapBytes: number;
  /**
   * An example's output has the same bits whatever the batch it comes in.
   *
   * @param input  [batch, ...inputShape], not changed
   * @param batch  number of examples, 0 or more
   * @returns [batch, ...outputShape], the caller's own
   * @throws RangeError when the input's length does not fit; Error after `dispose` (bugs in the caller)
   */
  run(input: Float32Array, batch: number): Float32Array<ArrayBuffer>;
  /**
   * `run` without a copy of the input: every example is written where the program reads it.
   *
   * @param write  fills `input`, [inputSize], with an example's; what it leaves out is what was there before
   */
  runWritten(batch: number, write: (example: number, input: Float32Array) => void): Float32Array<ArrayBuffer>;
  /** Frees what the program holds in the heap. A second call does nothing. */
  dispose(): void;
}

/** Vectors run in blocks: large ones fill the matrix kernels, small ones take the remainder. */
const VECTOR_ROWS: readonly number[] = [32, 8, 1];
/** Images run one by one: their activations then stay in the cache, which is faster than any batch. */
const IMAGE_ROWS: readonly number[] = [1];

const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;
const INT_BYTES = Int32Array.BYTES_PER_ELEMENT;
/** Kernels read whole vectors, up to three floats past an end. */
const SLACK_BYTES = 16;
/** A node stores at most the fifteen numbers of a geometry. */
const INTS_PER_NODE = 16;

/** Stock's kernels keep the weights packed, and convolutions a transposed copy beside them. */
const STOCK_WEIGHT_COPIES = 2;
/** XNNPACK's operators, the allocator's headers. */
const BYTES_PER_NODE = 2_048;

/** A number of examples that run together. */
interface Lane {
  readonly rows: number;
  /** By node; undefined where there is nothing to compute. */
  readonly steps: readonly (BoundOp | undefined)[];
}

/** Where the parts of a program lie in the heap. */
interface Places {
  /** By value, the same in every lane. */
  readonly values: readonly number[];
  /** By node: its weights, packed for our own kernels. */
  readonly weights: readonly number[];
  /** By node: its weights as tensors for stock's kernels, 0 for none. */
  readonly tensors: readonly (readonly [kernel: number, bias: number])[];
  readonly scratch: number;
  readonly storeInts: (values: readonly number[]) => number;
}

/** Bytes, by what they are for. */
interface Sizes {
  /** The offset of each value. */
  readonly values: readonly number[];
  readonly arena: number;
  readonly packed: number;
  readonly scratch: number;
  readonly ints: number;
  /** Room for the weights of one node, while they are packed. */
  readonly staging: number;
}

/**
 * Loads a plan.
 *
 * @param plan     checked by parsePlan, or made by the compiler
 * @param weights  the plan's weights file; copied
 * @returns the program; after an error everything taken is free again
 */
export function loadProgram(
  plan: Plan,
  weights: Uint8Array,
  wasm: WasmInstance,
  ours: Omit<KernelLibrary, 'stock'>,
  heap: Heap,
): Result<Program, ModelError> {
  if (weights.byteLength !== plan.weightsBytes) {
    return invalid(
      `weights: the plan describes ${plan.weightsBytes} bytes, the file holds ${weights.byteLength}`,
    );
  }
  const laneRows = plan.nodes.every((node) => node.shape.length === 1) ? VECTOR_ROWS : IMAGE_ROWS;
  const sparse = findSparse(plan);
  const sizes = measure(plan, sparse, laneRows);
  const needed = totalBytes(plan, sizes);
  if (!heap.fits(needed)) {
    return outOfMemory(`the model needs ${needed} bytes of WASM heap: more than there is left`);
  }

  const kernels = { stock: wasm.exports, ...ours };
  const holdings = heap.open();
  const staging = heap.open();
  const stack = kernels.stock.stackSave();
  try {
    const stage = staging.allocate(sizes.staging);
    const places = place(plan, sparse, sizes, stage, kernels, holdings);
    const panels = plan.nodes.map((node, i) =>
      offerPanels(node, sparse[i] ?? false, places.weights[i] ?? 0, kernels, holdings),
    );
    const lanes = laneRows.map((rows) => bindLane(plan, sparse, places, panels, kernels, holdings, rows));
    packWeights(plan, sparse, places, kernels, lanes.at(-1)?.steps ?? [], weights, stage);
    const warnings = wasm.takeWarnings();
    if (warnings !== '') throw new Error(warnings);
    const heapBytes = needed - sizes.staging;
    return ok({ ...createProgram(plan, places, kernels, holdings, lanes), heapBytes });
  } catch (error) {
    // A trap leaves the binary's stack where it was, and perhaps a warning that the next load would find.
    kernels.stock.stackRestore(stack);
    holdings.release();
    return invalid(
      `the WASM binary can't run the plan: ${[String(error), wasm.takeWarnings()].join(' ').trim()}`,
    );
  } finally {
    staging.release();
  }
}

function createProgram(
  plan: Plan,
  { values }: Places,
  { stock }: KernelLibrary,
  holdings: Holdings,
  boundLanes: readonly Lane[],
): Omit<Program, 'heapBytes'> {
  const inputSize = sizeOf(plan.inputShape);
  const outputSize = sizeOf(outputShapeOf(plan));
  const inputAt = values[0] ?? 0;
  const outputIndex = (values.at(-1) ?? 0) / FLOAT_BYTES;
  const lanes = boundLanes.map(withoutGaps);
  const views = createViews(stock.memory, inputAt, inputSize, Math.max(...lanes.map(({ rows }) => rows)));
  const stack = stock.stackSave();
  let disposed = false;

  /** @param place  puts so many examples, from `first` on, into the heap at the input's index */
  const runPlaced = (batch: number, place: (first: number, rows: number) => void) => {
    if (disposed) throw new Error('the program is disposed');
    const output = new Float32Array(batch * outputSize);
    let done = 0;
    for (const { rows, steps } of lanes) {
      for (; batch - done >= rows; done += rows) {
        place(done, rows);
        runSteps(steps, stock, stack);
        output.set(views.heap().subarray(outputIndex, outputIndex + rows * outputSize), done * outputSize);
      }
    }
    return output;
  };

  const run = (input: Float32Array, batch: number) => {
    if (input.length !== batch * inputSize) {
      throw new RangeError(`expected ${batch} * ${inputSize} numbers, got ${input.length}`);
    }
    return runPlaced(batch, (first, rows) => {
      const part = rows === batch ? input : input.subarray(first * inputSize, (first + rows) * inputSize);
      views.heap().set(part, inputAt / FLOAT_BYTES);
    });
  };

  const runWritten: Program['runWritten'] = (batch, write) =>
    runPlaced(batch, (first, rows) => {
      const inputs = views.inputs();
      for (let row = 0; row < rows; row++) write(first + row, inputs[row] as Float32Array);
    });

  return {
    inputShape: plan.inputShape,
    outputShape: outputShapeOf(plan),
    inputSize,
    outputSize,
    run,
    runWritten,
    dispose: () => {
      disposed = true;
      holdings.release();
    },
  };
}

/** A node that only renames a value takes no step. */
function withoutGaps({ rows, steps }: Lane): { readonly rows: number; readonly steps: readonly BoundOp[] } {
  return { rows, steps: steps.filter((step) => step !== undefined) };
}

/** A trap leaves the binary's stack where it was: it is put back. */
function runSteps(steps: readonly BoundOp[], stock: KernelLibrary['stock'], stack: number): void {
  try {
    for (const step of steps) step();
  } catch (trap) {
    stock.stackRestore(stack);
    throw trap;
  }
}

function bindLane(
  plan: Plan,
  sparse: readonly boolean[],
  places: Places,
  panels: readonly Operands['panels'][],
  kernels: KernelLibrary,
  holdings: Holdings,
  rows: number,
): Lane {
  const shapes = [plan.inputShape, ...plan.nodes.map((node) => node.shape)];
  const ids = new Map<number, number>();
  const idOf = (value: number): number => {
    const known = ids.get(value);
    if (known !== undefined) return known;
    const id = holdings.register(rows * sizeOf(shapes[value] ?? []), places.values[value] ?? 0);
    ids.set(value, id);
    return id;
  };
  const steps = plan.nodes.map((node, i) => {
    const register = (): Registered => {
      const [kernel, bias] = places.tensors[i] ?? [0, 0];
      return { inputs: node.inputs.map(idOf), output: idOf(i + 1), kernel, bias };
    };
    return bindNode(node, kernels, {
      rows,
      inputShapes: node.inputs.map((input) => shapes[input] ?? []),
      sparse: sparse[i] ?? false,
      inputAddresses: node.inputs.map((input) => places.values[input] ?? 0),
      outputAddress: places.values[i + 1] ?? 0,
      weights: places.weights[i] ?? 0,
      panels: panels[i],
      scratch: places.scratch,
      storeInts: places.storeInts,
      register,
    });
  });
  return { rows, steps };
}

/**
 * The packed weights of a dense layer once more, as panels. Convolutions would gain a hundredth by them.
 *
 * @returns what creates them when first asked, undefined where there is no room; undefined where they are no faster
 */
function offerPanels(
  node: PlanNode,
  sparse: boolean,
  weights: number,
  { panels: panelKernels }: KernelLibrary,
  holdings: Holdings,
): Operands['panels'] {
  if (panelKernels === undefined || !sparse || node.op !== 'dense') return undefined;
  const [depth = 1, columns = 1] = node.kernel.shape;
  const bytes = panelsSize(depth, columns);
  if (bytes === undefined) return undefined;
  return once(() =>
    holdings.keepOutside(bytes) ? createPanels(panelKernels(), weights, depth, columns) : undefined,
  );
}

/** By node: whether it skips what is 0 of its input. */
function findSparse(plan: Plan): boolean[] {
  const rectified = findRectified(plan);
  return plan.nodes.map((node) => skipsZeros(node, rectified[node.inputs[0] ?? 0] ?? false));
}

/** By value: whether it comes out of relu or relu6, perhaps in another shape. */
function findRectified({ nodes }: Plan): boolean[] {
  const rectified = [false];
  for (const node of nodes) {
    const activation = 'activation' in node ? node.activation : node.op;
    const renamed = node.op === 'reshape' && (rectified[node.inputs[0] ?? 0] ?? false);
    rectified.push(renamed || activation === 'relu' || activation === 'relu6');
  }
  return rectified;
}

function place(
  plan: Plan,
  sparse: readonly boolean[],
  sizes: Sizes,
  stage: number,
  { stock }: KernelLibrary,
  holdings: Holdings,
): Places {
  const arena = holdings.allocate(sizes.arena);
  // Stock's kernels pack when they run; on leftovers they could meet denormal numbers, which are slow.
  new Uint8Array(stock.memory.buffer).fill(0, arena, arena + sizes.arena);
  let next = holdings.allocate(sizes.packed);
  const weights = plan.nodes.map((node, i) => {
    const address = next;
    next += packedBytes(node, sparse[i]);
    return address;
  });
  return {
    values: sizes.values.map((offset) => arena + offset),
    weights,
    tensors: plan.nodes.map((node) =>
      isPackedByStock(node) ? registerWeights(node, stage, holdings) : [0, 0],
    ),
    scratch: holdings.allocate(sizes.scratch),
    storeInts: createIntStore(stock, holdings.allocate(sizes.ints)),
  };
}

/** Kernel first, bias behind it, all in the same place: only one node's weights are staged at a time. */
function registerWeights(
  node: WeightedNode,
  stage: number,
  holdings: Holdings,
): readonly [kernel: number, bias: number] {
  const kernel = holdings.register(sizeOf(node.kernel.shape), stage);
  if (node.bias === null) return [kernel, 0];
  return [kernel, holdings.register(sizeOf(node.bias.shape), stage + weightBytes(node.kernel))];
}

/**
 * Packs every node's weights; the originals need no place in the heap afterwards. Stock's kernels do it when they
 * first run, and never look at the originals again.
 */
function packWeights(
  { nodes }: Plan,
  sparse: readonly boolean[],
  places: Places,
  { stock, own }: KernelLibrary,
  steps: readonly (BoundOp | undefined)[],
  weights: Uint8Array,
  stage: number,
): void {
  for (const [i, node] of nodes.entries()) {
    if (!('kernel' in node)) continue;
    const heap = new Uint8Array(stock.memory.buffer);
    let next = stage;
    for (const weight of weightsOf(node)) {
      heap.set(weights.subarray(weight.offset, weight.offset + sizeOf(weight.shape) * FLOAT_BYTES), next);
      next += weightBytes(weight);
    }
    const bias = node.bias === null ? 0 : stage + weightBytes(node.kernel);
    const packing = packingOf(node, sparse[i]);
    if (packing === undefined) steps[i]?.();
    else packing.pack(own, stage, bias, places.weights[i] ?? 0);
  }
}

function createIntStore({ memory }: TfjsKernels, start: number): (values: readonly number[]) => number {
  let next = start;
  return (values) => {
    const address = next;
    new Int32Array(memory.buffer).set(values, address / INT_BYTES);
    next += values.length * INT_BYTES;
    return address;
  };
}

function measure(plan: Plan, sparse: readonly boolean[], laneRows: readonly number[]): Sizes {
  const { nodes } = plan;
  const rows = Math.max(...laneRows);
  const layout = layOut(plan, rows);
  const shapes = [plan.inputShape, ...nodes.map((node) => node.shape)];
  const scratch = nodes.map((node, i) =>
    scratchSize(node, shapes[node.inputs[0] ?? 0] ?? [], sparse[i] ?? false, rows),
  );
  const staged = nodes.map((node) => sum(weightsOf(node).map(weightBytes)));
  return {
    values: layout.offsets,
    arena: layout.bytes,
    packed: sum(nodes.map((node, i) => packedBytes(node, sparse[i]))),
    scratch: Math.max(...scratch) * FLOAT_BYTES + SLACK_BYTES,
    ints: nodes.length * laneRows.length * INTS_PER_NODE * INT_BYTES,
    staging: Math.max(...staged) + SLACK_BYTES,
  };
}

function totalBytes({ nodes }: Plan, { arena, packed, scratch, ints, staging }: Sizes): number {
  const stock = nodes.filter(isPackedByStock).map((node) => {
    const weights = sum(weightsOf(node).map(weightBytes)) * STOCK_WEIGHT_COPIES;
    // Where windows overlap, XNNPACK keeps one pointer per window cell and output pixel.
    return weights + sizeOf(node.shape.slice(0, 2)) * sizeOf(node.kernel.shape.slice(0, 2)) * INT_BYTES;
  });
  return arena + packed + scratch + ints + staging + sum(stock) + nodes.length * BYTES_PER_NODE;
}

type WeightedNode = Extract<PlanNode, { readonly kernel: WeightRef }>;

function isPackedByStock(node: PlanNode): node is WeightedNode {
  return 'kernel' in node && packingOf(node) === undefined;
}

/** Aligned to a cache line. */
function packedBytes(node: PlanNode, sparse = false): number {
  return align((packingOf(node, sparse)?.floats ?? 0) * FLOAT_BYTES);
}

/** Aligned, as in the weights file. */
function weightBytes({ shape }: WeightRef): number {
  return align(sizeOf(shape) * FLOAT_BYTES);
}

function align(bytes: number): number {
  return Math.ceil(bytes / WEIGHT_ALIGNMENT) * WEIGHT_ALIGNMENT;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
