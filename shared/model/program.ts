/**
 * A plan, loaded: memory laid out, tensors registered, weights packed, every kernel bound to its arguments.
 */
import { ok, type Result } from '../result.ts';
import { invalid, outOfMemory, type ModelError } from './error.ts';
import type { Heap, Holdings } from './heap.ts';
import { bindNode, type Step } from './kernels.ts';
import { layOut, type Layout } from './layout.ts';
import { weightsOf } from './ops.ts';
import { outputShapeOf, WEIGHT_ALIGNMENT, type Plan, type PlanNode, type WeightRef } from './plan.ts';
import { sizeOf, type Shape } from './tensor.ts';
import type { KernelExports, WasmInstance } from './wasm-instance.ts';

export interface Program {
  /** Without the batch, like every shape here. */
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly inputSize: number;
  readonly outputSize: number;
  /**
   * An example's output has the same bits whatever the batch it comes in.
   *
   * @param input  [batch, ...inputShape], not changed
   * @param batch  number of examples, 0 or more
   * @returns [batch, ...outputShape], the caller's own
   * @throws RangeError when the input's length does not fit; Error after `dispose` (bugs in the caller)
   */
  run(input: Float32Array, batch: number): Float32Array<ArrayBuffer>;
  /** Frees what the program holds in the heap. A second call does nothing. */
  dispose(): void;
}

/** Vectors run in blocks: large ones fill the matrix kernels, small ones take the remainder. */
const VECTOR_ROWS: readonly number[] = [32, 8, 1];
/** Images run one by one: their activations then stay in the cache, which is faster than any batch. */
const IMAGE_ROWS: readonly number[] = [1];

const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;
const INT_BYTES = Int32Array.BYTES_PER_ELEMENT;
/** A node stores at most three shapes of rank four. */
const INTS_PER_NODE = 12;

/** Kernels keep the weights packed, and convolutions a transposed copy beside them. */
const WEIGHT_COPIES = 2;
/** XNNPACK's operators, the allocator's headers. */
const BYTES_PER_NODE = 2_048;

/** A number of examples that run together. */
interface Lane {
  readonly rows: number;
  /** By node; undefined where there is nothing to compute. */
  readonly steps: readonly (Step | undefined)[];
}

/** What the parts of a program share while it is loaded. */
interface Loading {
  readonly plan: Plan;
  readonly kernels: KernelExports;
  readonly holdings: Holdings;
  /** By value: its place in the heap, the same in every lane. */
  readonly addresses: readonly number[];
  /** By node: its registered kernel and bias, 0 for none. */
  readonly weightIds: readonly (readonly [kernel: number, bias: number])[];
  readonly storeInts: (values: readonly number[]) => number;
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
  heap: Heap,
): Result<Program, ModelError> {
  if (weights.byteLength !== plan.weightsBytes) {
    return invalid(
      `weights: the plan describes ${plan.weightsBytes} bytes, the file holds ${weights.byteLength}`,
    );
  }
  const laneRows = plan.nodes.every((node) => node.shape.length === 1) ? VECTOR_ROWS : IMAGE_ROWS;
  const layout = layOut(plan, Math.max(...laneRows));
  const needed = estimateBytes(plan, layout, laneRows.length);
  if (!heap.fits(needed)) {
    return outOfMemory(`the model needs ${needed} bytes of WASM heap: more than there is left`);
  }

  const kernels = wasm.exports;
  const holdings = heap.open();
  const staging = heap.open();
  const stack = kernels.stackSave();
  try {
    const stage = staging.allocate(stagingBytes(plan));
    const arena = holdings.allocate(layout.bytes);
    // Packing runs the kernels on it; leftovers could be denormal numbers, which are slow.
    new Uint8Array(kernels.memory.buffer).fill(0, arena, arena + layout.bytes);
    const loading: Loading = {
      plan,
      kernels,
      holdings,
      addresses: layout.offsets.map((offset) => arena + offset),
      weightIds: plan.nodes.map((node) => registerWeights(node, stage, holdings)),
      storeInts: createIntStore(kernels, holdings.allocate(intBytes(plan, laneRows.length))),
    };
    const lanes = laneRows.map((rows) => bindLane(loading, rows));
    packWeights(loading, lanes.at(-1)?.steps ?? [], weights, stage);
    const warnings = wasm.takeWarnings();
    if (warnings !== '') throw new Error(warnings);
    return ok(createProgram(loading, lanes));
  } catch (error) {
    // A trap leaves the binary's stack where it was, and perhaps a warning that the next load would find.
    kernels.stackRestore(stack);
    holdings.release();
    return invalid(
      `the WASM binary can't run the plan: ${[String(error), wasm.takeWarnings()].join(' ').trim()}`,
    );
  } finally {
    staging.release();
  }
}

