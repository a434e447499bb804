/**
 * Views on a WASM memory, made anew when it has grown, for whichever program: growing detaches every one there was.
 */

const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;

export interface MemoryViews {
  /** All of the memory. */
  heap(): Float32Array;
  /** By row: where its input lies, and no more, so that no example can be written over anything else. */
  inputs(): readonly Float32Array[];
}

/**
 * @param inputAt    address of the first row's input
 * @param inputSize  numbers a row
 * @param mostRows   of one pass
 */
export function createViews(
  memory: WebAssembly.Memory,
  inputAt: number,
  inputSize: number,
  mostRows: number,
): MemoryViews {
  let heap = new Float32Array(0);
  let inputs: readonly Float32Array[] = [];
  const renew = (): void => {
    if (heap.length > 0) return;
    heap = new Float32Array(memory.buffer);
    const first = inputAt / FLOAT_BYTES;
    inputs = Array.from({ length: mostRows }, (_, row) =>
      heap.subarray(first + row * inputSize, first + (row + 1) * inputSize),
    );
  };
  return {
    heap() {
      renew();
      return heap;
    },
    inputs() {
      renew();
      return inputs;
    },
  };
}
