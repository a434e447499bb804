/**
 * What a program holds in the WASM heap: memory and registered tensors, taken one by one and released together.
 */
import { WEIGHT_ALIGNMENT } from '../plan/plan.ts';
import type { TfjsKernels } from './wasm-instance.ts';

export interface Heap {
  /**
   * Whether a program of this size fits, after others made room where they could. Asks for the whole amount at once and
   * gives it back, so that loading does not fail half-way.
   */
  fits(bytes: number): boolean;
  open(): Holdings;
  /** Tensors registered by all holdings. */
  tensors(): number;
  /** What all holdings keep outside of the heap. */
  outsideBytes(): number;
}

export interface Holdings {
  /**
   * @returns an address aligned like weights
   * @throws Error when the heap is full: ask `fits` first
   */
  allocate(bytes: number): number;
  /** @returns an id that was never used before: kernels cache packed weights by id */
  register(elements: number, address: number): number;
  /** Counts what is kept outside of the heap. @returns false, having counted nothing, where all keep too much then */
  keepOutside(bytes: number): boolean;
  /** Frees everything. A second call does nothing. */
  release(): void;
}

/**
 * @param makeRoom         releases what somebody else holds, and says whether there was anything
 * @param maxOutsideBytes  what all holdings may keep outside of the heap
 */
export function createHeap(
  exports: TfjsKernels,
  maxBytes: number,
  makeRoom: () => boolean = () => false,
  maxOutsideBytes = 0,
): Heap {
  // 0 means "no tensor" to the kernels.
  let lastId = 0;
  let tensors = 0;
  let outside = 0;
  const open = (): Holdings => {
    const addresses: number[] = [];
    const ids: number[] = [];
    let kept = 0;
    return {
      allocate: (bytes) => {
        const address = exports.malloc(bytes + WEIGHT_ALIGNMENT);
        if (address === 0) throw new Error(`the WASM heap has no ${bytes} bytes left`);
        addresses.push(address);
        return Math.ceil(address / WEIGHT_ALIGNMENT) * WEIGHT_ALIGNMENT;
      },
      register: (elements, address) => {
        lastId += 1;
        tensors += 1;
        ids.push(lastId);
        exports.register_tensor(lastId, elements, address);
        return lastId;
      },
      keepOutside: (bytes) => {
        if (outside + bytes > maxOutsideBytes) return false;
        outside += bytes;
        kept += bytes;
        return true;
      },
      release: () => {
        for (const id of ids) exports.dispose_data(id);
        for (const address of addresses) exports.free(address);
        tensors -= ids.length;
        outside -= kept;
        kept = 0;
        ids.length = 0;
        addresses.length = 0;
      },
    };
  };
  const fits = (bytes: number): boolean => {
    // Past 32 bits the size would wrap around and seem small.
    if (bytes > maxBytes) return false;
    let address = exports.malloc(bytes);
    while (address === 0 && makeRoom()) address = exports.malloc(bytes);
    if (address === 0) return false;
    exports.free(address);
    return true;
  };
  return { fits, open, tensors: () => tensors, outsideBytes: () => outside };
}