function createProgram(
  { plan, kernels, holdings, addresses }: Loading,
  boundLanes: readonly Lane[],
): Program {
  const inputSize = sizeOf(plan.inputShape);
  const outputSize = sizeOf(outputShapeOf(plan));
  const inputIndex = (addresses[0] ?? 0) / FLOAT_BYTES;
  const outputIndex = (addresses.at(-1) ?? 0) / FLOAT_BYTES;
  const lanes = boundLanes.map(({ rows, steps }) => ({
    rows,
    steps: steps.filter((step) => step !== undefined),
  }));
  let heap = new Float32Array(kernels.memory.buffer);
  let disposed = false;

  const runLane = (
    rows: number,
    steps: readonly Step[],
    input: Float32Array,
    output: Float32Array,
    at: number,
  ) => {
    // Growing the memory, for whichever program, detaches every view on it.
    if (heap.length === 0) heap = new Float32Array(kernels.memory.buffer);
    const rest =
      input.length === rows * inputSize ? input : input.subarray(at * inputSize, (at + rows) * inputSize);
    heap.set(rest, inputIndex);
    for (const step of steps) step();
    if (heap.length === 0) heap = new Float32Array(kernels.memory.buffer);
    output.set(heap.subarray(outputIndex, outputIndex + rows * outputSize), at * outputSize);
  };

  const run = (input: Float32Array, batch: number) => {
    if (disposed) throw new Error('the program is disposed');
    if (input.length !== batch * inputSize) {
      throw new RangeError(`expected ${batch} * ${inputSize} numbers, got ${input.length}`);
    }
    const output = new Float32Array(batch * outputSize);
    let done = 0;
    for (const { rows, steps } of lanes) {
      for (; batch - done >= rows; done += rows) runLane(rows, steps, input, output, done);
    }
    return output;
  };

  const dispose = () => {
    disposed = true;
    holdings.release();
  };
  return {
    inputShape: plan.inputShape,
    outputShape: outputShapeOf(plan),
    inputSize,
    outputSize,
    run,
    dispose,
  };
}

function bindLane({ plan, kernels, holdings, addresses, weightIds, storeInts }: Loading, rows: number): Lane {
  const shapes = [plan.inputShape, ...plan.nodes.map((node) => node.shape)];
  const ids = shapes.map((shape, value) => holdings.register(rows * sizeOf(shape), addresses[value] ?? 0));
  const steps = plan.nodes.map((node, i) => {
    const [kernel, bias] = weightIds[i] ?? [0, 0];
    return bindNode(node, kernels, {
      rows,
      inputs: node.inputs.map((input) => ids[input] ?? 0),
      output: ids[i + 1] ?? 0,
      kernel,
      bias,
      inputShapes: node.inputs.map((input) => shapes[input] ?? []),
      inputAddresses: node.inputs.map((input) => addresses[input] ?? 0),
      outputAddress: addresses[i + 1] ?? 0,
      storeInts,
    });
  });
  return { rows, steps };
}

/** Kernel first, bias behind it, all in the same place: only one node's weights are staged at a time. */
function registerWeights(node: PlanNode, stage: number, holdings: Holdings): readonly [number, number] {
  if (!('kernel' in node)) return [0, 0];
  const kernel = holdings.register(sizeOf(node.kernel.shape), stage);
  if (node.bias === null) return [kernel, 0];
  return [kernel, holdings.register(sizeOf(node.bias.shape), stage + weightBytes(node.kernel))];
}

/**
 * Runs every node once. Kernels copy the weights that they first see into a layout of their own and never look at
 * the originals again, so these need no place in the heap afterwards.
 */
function packWeights(
  { plan, kernels }: Loading,
  steps: readonly (Step | undefined)[],
  weights: Uint8Array,
  stage: number,
): void {
  for (const [i, node] of plan.nodes.entries()) {
    let address = stage;
    for (const weight of weightsOf(node)) {
      const end = weight.offset + sizeOf(weight.shape) * FLOAT_BYTES;
      new Uint8Array(kernels.memory.buffer).set(weights.subarray(weight.offset, end), address);
      address += weightBytes(weight);
    }
    steps[i]?.();
  }
}

function createIntStore(kernels: KernelExports, start: number): (values: readonly number[]) => number {
  let next = start;
  return (values) => {
    const address = next;
    new Int32Array(kernels.memory.buffer).set(values, address / INT_BYTES);
    next += values.length * INT_BYTES;
    return address;
  };
}

function estimateBytes(plan: Plan, layout: Layout, lanes: number): number {
  const kept =
    layout.bytes + intBytes(plan, lanes) + indirectionBytes(plan) + plan.nodes.length * BYTES_PER_NODE;
  return kept + stagingBytes(plan) + plan.weightsBytes * WEIGHT_COPIES;
}

/** Room for the node with the most weights. */
function stagingBytes({ nodes }: Plan): number {
  return Math.max(
    0,
    ...nodes.map((node) => weightsOf(node).reduce((sum, weight) => sum + weightBytes(weight), 0)),
  );
}

function intBytes(plan: Plan, lanes: number): number {
  return plan.nodes.length * lanes * INTS_PER_NODE * INT_BYTES;
}

/** Where windows overlap, XNNPACK keeps one pointer per window cell and output pixel. */
function indirectionBytes({ nodes }: Plan): number {
  return nodes.reduce((sum, node) => {
    const window =
      'window' in node ? node.window : 'strides' in node ? node.kernel.shape.slice(0, 2) : undefined;
    return window === undefined ? sum : sum + sizeOf(node.shape.slice(0, 2)) * sizeOf(window) * INT_BYTES;
  }, 0);
}

/** Aligned, as in the weights file. */
function weightBytes({ shape }: WeightRef): number {
  return Math.ceil((sizeOf(shape) * FLOAT_BYTES) / WEIGHT_ALIGNMENT) * WEIGHT_ALIGNMENT;
}
